// When a service that fails takes a rest.
#include "channel/breaker.hpp"

#include <catch2/catch.hpp>

using namespace crier;
using namespace std::chrono_literals;

namespace {

const Time now{1000h};

Outcome outcome(OutcomeKind kind, std::string reason = "why", bool blames_sender = false) {
  Outcome out;
  out.kind = kind;
  out.reason = std::move(reason);
  out.blames_sender = blames_sender;
  return out;
}

// What the breaker makes of an outcome: the pause, if it is one.
std::optional<Duration> recorded(Breaker& breaker, Outcome outcome, Time at) {
  return breaker.record(outcome, at);
}

}  // namespace

TEST_CASE("a channel on which everything fails in one way takes longer and longer rests") {
  Breaker breaker;
  const auto failed = outcome(OutcomeKind::retry_later, "unreachable");
  for (int i = 0; i < 4; ++i) CHECK_FALSE(recorded(breaker, failed, now));
  CHECK(recorded(breaker, failed, now) == 5s);
  CHECK(breaker.pause_left(now) == 5s);
  CHECK(breaker.reason() == "unreachable");
  CHECK_FALSE(recorded(breaker, failed, now + 1s));  // one that was under way
  Time at = now;
  for (const auto pause : {10s, 20s, 40s, 80s, 80s, 80s}) {
    at += breaker.pause_left(at);
    CHECK(recorded(breaker, failed, at) == pause);  // one attempt finds out
  }
  SECTION("not all who wait come back at once where pause follows pause") {
    CHECK(breaker.pause_left(at) == 80s);
    const auto first = breaker.wait_of("amara", at);
    CHECK(first != breaker.wait_of("bruno", at));
    CHECK(first >= 80s);
    CHECK(first < 80s + 5min);
    CHECK(breaker.wait_of("amara", at + 80s) == 0s);
  }
  SECTION("an answer ends it") {
    CHECK_FALSE(recorded(breaker, outcome(OutcomeKind::delivered), at + 100s));
    for (int i = 0; i < 4; ++i) CHECK_FALSE(recorded(breaker, failed, at + 100s));
    CHECK(recorded(breaker, failed, at + 100s) == 5s);
  }
  SECTION("a refusal is an answer, too") {
    recorded(breaker, outcome(OutcomeKind::refused), at + 100s);
    CHECK_FALSE(recorded(breaker, failed, at + 100s));
  }
  SECTION("a wall clock that is put back does not make it longer") {
    CHECK(breaker.pause_left(at) == 80s);
    CHECK(breaker.pause_left(at - 1h) == 0s);
  }
}

TEST_CASE("failures of different kinds are no outage; blame of the sender is one at once") {
  Breaker breaker;
  for (int i = 0; i < 50; ++i)
    CHECK_FALSE(recorded(breaker,
                         outcome(OutcomeKind::retry_later, i % 2 == 0 ? "greylisted" : "mailbox full"), now));
  CHECK(recorded(breaker, outcome(OutcomeKind::retry_later, "token expired", true), now) == 5s);
}

TEST_CASE("answers about readers and messages are no outage; a hundred of a kind slow the channel down") {
  Breaker breaker;
  auto vague = outcome(OutcomeKind::retry_later, "smtp-550");
  vague.about_delivery = true;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 99; ++i) CHECK_FALSE(recorded(breaker, vague, now));
    CHECK(recorded(breaker, vague, now) == 5s);
  }
  for (int i = 0; i < 99; ++i) recorded(breaker, vague, now);
  recorded(breaker, outcome(OutcomeKind::delivered), now);
  CHECK_FALSE(recorded(breaker, vague, now));
  for (int i = 0; i < 500; ++i) CHECK_FALSE(recorded(breaker, outcome(OutcomeKind::refused), now));
}

TEST_CASE("a reader's policy against the sender is no outage, that of twenty in a row is") {
  Breaker breaker;
  auto blocked = outcome(OutcomeKind::retry_later, "smtp-5.7.1", true);
  blocked.about_delivery = true;
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(recorded(breaker, blocked, now));
    CHECK(breaker.is_well());
    recorded(breaker, outcome(OutcomeKind::delivered), now);
  }
  for (int i = 0; i < 19; ++i) CHECK_FALSE(recorded(breaker, blocked, now));
  CHECK(recorded(breaker, blocked, now) == 5s);
  CHECK_FALSE(recorded(breaker, blocked, now + 1s));  // one that was under way
  CHECK(recorded(breaker, blocked, now + 5s) == 10s);
  recorded(breaker, outcome(OutcomeKind::delivered), now + 15s);
  CHECK_FALSE(recorded(breaker, blocked, now + 15s));
}
