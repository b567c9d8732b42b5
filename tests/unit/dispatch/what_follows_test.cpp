// What an outcome leads to.
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
  // The yes to one of very many is not kept.
  CHECK(settled.reply == (settled.settlement == Settlement::delivered ? "" : "what they said"));
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

TEST_CASE("the yes to one of few is kept, with what the other side calls the message") {
  Claim claim;
  claim.expires_at = now + 4h;
  claim.keeps_replies = true;
  auto delivered = outcome(OutcomeKind::delivered);
  const auto reply_to = [&] {
    return what_follows(delivered, claim, {7, 42, 0, 3, 0, {}}, {steps, true}, now).reply;
  };
  CHECK(reply_to() == "what they said");
  delivered.remote_id = "wamid.A";
  CHECK(reply_to() == "wamid.A what they said");
  delivered.reply.clear();
  CHECK(reply_to() == "wamid.A");
}

TEST_CASE("what was not tried is due soon, and as if nothing had been") {
  Outcome busy;
  busy.reason = "relays busy";
  busy.untried = true;
  busy.retry_after = 1s;
  Claim claim;
  claim.expires_at = now + 4h;
  const auto settled = what_follows(busy, claim, {7, 42, 0, 3, 2, {}}, {steps, true}, now);
  CHECK(settled.settlement == Settlement::retry);
  CHECK(settled.attempts == 2);
  CHECK(settled.due_at == now + 1s);
}

TEST_CASE("what may have arrived is repeated only where the other side recognises it") {
  CHECK(follow(outcome(OutcomeKind::ambiguous), 0, true).settlement == Settlement::retry);
  const auto held = follow(outcome(OutcomeKind::ambiguous, "connection-lost"), 0, false);
  CHECK(held.settlement == Settlement::failed);
  CHECK(held.reason == "ambiguous");
}

TEST_CASE("that an attempt may have arrived is remembered until the delivery ends") {
  const auto lost = follow(outcome(OutcomeKind::ambiguous, "connection-lost"), 0, true);
  CHECK(lost.delivery.in_doubt);
  CHECK_FALSE(follow(outcome(OutcomeKind::retry_later)).delivery.in_doubt);
  const auto late = wait_until(lost, now + 1h, "domain limit", now + 1h);
  CHECK(late.reason == "expired: domain limit, may have arrived");
  CHECK(late.expired);
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
