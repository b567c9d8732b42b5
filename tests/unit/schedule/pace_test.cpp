// How fast one place is sent to, and what becomes of that when it asks for less.
#include "schedule/pace.hpp"

#include <catch2/catch.hpp>

using namespace crier;
using namespace std::chrono_literals;

namespace {

const Time start{1000h};

// How many of those that always want to leave may, in each second from `from` on.
std::size_t sent_in(Pace& pace, Time from, Duration time) {
  std::size_t total = 0;
  for (auto now = from; now < from + time; now += 10ms) {
    const auto room = std::min<std::size_t>(pace.room(now), 1000);
    pace.begin(now, room);
    for (std::size_t i = 0; i < room; ++i) pace.end(now, false);
    total += room;
  }
  return total;
}

}  // namespace

TEST_CASE("rates are read by their unit, and nothing else is one") {
  CHECK(parse_rate("20/s") == 20.0);
  CHECK(parse_rate("300/m") == 5.0);
  CHECK(parse_rate("3600/h") == 1.0);
  CHECK(parse_rate("86400/d") == 1.0);
  for (const auto bad : {"", "20", "20/", "/s", "0/s", "-1/s", "20/w", "20 /s", "1.5/s", "99999999999/s"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_rate(bad));
  }
}

TEST_CASE("without limits everything may leave") {
  Pace pace;
  CHECK(pace.room(start) == Pace::no_limit);
  CHECK(pace.free_at(start) == start);
  CHECK_FALSE(pace.rate(start));
}

TEST_CASE("a rate begins with an eighth, doubles each ten seconds and is never exceeded") {
  Pace pace({.rate = 80, .at_once = 0});
  sent_in(pace, start, 1s);
  const auto first = sent_in(pace, start + 1s, 4s);
  CHECK(first >= 40);
  CHECK(first <= 60);
  sent_in(pace, start + 5s, 25s);
  for (auto now = start + 30s; now < start + 60s; now += 5s) {
    const auto sent = sent_in(pace, now, 5s);
    CHECK(sent >= 395);
    CHECK(sent <= 405);
  }
}

TEST_CASE("what a place says within five seconds halves the rate once, and silence brings it back") {
  Pace pace({.rate = 80, .at_once = 0});
  sent_in(pace, start, 60s);
  auto now = start + 60s;
  for (int i = 0; i < 50; ++i) {
    pace.begin(now, 1);
    pace.end(now + 10ms * i, true);
  }
  CHECK(pace.rate(now) == Approx(40).margin(1));
  CHECK(pace.is_slowed(now));
  pace.end(now + 6s, true);
  CHECK(pace.rate(now + 6s) == Approx(21).margin(2));
  CHECK(pace.rate(now + 300s) == 80.0);
  CHECK_FALSE(pace.is_slowed(now + 300s));
}

TEST_CASE("a place without a limit that asks for less is held to half of what it got, and let go again") {
  Pace pace;
  auto now = start;
  for (int i = 0; i < 400; ++i, now += 10ms) {
    pace.begin(now, 1);
    pace.end(now, false);
  }
  pace.begin(now, 1);
  pace.end(now, true);
  REQUIRE(pace.rate(now));
  CHECK(*pace.rate(now) == Approx(50).margin(5));
  CHECK(pace.is_slowed(now));
  CHECK_FALSE(pace.rate(now + 10min));
  CHECK(pace.room(now + 10min) == Pace::no_limit);
}

TEST_CASE("so many at once, and the next when one has its answer") {
  Pace pace({.rate = {}, .at_once = 3});
  CHECK(pace.room(start) == 3);
  pace.begin(start, 3);
  CHECK(pace.room(start) == 0);
  CHECK(pace.free_at(start) > start);
  pace.end(start + 1s, false);
  CHECK(pace.room(start + 1s) == 1);
}

TEST_CASE("those who wait have turns one after the other, as the rate allows, but none far away") {
  Pace pace({.rate = 8, .at_once = 0});
  pace.begin(start, 1);
  CHECK_FALSE(pace.is_others_turn(PaceOrder::usual, start));
  Time last = start;
  for (int i = 0; i < 20; ++i) {
    const auto turn = pace.queue(PaceOrder::usual, start);
    CHECK(turn > last);
    last = turn;
  }
  CHECK(last >= start + 15s);  // one a second, as long as the rate is an eighth
  CHECK(pace.is_others_turn(PaceOrder::usual, start));
  CHECK_FALSE(pace.is_others_turn(PaceOrder::urgent, start));
  CHECK_FALSE(pace.is_others_turn(PaceOrder::usual, last + 2s));
  for (int i = 0; i < 10'000; ++i) last = pace.queue(PaceOrder::usual, start);
  CHECK(last <= start + 5min);
}

TEST_CASE("a clock that is put back stops nothing for long") {
  Pace pace({.rate = 80, .at_once = 0});
  sent_in(pace, start, 60s);
  CHECK(sent_in(pace, start - 1h, 20s) >= 80);
}
