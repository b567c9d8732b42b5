// When a feed is asked again: how it learns, whom it obeys, how it draws back.
#include "schedule/poll.hpp"

#include <catch2/catch.hpp>

using namespace crier;
using namespace std::chrono_literals;

namespace {

const Time noon = parse_rfc3339("2026-11-23T12:00:00Z").value();  // a Monday

// A tenth either way is the spread.
bool is_about(Duration wait, Duration wanted) {
  return wait >= wanted * 9 / 10 && wait <= wanted * 11 / 10;
}

PollAnswer said(PollResult result) {
  PollAnswer answer;
  answer.result = result;
  return answer;
}

// Polls a feed again and again; answers the last wait.
struct Feed {
  PollState state;
  std::optional<Duration> every;
  Time now = noon;
  std::uint64_t seed = 0;

  Duration ask(const PollAnswer& answer) {
    const auto next = plan_poll(state, answer, every, now, seed++);
    state = next.state;
    const auto wait = next.at.value() - now;
    now = *next.at;
    return wait;
  }
  Duration ask(PollResult result) { return ask(said(result)); }
};

}  // namespace

TEST_CASE("a feed that has news is asked more often, one that is quiet less often, within bounds") {
  Feed feed;
  CHECK(is_about(feed.ask(PollResult::fresh), 5min));
  CHECK(is_about(feed.ask(PollResult::fresh), 150s));
  for (int i = 0; i < 10; ++i) {
    const auto wait = feed.ask(PollResult::fresh);
    CHECK(wait >= shortest_poll);
  }
  CHECK(feed.state.interval == shortest_poll);
  CHECK(is_about(feed.ask(PollResult::unchanged), 90s));
  for (int i = 0; i < 40; ++i) feed.ask(PollResult::unchanged);
  CHECK(is_about(feed.ask(PollResult::unchanged), longest_poll));
}

TEST_CASE("a publisher's wish makes the wait longer, by six hours at most, and never shorter") {
  auto answer = said(PollResult::fresh);
  answer.fresh_for = 30min;
  CHECK(Feed().ask(answer) == 30min);
  answer.pace.ttl = 45min;
  CHECK(Feed().ask(answer) == 45min);
  answer.pace.ttl = 24h * 365;
  CHECK(Feed().ask(answer) == 6h);
  answer.pace = {};
  answer.fresh_for = 0s;
  CHECK(is_about(Feed().ask(answer), 5min));
}

TEST_CASE("a feed's hours and days of rest are kept") {
  PollAnswer answer;
  answer.pace.skipped_hours = 0b111U << 12;  // 12, 13 and 14 o'clock
  Feed feed;
  feed.ask(answer);
  CHECK(to_rfc3339(feed.now) == "2026-11-23T15:00:00Z");
  feed = {};
  answer.pace.skipped_days = 0b110;  // Monday and Tuesday
  feed.ask(answer);
  CHECK(to_rfc3339(feed.now) == "2026-11-25T00:00:00Z");
  feed = {};
  answer.pace.skipped_hours = 0xFFFFFF;  // who always rests is not believed
  CHECK(is_about(feed.ask(answer), 15min));
}

TEST_CASE("the operator's interval wins over all wishes and whatever a feed does") {
  Feed feed;
  feed.every = 20s;
  auto answer = said(PollResult::fresh);
  answer.fresh_for = 24h;
  answer.pace = {.ttl = 24h, .skipped_hours = 0xFFFF, .skipped_days = 0x7E};
  CHECK(is_about(feed.ask(answer), 20s));
  for (int i = 0; i < 5; ++i) CHECK(is_about(feed.ask(PollResult::unchanged), 20s));
}

TEST_CASE("failures double the wait up to an hour, and one answer ends that") {
  Feed feed;
  CHECK(is_about(feed.ask(PollResult::failed), 1min));
  CHECK(is_about(feed.ask(PollResult::failed), 2min));
  CHECK(is_about(feed.ask(PollResult::failed), 4min));
  for (int i = 0; i < 40; ++i) feed.ask(PollResult::failed);
  CHECK(is_about(feed.ask(PollResult::failed), longest_failed_poll));
  CHECK(feed.state.failures == 44);
  CHECK(feed.state.interval == first_poll_interval);  // what it has taught is kept
  feed.ask(PollResult::unchanged);
  CHECK(feed.state.failures == 0);
}

TEST_CASE("a pinned feed that fails is back within a quarter of an hour") {
  Feed feed;
  feed.every = 10s;
  CHECK(is_about(feed.ask(PollResult::failed), 10s));
  for (int i = 0; i < 20; ++i) feed.ask(PollResult::failed);
  CHECK(is_about(feed.ask(PollResult::failed), 15min));
  feed.every = 2h;
  CHECK(is_about(feed.ask(PollResult::failed), 2h));
}

TEST_CASE("Retry-After is obeyed when it is longer, up to a day, by pinned feeds too") {
  auto answer = said(PollResult::failed);
  answer.retry_after = 3h;
  CHECK(Feed().ask(answer) == 3h);
  Feed pinned;
  pinned.every = 1s;
  CHECK(pinned.ask(answer) == 3h);
  answer.retry_after = 24h * 400;
  CHECK(Feed().ask(answer) == 24h);
  answer.retry_after = 1s;
  CHECK(is_about(Feed().ask(answer), 1min));
}

TEST_CASE("a feed that has ended is never asked again") {
  CHECK_FALSE(plan_poll({}, said(PollResult::ended), 1min, noon, 1).at);
}

TEST_CASE("feeds that were asked together do not come back together") {
  Duration shortest = 24h;
  Duration longest{};
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const auto wait = *plan_poll({}, {}, std::nullopt, noon, seed).at - noon;
    shortest = std::min(shortest, wait);
    longest = std::max(longest, wait);
  }
  CHECK(longest - shortest > 15min / 6);
}
