// How often a feed is asked.
#include "schedule/poll_pace.hpp"

#include <catch2/catch.hpp>

using namespace crier;
using namespace std::chrono_literals;

TEST_CASE("a feed with news is asked more often, an idle one less, between a minute and six hours") {
  PollPace pace;
  CHECK(pace.interval == 5min);
  CHECK(paced(pace, PollResult::news).interval == 150s);
  CHECK(paced(pace, PollResult::unchanged).interval == 450s);
  for (int i = 0; i < 30; ++i) pace = paced(pace, PollResult::unchanged);
  CHECK(pace.interval == 6h);
  for (int i = 0; i < 30; ++i) pace = paced(pace, PollResult::news);
  CHECK(pace.interval == 1min);
}

TEST_CASE("waits are spread by a tenth, doubled by failures, and mended by the first answer") {
  Duration shortest = 24h;
  Duration longest{};
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const auto wait = poll_wait({10min, 0}, {}, seed);
    shortest = std::min(shortest, wait);
    longest = std::max(longest, wait);
  }
  CHECK(shortest >= 9min);
  CHECK(longest <= 11min);
  CHECK(longest - shortest > 1min);
  auto pace = paced({10min, 0}, PollResult::failed);
  CHECK(pace.failures == 1);
  CHECK(pace.interval == 10min);
  CHECK(poll_wait(pace, {}, 7) >= 18min);
  for (int i = 0; i < 100; ++i) pace = paced(pace, PollResult::failed);
  CHECK(poll_wait(pace, {}, 7) >= 4h);
  CHECK(poll_wait(pace, {}, 7) <= 7h);
  CHECK(paced(pace, PollResult::unchanged).failures == 0);
}

TEST_CASE("the publisher may ask for longer waits, the operator for any; Retry-After counts always") {
  CHECK(poll_wait({5min, 0}, {.pinned = {}, .fresh_for = 1h, .retry_after = {}}, 7) >= 54min);
  CHECK(poll_wait({5min, 0}, {.pinned = {}, .fresh_for = 24h * 365, .retry_after = {}}, 7) <= 7h);
  CHECK(poll_wait({5min, 0}, {.pinned = 10s, .fresh_for = 1h, .retry_after = {}}, 7) == 10s);
  CHECK(poll_wait({5min, 0}, {.pinned = 10s, .fresh_for = {}, .retry_after = 3min}, 7) == 3min);
  CHECK(poll_wait({5min, 0}, {.pinned = 12h, .fresh_for = {}, .retry_after = {}}, 7) == 12h);
  CHECK(poll_wait({5min, 3}, {.pinned = 10s, .fresh_for = {}, .retry_after = {}}, 7) == 80s);
  CHECK(poll_wait({5min, 0}, {.pinned = {}, .fresh_for = {}, .retry_after = 24h * 9}, 7) == 24h);
}
