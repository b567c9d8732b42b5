// How often a feed is asked: how it learns, whom it obeys, how it draws back.
#include "schedule/poll_pace.hpp"

#include <catch2/catch.hpp>

using namespace crier;
using namespace std::chrono_literals;

namespace {

const Time noon = parse_rfc3339("2026-11-23T12:00:00Z").value();  // a Monday

// A tenth either way is the spread.
bool is_about(Duration wait, Duration wanted) {
  return wait >= wanted * 9 / 10 && wait <= wanted * 11 / 10;
}

Duration wait_for(const PollPace& pace, const PollWishes& wishes = {}) {
  return poll_wait(pace, wishes, noon, 7);
}

PollWishes wishing(FeedHints hints) {
  PollWishes wishes;
  wishes.hints = hints;
  return wishes;
}

}  // namespace

TEST_CASE("a feed with news is asked more often, an idle one less, between a minute and six hours") {
  PollPace pace;
  CHECK(pace.interval == 5min);
  CHECK(paced(pace, PollResult::news).interval == 150s);
  CHECK(paced(pace, PollResult::unchanged).interval == 450s);
  for (int i = 0; i < 30; ++i) pace = paced(pace, PollResult::unchanged);
  CHECK(pace.interval == 6h);
  for (int i = 0; i < 30; ++i) pace = paced(pace, PollResult::news);
  CHECK(pace.interval == 1min);
  for (std::uint64_t seed = 0; seed < 100; ++seed) CHECK(poll_wait(pace, {}, noon, seed) >= 1min);
}

TEST_CASE("feeds that were asked together do not come back together") {
  Duration shortest = 24h;
  Duration longest{};
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const auto wait = poll_wait({10min, 0}, {}, noon, seed);
    shortest = std::min(shortest, wait);
    longest = std::max(longest, wait);
  }
  CHECK(shortest >= 9min);
  CHECK(longest <= 11min);
  CHECK(longest - shortest > 1min);
}

TEST_CASE("failures double the wait up to an hour, and one answer ends that") {
  PollPace pace{10min, 0};
  for (const auto wanted : {20min, 40min, 60min, 60min}) {
    pace = paced(pace, PollResult::failed);
    CHECK(is_about(wait_for(pace), wanted));
  }
  CHECK(pace.interval == 10min);  // what it has taught is kept
  for (int i = 0; i < 100; ++i) pace = paced(pace, PollResult::failed);
  CHECK(is_about(wait_for(pace), 1h));
  CHECK(paced(pace, PollResult::unchanged).failures == 0);
  CHECK(is_about(wait_for({4h, 9}), 4h));  // never sooner than when it is well
}

TEST_CASE("a publisher's wish makes the wait longer, by six hours at most, and never shorter") {
  PollWishes wishes;
  wishes.fresh_for = 30min;
  CHECK(wait_for({5min, 0}, wishes) == 30min);
  wishes.hints.ttl = 45min;
  CHECK(wait_for({5min, 0}, wishes) == 45min);
  wishes.hints.ttl = 24h * 365;
  CHECK(wait_for({5min, 0}, wishes) == 6h);
  wishes = {};
  wishes.fresh_for = 0s;
  CHECK(is_about(wait_for({5min, 0}, wishes), 5min));
}

TEST_CASE("a feed's hours and days of rest are kept") {
  const auto next = [](FeedHints hints) { return to_rfc3339(noon + wait_for({5min, 0}, wishing(hints))); };
  CHECK(next({.ttl = {}, .skipped_hours = 0b111U << 12, .skipped_days = 0}) == "2026-11-23T15:00:00Z");
  CHECK(next({.ttl = {}, .skipped_hours = 0, .skipped_days = 0b110}) == "2026-11-25T00:00:00Z");
  // Who always rests is not believed.
  CHECK(is_about(wait_for({5min, 0}, wishing({.ttl = {}, .skipped_hours = 0xFFFFFF, .skipped_days = 0})),
                 5min));
}

TEST_CASE("the operator's interval wins over all wishes and whatever a feed does") {
  PollWishes wishes{.pinned = 10s, .fresh_for = 1h, .retry_after = {}, .hints = {24h, 0xFFFF, 0x7E}};
  CHECK(wait_for({5min, 0}, wishes) == 10s);
  CHECK(wait_for({5min, 3}, wishes) == 80s);
  wishes.pinned = 12h;
  CHECK(wait_for({5min, 0}, wishes) == 12h);
  CHECK(wait_for({5min, 9}, wishes) == 12h);
}

TEST_CASE("Retry-After is obeyed when it is longer, up to a day, by pinned feeds too") {
  PollWishes wishes;
  wishes.retry_after = 3h;
  CHECK(wait_for({5min, 1}, wishes) == 3h);
  wishes.pinned = 10s;
  CHECK(wait_for({5min, 1}, wishes) == 3h);
  wishes.retry_after = 24h * 9;
  CHECK(wait_for({5min, 1}, wishes) == 24h);
  wishes.pinned.reset();
  wishes.retry_after = 1s;
  CHECK(is_about(wait_for({5min, 1}, wishes), 10min));
}
