// What follows an attempt: the courier's decisions, without I/O.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "outbox/outcome.hpp"
#include "outbox/settlements.hpp"

namespace crier {

/// How a channel wants failures treated.
struct RetryPolicy {
  std::span<const Duration> steps;
  bool recognises_repeats = true;  ///< else an ambiguous attempt is not repeated
};

/// Turns the outcome of an attempt into what is recorded. A delivery whose next attempt would come after it
/// expires fails now, with the reason of this attempt.
Settled what_follows(const Outcome& outcome, const Claim& claim, const Delivery& delivery,
                     const RetryPolicy& policy, Time now);

/// The reason of a delivery that failed because its time is over: what it waited for last, if it was put
/// back.
std::string expiry_reason(std::string_view waited_for);

/// A delivery that is not to be attempted before `until`, for `reason`. That is no attempt; one that would
/// expire first fails now.
Settled wait_until(Settled settled, Time until, std::string_view reason, Time expires_at);

}  // namespace crier
