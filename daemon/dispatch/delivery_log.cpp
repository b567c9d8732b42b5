#include "dispatch/delivery_log.hpp"

#include <string>

#include "base/log.hpp"
#include "dispatch/domain_paces.hpp"
#include "outbox/pauses.hpp"

namespace crier {
namespace {

std::string_view outcome_name(Settlement settlement) {
  switch (settlement) {
    case Settlement::delivered:
      return "delivered";
    case Settlement::failed:
      return "failed";
    case Settlement::suppressed:
      return "suppressed";
    case Settlement::retry:
      return "retry_later";
  }
  return "retry_later";
}

}  // namespace

std::string_view metric_outcome(const Settled& settled) {
  if (settled.settlement != Settlement::failed) return outcome_name(settled.settlement);
  return settled.reason == ambiguous || settled.delivery.in_doubt ? "ambiguous" : "refused";
}

void log_settled(const ClaimedBatch& batch, const Settled& settled, const SubscriberBook& book,
                 std::int64_t sent) {
  constexpr std::int64_t few = 100;
  const bool is_delivered = settled.settlement == Settlement::delivered;
  if (is_delivered && sent > few && sent % 1000 != 0) return;
  // Of those there may be very many; the outbox lists them, or the courier has said how many.
  if (settled.settlement == Settlement::retry && settled.reason == domain_limit) return;
  if (!settled.edition.empty()) return;
  const auto& subject = batch.claim.subject;
  const auto about = subject.edition.empty() ? subject.story_id : subject.edition + "/" + subject.occurrence;
  const auto subscriber = book.by_number(settled.delivery.number);
  const auto who = subscriber ? subscriber->id() : std::to_string(settled.delivery.number);
  const auto channel = to_string(settled.channel);
  if (is_delivered) {
    log::info("delivery.sent", {{"about", about}, {"subscriber", who}, {"channel", channel}, {"sent", sent}});
    return;
  }
  const bool is_retry = settled.settlement == Settlement::retry;
  // The operator who paused it knows, and they may be a million.
  if (is_retry && is_paused(settled.reason)) return;
  const auto event = is_retry ? "delivery.retry" : "delivery.ended";
  const auto next = is_retry ? to_rfc3339(settled.due_at) : std::string("never");
  log::warn(event, {{"about", about},
                    {"subscriber", who},
                    {"channel", channel},
                    {"as", outcome_name(settled.settlement)},
                    {"reason", settled.reason},
                    {"attempts", settled.attempts},
                    {"next", next},
                    {"reply", settled.reply}});
}

}  // namespace crier
