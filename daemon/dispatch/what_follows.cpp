#include "dispatch/what_follows.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "schedule/backoff.hpp"

namespace crier {

Settled what_follows(const Outcome& outcome, const Claim& claim, const Delivery& delivery,
                     const RetryPolicy& policy, Time now) {
  Settled settled{.delivery = delivery,
                  .channel = claim.channel,
                  .lane = claim.lane,
                  .settlement = Settlement::retry,
                  .attempts = delivery.attempts + 1,
                  .due_at = now,
                  .reason = outcome.reason,
                  .reply = outcome.reply};
  if (outcome.kind == OutcomeKind::delivered) {
    settled.settlement = Settlement::delivered;
    return settled;
  }
  const bool may_not_repeat = outcome.kind == OutcomeKind::ambiguous && !policy.recognises_repeats;
  if (may_not_repeat) settled.reason = "ambiguous";
  if (may_not_repeat || outcome.kind == OutcomeKind::refused) {
    settled.settlement = Settlement::failed;
    return settled;
  }
  const auto wait = backoff(policy.steps, settled.attempts, outcome.retry_after, delivery.number);
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
  }
  return settled;
}

std::optional<Duration> Breaker::record(const Outcome& outcome, Time now) {
  // A refusal is about one message or reader; only what is to be tried again can be about the service.
  const bool counts = outcome.kind == OutcomeKind::retry_later;
  if (!counts) {
    failures_ = 0;
    pauses_ = 0;
    return std::nullopt;
  }
  failures_ = outcome.reason == reason_ ? failures_ + 1 : 1;
  reason_ = outcome.reason;
  if (failures_ < tolerated && !outcome.blames_sender) return std::nullopt;
  if (paused_until_ > now) return std::nullopt;
  constexpr Duration first = std::chrono::seconds(5);
  constexpr int most_doublings = 4;  // 80 s
  const Duration pause = first * (1 << std::min(pauses_, most_doublings));
  ++pauses_;
  failures_ = tolerated - 1;  // after the pause one more failure is enough
  paused_until_ = now + pause;
  return pause;
}

}  // namespace crier
