// What an outcome leads to, and when a channel takes a rest.
#include "dispatch/what_follows.hpp"

#include <array>

#include <catch2/catch.hpp>

using namespace crier;
using namespace std::chrono_literals;

namespace {

const Time now{1000h};
constexpr std::array<Duration, 2> steps{1min, 10min};

Outcome outcome(OutcomeKind kind, std::string reason = "why", bool blames_sender = false) {
  Outcome out;
  out.kind = kind;
  out.reason = std::move(reason);
  out.reply = "what they said";
  out.blames_sender = blames_sender;
  return out;
}

Settled follow(const Outcome& outcome, int attempts = 0, bool recognises_repeats = true,
               Time expires = now + 4h) {
  Claim claim;
  claim.channel = ChannelKind::whatsapp;
  claim.lane = Lane::breaking;
  claim.expires_at = expires;
  const Delivery delivery{7, 42, 0, 3, attempts, {}};
  const auto settled = what_follows(outcome, claim, delivery, {steps, recognises_repeats}, now);
  CHECK(settled.delivery.chunk_id == 7);
  CHECK(settled.delivery.number == 42);
  CHECK(settled.channel == ChannelKind::whatsapp);
  CHECK(settled.lane == Lane::breaking);
  CHECK(settled.attempts == attempts + 1);
  CHECK(settled.reply == "what they said");
  return settled;
}

}  // namespace

TEST_CASE("each outcome leads to its settlement") {
  CHECK(follow(outcome(OutcomeKind::delivered)).settlement == Settlement::delivered);
  CHECK(follow(outcome(OutcomeKind::refused)).settlement == Settlement::failed);
  CHECK(follow(outcome(OutcomeKind::refused)).reason == "why");
  CHECK(follow(outcome(OutcomeKind::retry_later)).settlement == Settlement::retry);
  // Ops can mend their own account; the reader is not given up for it.
  CHECK(follow(outcome(OutcomeKind::refused, "smtp-5.6.0", true)).settlement == Settlement::failed);
}

TEST_CASE("what may have arrived is repeated only where the other side recognises it") {
  CHECK(follow(outcome(OutcomeKind::ambiguous), 0, true).settlement == Settlement::retry);
  const auto held = follow(outcome(OutcomeKind::ambiguous, "connection-lost"), 0, false);
  CHECK(held.settlement == Settlement::failed);
  CHECK(held.reason == "ambiguous");
}

TEST_CASE("the next attempt follows the steps and the other side's wish") {
  CHECK(follow(outcome(OutcomeKind::retry_later), 0).due_at - now <= 66s);
  CHECK(follow(outcome(OutcomeKind::retry_later), 0).due_at - now >= 54s);
  CHECK(follow(outcome(OutcomeKind::retry_later), 9).due_at - now >= 9min);
  auto later = outcome(OutcomeKind::retry_later);
  later.retry_after = 1h;
  CHECK(follow(later).due_at == now + 1h);
}

TEST_CASE("a delivery whose next attempt would come too late fails now, with the reason") {
  const auto late = follow(outcome(OutcomeKind::retry_later, "smtp-4.2.2"), 9, true, now + 5min);
  CHECK(late.settlement == Settlement::failed);
  CHECK(late.reason == "expired: smtp-4.2.2");
  auto asked = outcome(OutcomeKind::retry_later);
  asked.retry_after = 4h;
  CHECK(follow(asked).settlement == Settlement::failed);
}

namespace {

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
