// The outbox alone: what is claimed when, what a settlement leaves behind, and what a crash does to it.
#include "outbox/outbox.hpp"

#include <array>
#include <numeric>
#include <set>

#include <catch2/catch.hpp>

#include "db/sqlite.hpp"
#include "outbox/digest_items.hpp"
#include "outbox/ledger.hpp"
#include "outbox/orders.hpp"
#include "outbox/recovery.hpp"
#include "outbox/settlements.hpp"
#include "outbox/stops.hpp"
#include "support/migrated.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

const auto now = parse_rfc3339("2026-11-23T12:00:00Z").value();
const std::vector<ChannelKind> resend{ChannelKind::email, ChannelKind::webhook};

LaneSet lanes(std::initializer_list<Lane> some) {
  LaneSet set;
  for (const auto lane : some) set.set(static_cast<std::size_t>(lane));
  return set;
}

struct Outbox {
  MigratedDatabase db;

  // A batch of subscribers 1 … size, all told "because".
  std::int64_t add(std::string story, std::uint32_t size, Lane lane = Lane::alert, Time due = now,
                   ChannelKind channel = ChannelKind::email) {
    BatchPlan plan{{std::move(story), 1, {}, {}}, channel, lane, {"because"}, {{due, due + 4h, {}, {}}}};
    for (std::uint32_t number = 1; number <= size; ++number) plan.groups[0].members.push_back({number, 0});
    return add_batch(db, plan, now);
  }

  Claim take(Time at = now, ChannelKind channel = ChannelKind::email) {
    auto taken = claim(db, channel, at);
    REQUIRE(taken);
    return std::move(*taken);
  }

  void end(const Claim& claim, const Delivery& delivery, Settlement settlement, std::string reason = {},
           Time due = now) {
    settle(db,
           std::vector<Settled>{Settled{delivery, claim.channel, claim.lane, settlement,
                                        delivery.attempts + 1, due, std::move(reason), "said"}},
           now);
  }

  Tally tally(std::int64_t batch) {
    const auto ledger = read_ledger(db, std::to_string(batch)).value();
    REQUIRE(ledger.batches.size() == 1);
    CHECK(ledger.balances());
    return ledger.batches[0].tally;
  }
};

}  // namespace

TEST_CASE("the most urgent lane is claimed first, within it what was due first") {
  Outbox outbox;
  outbox.add("digest", 1, Lane::digest, now - 2h);
  outbox.add("late", 1, Lane::alert, now - 1min);
  outbox.add("early", 1, Lane::alert, now - 1h);
  outbox.add("breaking", 1, Lane::breaking);
  outbox.add("kill", 1, Lane::kill);
  outbox.add("tomorrow", 1, Lane::kill, now + 24h);
  CHECK_FALSE(claim(outbox.db, ChannelKind::email, now, lanes({Lane::replay})));
  CHECK_FALSE(next_due(outbox.db, ChannelKind::email, lanes({Lane::replay})));
  CHECK(next_due(outbox.db, ChannelKind::email, lanes({Lane::alert, Lane::replay})) == now - 1h);
  std::string order;
  for (auto taken = claim(outbox.db, ChannelKind::email, now); taken;
       taken = claim(outbox.db, ChannelKind::email, now))
    order += taken->subject.story_id + " ";
  CHECK(order == "kill breaking early late digest ");
  CHECK(next_due(outbox.db, ChannelKind::email) == now + 24h);
  CHECK_FALSE(next_due(outbox.db, ChannelKind::whatsapp));
  CHECK_FALSE(claim(outbox.db, ChannelKind::whatsapp, now + 48h));
}

