#include "schedule/backoff.hpp"

#include <algorithm>

namespace crier {
namespace {

// Splitmix64: spreads neighbouring seeds (subscriber numbers) evenly.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

}  // namespace

Duration spread(Duration wait, std::uint64_t seed) {
  const auto permille = static_cast<std::int64_t>(mix(seed) % 201) - 100;
  return wait + wait * permille / 1000;
}

Duration backoff(std::span<const Duration> steps, int attempts, std::optional<Duration> retry_after,
                 std::uint64_t seed) {
  const auto last = static_cast<int>(steps.size()) - 1;
  const auto step = steps[static_cast<std::size_t>(std::clamp(attempts - 1, 0, last))].count();
  auto wait = spread(Duration(step), seed + static_cast<std::uint64_t>(attempts));
  if (retry_after) wait = std::max(wait, std::min<Duration>(*retry_after, std::chrono::hours(24)));
  return wait;
}

}  // namespace crier
