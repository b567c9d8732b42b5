// How long a delivery waits before it is tried again.
#include "schedule/backoff.hpp"

#include <array>
#include <set>

#include <catch2/catch.hpp>

using namespace crier;
using namespace std::chrono_literals;

namespace {

constexpr std::array<Duration, 3> steps{1min, 5min, 15min};

}  // namespace

TEST_CASE("the wait is that of the step, spread by a tenth either way") {
  for (int attempts = 1; attempts <= 6; ++attempts) {
    const auto step = steps[static_cast<std::size_t>(std::min(attempts, 3)) - 1];
    Duration shortest = 24h;
    Duration longest{};
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
      const auto wait = backoff(steps, attempts, std::nullopt, seed);
      shortest = std::min(shortest, wait);
      longest = std::max(longest, wait);
    }
    CHECK(shortest >= step * 9 / 10);
    CHECK(longest <= step * 11 / 10);
    CHECK(longest - shortest > step / 6);  // a crowd does not come back at once
  }
}

TEST_CASE("the same delivery waits the same time; neighbours differ") {
  CHECK(backoff(steps, 2, std::nullopt, 7) == backoff(steps, 2, std::nullopt, 7));
  std::set<Duration> waits;
  for (std::uint64_t seed = 0; seed < 100; ++seed) waits.insert(backoff(steps, 2, std::nullopt, seed));
  CHECK(waits.size() > 50);
}

TEST_CASE("the other side's wish counts when it is longer, up to a day") {
  CHECK(backoff(steps, 1, 30min, 1) == 30min);
  CHECK(backoff(steps, 1, 1s, 1) >= 54s);
  CHECK(backoff(steps, 1, 100h, 1) == 24h);
  CHECK(backoff(steps, 1, Duration::max(), 1) == 24h);
  CHECK(backoff(steps, 1, Duration::min(), 1) >= 54s);
}
