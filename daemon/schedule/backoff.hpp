// Backoff: when a delivery that could not be made is tried again. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/time.hpp"

namespace crier {

/// `wait` moved by up to ±10 %, chosen by `seed`, so that a crowd does not return at once.
Duration spread(Duration wait, std::uint64_t seed);

/// The wait before the next attempt, after `attempts` (1, 2, …) have failed: the step of that number, the
/// last one for ever, spread by `seed`. The other side's `retry_after` wins when it is longer, capped at 24
/// h.
Duration backoff(std::span<const Duration> steps, int attempts, std::optional<Duration> retry_after,
                 std::uint64_t seed);

}  // namespace crier