TEST_CASE("a claim says all there is to know about its deliveries") {
  Outbox outbox;
  const auto batch = outbox.add("s1", 3, Lane::breaking, now - 1min);
  const auto claim = outbox.take();
  CHECK(claim.batch_id == batch);
  CHECK(claim.batch_uid.size() == 20);
  CHECK(claim.subject.story_id == "s1");
  CHECK(claim.subject.story_version == 1);
  CHECK(claim.lane == Lane::breaking);
  CHECK(claim.created_at == now);
  CHECK(claim.due_at == now - 1min);
  CHECK(claim.expires_at == now - 1min + 4h);
  REQUIRE(claim.deliveries.size() == 3);
  CHECK(claim.deliveries[2].number == 3);
  CHECK(claim.deliveries[2].attempts == 0);
  CHECK(claim.keeps_replies);
  outbox.add("s2", 1001);
  CHECK_FALSE(outbox.take().keeps_replies);
  CHECK(claim.reasons.at(claim.deliveries[2].reason) == "because");
}

TEST_CASE("a large batch is claimed in chunks, every member once and with its own reason") {
  Outbox outbox;
  constexpr std::uint32_t size = 10'000;
  BatchPlan plan{{"s1", 1, {}, {}},
                 ChannelKind::email,
                 Lane::alert,
                 {"even", "odd", "nobody's"},
                 {{now, now + 1h, {}, {}}}};
  // Numbers with large gaps, in falling order.
  for (std::uint32_t i = size; i > 0; --i) plan.groups[0].members.push_back({i * 400'000U, i % 2});
  const auto batch = add_batch(outbox.db, plan, now);
  std::set<std::uint32_t> seen;
  std::size_t chunks = 0;
  for (auto taken = claim(outbox.db, ChannelKind::email, now); taken;
       taken = claim(outbox.db, ChannelKind::email, now)) {
    ++chunks;
    CHECK(taken->deliveries.size() <= chunk_capacity);
    for (const auto& delivery : taken->deliveries) {
      seen.insert(delivery.number);
      if (taken->reasons.at(delivery.reason) != (delivery.number / 400'000 % 2 == 1 ? "odd" : "even"))
        FAIL(delivery.number);
      outbox.end(*taken, delivery, Settlement::delivered);
    }
  }
  CHECK(chunks == 3);
  CHECK(seen.size() == size);
  CHECK(outbox.tally(batch).delivered == size);
  CHECK_FALSE(next_due(outbox.db, ChannelKind::email));
}

TEST_CASE("groups leave at their own times; a suppressed group never does") {
  Outbox outbox;
  const BatchPlan plan{{"s1", 1, {}, {}},
                       ChannelKind::email,
                       Lane::alert,
                       {"because"},
                       {{now, now + 4h, {}, {{1, 0}}},
                        {now + 8h, now + 12h, {}, {{2, 0}}},
                        {now, now + 4h, "unsubscribed", {{3, 0}, {4, 0}}}}};
  const auto batch = add_batch(outbox.db, plan, now);
  CHECK(outbox.take().deliveries.front().number == 1);
  CHECK_FALSE(claim(outbox.db, ChannelKind::email, now + 8h - 1ms));
  CHECK(outbox.take(now + 8h).deliveries.front().number == 2);
  CHECK_FALSE(claim(outbox.db, ChannelKind::email, now + 100h));
  const auto tally = outbox.tally(batch);
  CHECK(tally.matched == 4);
  CHECK(tally.queued == 2);
  CHECK(tally.suppressed.at("unsubscribed") == 2);
}

TEST_CASE("a retry comes back at its time with its attempts, after the fresh ones of its lane") {
  Outbox outbox;
  outbox.add("s1", 2);
  const auto first = outbox.take();
  outbox.end(first, first.deliveries[0], Settlement::delivered);
  outbox.end(first, first.deliveries[1], Settlement::retry, "smtp-4.2.2", now + 5min);
  CHECK_FALSE(claim(outbox.db, ChannelKind::email, now + 5min - 1ms));
  CHECK(next_due(outbox.db, ChannelKind::email) == now + 5min);
  outbox.add("s2", 1, Lane::alert, now + 5min);
  CHECK(outbox.take(now + 5min).subject.story_id == "s2");
  const auto again = outbox.take(now + 5min);
  REQUIRE(again.deliveries.size() == 1);
  CHECK(again.deliveries[0].number == 2);
  CHECK(again.deliveries[0].attempts == 1);
  CHECK(again.batch_uid == first.batch_uid);
  CHECK_FALSE(claim(outbox.db, ChannelKind::email, now + 5min));  // held
  outbox.end(again, again.deliveries[0], Settlement::failed, "smtp-5.1.1");
  CHECK(outbox.tally(1).failed.at("smtp-5.1.1") == 1);
}

TEST_CASE("a retry of a more urgent lane goes before fresh deliveries of a lesser one") {
  Outbox outbox;
  outbox.add("breaking", 1, Lane::breaking);
  const auto first = outbox.take();
  outbox.end(first, first.deliveries[0], Settlement::retry, "busy", now + 1min);
  outbox.add("digest", 5, Lane::digest);
  CHECK(outbox.take(now + 1min).subject.story_id == "breaking");
}

TEST_CASE("settling twice counts once, and the latest word stands") {
  Outbox outbox;
  const auto batch = outbox.add("s1", 3);
  const auto claim = outbox.take();
  const auto& delivery = claim.deliveries[1];
  outbox.end(claim, delivery, Settlement::delivered);
  outbox.end(claim, delivery, Settlement::delivered);
  CHECK(outbox.tally(batch).delivered == 1);
  CHECK(outbox.tally(batch).queued == 2);
  outbox.end(claim, delivery, Settlement::failed, "late bounce");
  outbox.end(claim, delivery, Settlement::failed, "late bounce");
  CHECK(outbox.tally(batch).delivered == 0);
  CHECK(outbox.tally(batch).failed.at("late bounce") == 1);
  outbox.end(claim, delivery, Settlement::retry, "too late for that", now);
  CHECK(outbox.tally(batch).queued == 2);
  outbox.end(claim, delivery, Settlement::delivered);
  CHECK(outbox.tally(batch).delivered == 1);
  CHECK(outbox.tally(batch).failed.empty());
}

TEST_CASE("a crash voids claims: what was not settled is owed again, and only that") {
  Outbox outbox;
  const auto batch = outbox.add("s1", 5);
  const auto before = outbox.take();
  outbox.end(before, before.deliveries[0], Settlement::delivered);
  outbox.end(before, before.deliveries[1], Settlement::failed, "smtp-5.1.1");
  outbox.end(before, before.deliveries[2], Settlement::retry, "busy", now + 1h);
  CHECK_FALSE(claim(outbox.db, ChannelKind::email, now));
  CHECK(recover(outbox.db, resend, now) == 0);
  const auto after = outbox.take();
  REQUIRE(after.deliveries.size() == 2);
  CHECK(after.deliveries[0].number == 4);
  CHECK(after.deliveries[1].number == 5);
  CHECK(after.batch_uid == before.batch_uid);
  CHECK_FALSE(claim(outbox.db, ChannelKind::email, now + 1h - 1ms));
  CHECK(outbox.take(now + 1h).deliveries.front().number == 3);
  CHECK(recover(outbox.db, resend, now + 1h) == 0);  // a retry that was claimed is due again
  CHECK(outbox.tally(batch).queued == 3);
}

TEST_CASE("an attempt that a crash interrupted is repeated where repeats are recognised, else ambiguous") {
  const auto channel = GENERATE(ChannelKind::email, ChannelKind::whatsapp);
  Outbox outbox;
  const auto batch = outbox.add("s1", 3, Lane::alert, now, channel);
  const auto claim_before = outbox.take(now, channel);
  const auto& delivery = claim_before.deliveries[1];
  REQUIRE(mark_sending(outbox.db, delivery, channel, Lane::alert, now));
  CHECK(outbox.tally(batch).queued == 3);
  CHECK(recover(outbox.db, resend, now + 1min) == 1);
  CHECK(recover(outbox.db, resend, now + 1min) == 0);
  const auto tally = outbox.tally(batch);
  if (channel == ChannelKind::email) {
    CHECK(tally.queued == 3);
    std::multiset<std::uint32_t> numbers;
    for (auto taken = claim(outbox.db, channel, now + 1min); taken;
         taken = claim(outbox.db, channel, now + 1min))
      for (const auto& owed : taken->deliveries) numbers.insert(owed.number);
    CHECK(numbers == std::multiset<std::uint32_t>{1, 2, 3});
  } else {
    CHECK(tally.queued == 2);
    CHECK(tally.failed.at("ambiguous") == 1);
    CHECK(outbox.take(now + 1min, channel).deliveries.size() == 2);
  }
}

TEST_CASE("an attempt under way may end in every way") {
  Outbox outbox;
  const auto batch = outbox.add("s1", 4, Lane::alert, now, ChannelKind::whatsapp);
  const auto claim = outbox.take(now, ChannelKind::whatsapp);
  for (const auto& delivery : claim.deliveries)
    REQUIRE(mark_sending(outbox.db, delivery, ChannelKind::whatsapp, Lane::alert, now));
  CHECK(queue_state(outbox.db, ChannelKind::whatsapp).depth == 4);
  outbox.end(claim, claim.deliveries[0], Settlement::delivered);
  outbox.end(claim, claim.deliveries[1], Settlement::failed, "131026");
  outbox.end(claim, claim.deliveries[2], Settlement::retry, "http-500", now + 1min);
  outbox.end(claim, claim.deliveries[3], Settlement::suppressed, "unsubscribed");
  const auto tally = outbox.tally(batch);
  CHECK(tally.delivered == 1);
  CHECK(tally.failed.at("131026") == 1);
  CHECK(tally.queued == 1);
  CHECK(tally.suppressed.at("unsubscribed") == 1);
  CHECK(queue_state(outbox.db, ChannelKind::whatsapp).depth == 1);
  CHECK(queue_state(outbox.db, ChannelKind::email).depth == 0);
}

TEST_CASE("a delivery that waits for a retry ages on; one that was put off is due when it may leave") {
  Outbox outbox;
  outbox.add("s1", 1, Lane::alert, now - 3h);
  const auto oldest = [&] { return queue_state(outbox.db, ChannelKind::email).oldest_due; };
  auto claim = outbox.take();
  CHECK(oldest() == now - 3h);
  SECTION("a retry") {
    outbox.end(claim, claim.deliveries[0], Settlement::retry, "smtp-4.2.2", now + 15min);
    CHECK(oldest() == now - 3h);
    claim = outbox.take(now + 15min);
    CHECK(oldest() == now - 3h);
    outbox.end(claim, claim.deliveries[0], Settlement::delivered);
    CHECK_FALSE(oldest());
  }
  SECTION("quiet hours, which are no attempt") {
    claim.deliveries[0].attempts = -1;
    outbox.end(claim, claim.deliveries[0], Settlement::retry, "quiet hours", now + 6h);
    CHECK(oldest() == now + 6h);
  }
}

TEST_CASE("stopping a story ends what has not left, in every state, and touches nothing else") {
  Outbox outbox;
  const auto batch = outbox.add("s1", 6, Lane::alert, now, ChannelKind::whatsapp);
  const auto later = outbox.add("s1", 2, Lane::alert, now + 8h);
  const auto other = outbox.add("s2", 2);
  const auto claim = outbox.take(now, ChannelKind::whatsapp);
  const auto& deliveries = claim.deliveries;
  outbox.end(claim, deliveries[0], Settlement::delivered);
  outbox.end(claim, deliveries[1], Settlement::failed, "131026");
  outbox.end(claim, deliveries[2], Settlement::retry, "busy", now + 1min);
  outbox.end(claim, deliveries[3], Settlement::suppressed, "unsubscribed");
  REQUIRE(mark_sending(outbox.db, deliveries[4], ChannelKind::whatsapp, Lane::alert, now));
  CHECK(stop_story(outbox.db, "s1", "canceled", now) == 5);
  CHECK(stop_story(outbox.db, "s1", "canceled", now) == 0);
  const auto tally = outbox.tally(batch);
  CHECK(tally.delivered == 1);
  CHECK(tally.failed.at("131026") == 1);
  CHECK(tally.suppressed.at("unsubscribed") == 1);
  CHECK(tally.suppressed.at("canceled") == 3);
  CHECK(tally.queued == 0);
  CHECK(outbox.tally(later).suppressed.at("canceled") == 2);
  CHECK(outbox.tally(other).queued == 2);
  CHECK_FALSE(crier::claim(outbox.db, ChannelKind::whatsapp, now + 100h));
  CHECK(outbox.take(now + 100h).subject.story_id == "s2");

  SECTION("what was being sent and arrived is delivered") {
    outbox.end(claim, deliveries[4], Settlement::delivered);
    CHECK(outbox.tally(batch).delivered == 2);
  }
  SECTION("what was being sent and did not arrive stays stopped") {
    outbox.end(claim, deliveries[4], Settlement::retry, "http-500", now + 1min);
    CHECK(outbox.tally(batch).suppressed.at("canceled") == 3);
    CHECK_FALSE(next_due(outbox.db, ChannelKind::whatsapp));
  }
  SECTION("what was still held in memory is not begun") {
    CHECK_FALSE(mark_sending(outbox.db, deliveries[5], ChannelKind::whatsapp, Lane::alert, now));
    CHECK(outbox.tally(batch).suppressed.at("canceled") == 3);
  }
  SECTION("a crash brings nothing back") {
    CHECK(recover(outbox.db, resend, now) == 0);
    CHECK_FALSE(crier::claim(outbox.db, ChannelKind::whatsapp, now + 100h));
  }
  SECTION("of what was being sent when it crashed nobody knows") {
    recover(outbox.db, resend, now);
    recover(outbox.db, resend, now);
    CHECK(outbox.tally(batch).suppressed.at("canceled") == 2);
    CHECK(outbox.tally(batch).suppressed.at("canceled, may have arrived") == 1);
  }
  SECTION("of what was answered before it crashed everything is known") {
    outbox.end(claim, deliveries[4], Settlement::retry, "http-500", now + 1min);
    recover(outbox.db, resend, now);
    CHECK(outbox.tally(batch).suppressed.at("canceled") == 3);
  }
}

TEST_CASE("a digest that is dropped while it is planned is for nobody who is added later") {
  Outbox outbox;
  const auto plan = [](std::uint32_t number) {
    return BatchPlan{{{}, 0, "morning", "2026-11-24T07:00"},
                     ChannelKind::email,
                     Lane::digest,
                     {"You follow Morning"},
                     {{now, now + 24h, {}, {{number, 0}}}}};
  };
  const auto batch = begin_batch(outbox.db, plan(1), now);
  const Order order{Act::drop, parse_target("batch", std::to_string(batch)).value(), "wrong", "ops", 1h};
  REQUIRE(carry_out(outbox.db, order, {}, now));
  continue_batch(outbox.db, batch, plan(2), now);
  const auto expect_dropped = [&](std::int64_t of) {
    release_batch(outbox.db, of);
    CHECK_FALSE(crier::claim(outbox.db, ChannelKind::email, now));
    CHECK(outbox.tally(of).suppressed.at("dropped: wrong") == 2);
  };
  SECTION("its planning goes on") {
    expect_dropped(batch);
  }
  SECTION("a crash ends its planning, which begins anew") {
    recover(outbox.db, resend, now);
    const auto anew = begin_batch(outbox.db, plan(1), now + 1min);
    continue_batch(outbox.db, anew, plan(2), now + 1min);
    expect_dropped(anew);
    // What was decided is about this occurrence alone.
    auto next = plan(1);
    next.subject.occurrence = "2026-11-25T07:00";
    release_batch(outbox.db, begin_batch(outbox.db, next, now));
    CHECK(outbox.take().deliveries.size() == 1);
    CHECK(recover(outbox.db, resend, now) == 0);
    CHECK(outbox.tally(anew).suppressed.at("dropped: wrong") == 2);
  }
}

TEST_CASE("what was in a digest that was dropped while it was planned is not sent after a crash") {
  Outbox outbox;
  add_digest_item(outbox.db, {"morning", ChannelKind::email, "s1", 1, {{}, {{1, 0}, {2, 0}}}});
  add_digest_item(outbox.db, {"morning", ChannelKind::email, "s2", 1, {{}, {{1, 0}}}});
  const auto pending = pending_keys(outbox.db, "morning", ChannelKind::email, now);
  REQUIRE(pending.size() == 2);
  const auto batch = begin_batch(outbox.db,
                                 {{{}, 0, "morning", "2026-11-24T07:00"},
                                  ChannelKind::email,
                                  Lane::digest,
                                  {"You follow Morning"},
                                  {{now, now + 24h, {}, {{1, 0}, {2, 0}}}}},
                                 now);
  assign_items(outbox.db, std::array{pending[1]}, batch);  // s1: the older one
  const Order drop{Act::drop, parse_target("batch", std::to_string(batch)).value(), "wrong", "ops", 1h};
  REQUIRE(carry_out(outbox.db, drop, {}, now));
  recover(outbox.db, resend, now);
  // Whatever occurrence comes next.
  CHECK(pending_keys(outbox.db, "morning", ChannelKind::email, now) == std::vector{pending[0]});
  CHECK(is_dropped(outbox.db, pending[1]));
  CHECK(waiting_in_digests(outbox.db, ChannelKind::email) == 1);
}

TEST_CASE("who may have got an alert that was stopped when a crash came does not get its later version") {
  Outbox outbox;
  outbox.add("s1", 2, Lane::alert, now, ChannelKind::whatsapp);
  const auto claim = outbox.take(now, ChannelKind::whatsapp);
  REQUIRE(mark_sending(outbox.db, claim.deliveries[0], ChannelKind::whatsapp, Lane::alert, now));
  stop_story(outbox.db, "s1", "superseded by a later version", now);
  const BatchPlan later{{"s1", 2, {}, {}},
                        ChannelKind::whatsapp,
                        Lane::alert,
                        {"because"},
                        {{now, now + 4h, {}, {{1, 0}, {2, 0}}}}};
  const auto batch = add_batch(outbox.db, later, now);
  recover(outbox.db, resend, now);
  const auto owed = outbox.take(now, ChannelKind::whatsapp).deliveries;
  REQUIRE(owed.size() == 1);
  CHECK(owed[0].number == 2);
  CHECK(outbox.tally(batch).suppressed.at("had an earlier version") == 1);
}

TEST_CASE("a story is stopped while its very last delivery is being sent") {
  Outbox outbox;
  const auto batch = outbox.add("s1", 1, Lane::alert, now, ChannelKind::whatsapp);
  const auto claim = outbox.take(now, ChannelKind::whatsapp);
  REQUIRE(mark_sending(outbox.db, claim.deliveries[0], ChannelKind::whatsapp, Lane::alert, now));
  CHECK(stop_story(outbox.db, "s1", "canceled", now) == 1);
  outbox.end(claim, claim.deliveries[0], Settlement::retry, "http-500", now + 1min);
  CHECK_FALSE(next_due(outbox.db, ChannelKind::whatsapp));
  CHECK(outbox.tally(batch).suppressed.at("canceled") == 1);
}

TEST_CASE("a delivery is found by what a mail or a webhook calls it") {
  for (const auto* id :
       {"0a1b-7", "<0a1b-7@courier.example.org>", "0a1b-7@courier.example.org", "msg_0a1b-7"}) {
    const auto parsed = parse_delivery_id(id);
    REQUIRE(parsed);
    CHECK(parsed->batch_uid == "0a1b");
    CHECK(parsed->number == 7);
  }
  CHECK_FALSE(parse_delivery_id("0a1b"));
  CHECK_FALSE(parse_delivery_id("<0a1b-x@courier.example.org>"));
}

TEST_CASE("a name that is no domain is none") {
  for (const auto* name : {"not a domain", "amara@example.org", "https://example.org/", "@", "a,b"})
    CHECK_FALSE(parse_target("domain", name));
  for (const auto* name : {"example.org", "@Example.org", "127.0.0.1", "bücher.example"})
    CHECK(parse_target("domain", name));
}

TEST_CASE("digest items wait for their edition, travel with its batch, or are dropped") {
  Outbox outbox;
  add_digest_item(outbox.db, {"morning", ChannelKind::email, "s1", 1, {{}, {{1, 0}, {5, 0}, {70'000, 0}}}});
  add_digest_item(outbox.db, {"morning", ChannelKind::email, "s2", 3, {{}, {{5, 0}}}});
  add_digest_item(outbox.db, {"morning", ChannelKind::whatsapp, "s1", 1, {{}, {{1, 0}}}});
  add_digest_item(outbox.db, {"evening", ChannelKind::email, "s1", 1, {{}, {{9, 0}}}});
  auto pending = pending_items(outbox.db, "morning", ChannelKind::email, now);
  REQUIRE(pending.size() == 2);
  CHECK(pending[0].item.story_version == 3);  // the newest first
  CHECK(pending[1].item.story_id == "s1");
  REQUIRE(pending[1].item.audience.members.size() == 3);
  CHECK(pending[1].item.audience.members[2].number == 70'000);

  CHECK(stop_story(outbox.db, "s2", "canceled", now) == 1);
  pending = pending_items(outbox.db, "morning", ChannelKind::email, now);
  REQUIRE(pending.size() == 1);
  const auto batch = add_batch(outbox.db,
                               {{{}, 0, "morning", "2026-11-24T07:00"},
                                ChannelKind::email,
                                Lane::digest,
                                {"You follow Morning"},
                                {{now, now + 24h, {}, {{1, 0}, {5, 0}, {70'000, 0}}}}},
                               now);
  assign_items(outbox.db, pending_keys(outbox.db, "morning", ChannelKind::email, now), batch);
  CHECK(pending_items(outbox.db, "morning", ChannelKind::email, now).empty());
  CHECK(pending_items(outbox.db, "evening", ChannelKind::email, now).size() == 1);
  CHECK(items_of_batch(outbox.db, batch).size() == 1);
  CHECK(items_of_batch(outbox.db, batch + 1).empty());
  const auto claim = outbox.take();
  CHECK(claim.subject.edition == "morning");
  CHECK(claim.subject.occurrence == "2026-11-24T07:00");
  CHECK(claim.subject.story_id.empty());
}

TEST_CASE("the most urgent items of an edition come first, of these the newest") {
  Outbox outbox;
  const auto add = [&](std::string story, int urgency) {
    DigestItem item{"morning", ChannelKind::email, std::move(story), 1, {{}, {{1, 0}}}};
    item.urgency = urgency;
    add_digest_item(outbox.db, item);
  };
  add("old", 5);
  add("minor", 7);
  add("new", 5);
  add("urgent", 2);
  std::vector<std::string> order;
  for (const auto& pending : pending_items(outbox.db, "morning", ChannelKind::email, now))
    order.push_back(pending.item.story_id);
  CHECK(order == std::vector<std::string>{"urgent", "new", "old", "minor"});
}

TEST_CASE("who already has a story, or is still owed it, is known per channel") {
  Outbox outbox;
  outbox.add("s1", 4);
  auto claim = outbox.take();
  outbox.end(claim, claim.deliveries[0], Settlement::delivered);
  outbox.end(claim, claim.deliveries[1], Settlement::failed, "smtp-5.1.1");
  outbox.end(claim, claim.deliveries[2], Settlement::suppressed, "unsubscribed");
  CHECK(already_owed(outbox.db, "s1", ChannelKind::email) == std::vector<std::uint32_t>{1, 4});
  CHECK(already_owed(outbox.db, "s1", ChannelKind::whatsapp).empty());
  CHECK(already_owed(outbox.db, "s2", ChannelKind::email).empty());
  // The second version went to those the first one missed; a repeat for the others was suppressed as a group.
  add_batch(outbox.db,
            {{"s1", 2, {}, {}},
             ChannelKind::email,
             Lane::alert,
             {"because"},
             {{now, now + 4h, {}, {{2, 0}}}, {now, now + 4h, "had an earlier version", {{1, 0}, {4, 0}}}}},
            now);
  claim = outbox.take();
  CHECK(already_owed(outbox.db, "s1", ChannelKind::email) == std::vector<std::uint32_t>{1, 2, 4});
  outbox.end(claim, claim.deliveries[0], Settlement::delivered);
  CHECK(already_owed(outbox.db, "s1", ChannelKind::email) == std::vector<std::uint32_t>{1, 2, 4});
}
