#include "dispatch/what_follows.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/core.h>

#include "schedule/backoff.hpp"

namespace crier {

namespace {

// What the other side said and how it calls what it took.
std::string yes_of(const Outcome& outcome) {
  if (outcome.remote_id.empty() || outcome.reply.empty()) return outcome.remote_id + outcome.reply;
  return fmt::format("{} {}", outcome.remote_id, outcome.reply);
}

}  // namespace

Settled what_follows(const Outcome& outcome, const Claim& claim, const Delivery& delivery,
                     const RetryPolicy& policy, Time now) {
  Settled settled{.delivery = delivery,
                  .channel = claim.channel,
                  .lane = claim.lane,
                  .settlement = Settlement::retry,
                  .attempts = delivery.attempts + (outcome.untried ? 0 : 1),
                  .due_at = now,
                  .reason = {},
                  .reply = {}};
  if (outcome.kind == OutcomeKind::delivered) {
    settled.settlement = Settlement::delivered;
    if (claim.keeps_replies) settled.reply = yes_of(outcome);
    return settled;
  }
  settled.reason = outcome.reason;
  settled.reply = outcome.reply;
  settled.delivery.in_doubt |= outcome.kind == OutcomeKind::ambiguous;
  const bool may_not_repeat = outcome.kind == OutcomeKind::ambiguous && !policy.recognises_repeats;
  if (may_not_repeat) settled.reason = ambiguous;
  if (may_not_repeat || outcome.kind == OutcomeKind::refused) {
    settled.settlement = Settlement::failed;
    return settled;
  }
  const auto wait = outcome.untried
                        ? outcome.retry_after.value_or(std::chrono::seconds(1))
                        : backoff(policy.steps, settled.attempts, outcome.retry_after, delivery.number);
  return wait_until(std::move(settled), now + wait, outcome.reason, claim.expires_at);
}

std::string expiry_reason(std::string_view waited_for) {
  return waited_for.empty() ? "expired" : fmt::format("expired: {}", waited_for);
}

Settled wait_until(Settled settled, Time until, std::string_view reason, Time expires_at) {
  settled.settlement = Settlement::retry;
  settled.due_at = until;
  settled.reason = reason;
  if (until >= expires_at) {
    settled.settlement = Settlement::failed;
    settled.reason = expiry_reason(reason);
    if (settled.delivery.in_doubt) settled.reason += may_have_arrived;
    settled.expired = true;
  }
  return settled;
}

}  // namespace crier
