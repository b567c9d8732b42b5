// What became of one reader's deliveries, and of each delivery: as an operator asks for it.
#include "outbox/reader_ledger.hpp"

#include <map>

#include <catch2/catch.hpp>

#include "db/sqlite.hpp"
#include "outbox/digest_items.hpp"
#include "outbox/ledger.hpp"
#include "outbox/outbox.hpp"
#include "outbox/settlements.hpp"
#include "outbox/stops.hpp"
#include "story/story_log.hpp"
#include "support/migrated.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

const auto now = parse_rfc3339("2026-11-23T12:00:00Z").value();
const auto most = whole_ledger;

struct Books {
  MigratedDatabase db;

  void see(const std::string& id, const std::string& title, std::int64_t matched) {
    Story story;
    story.id = id;
    story.version = 1;
    story.title = title;
    store_story(db, story, {matched}, now);
  }

  std::int64_t add_alert(const std::string& id, std::vector<Member> members, Time at = now) {
    BatchPlan plan{{id, 1, {}, {}},
                   ChannelKind::email,
                   Lane::alert,
                   {"You follow Harbours", "You follow Ports"},
                   {{at, at + 4h, {}, std::move(members)}}};
    return add_batch(db, plan, at);
  }

  Claim take(Time at) { return claim(db, ChannelKind::email, at).value(); }

  void end(const Claim& claimed, std::size_t i, Settlement settlement, Time at, std::string reason = {},
           std::string reply = {}) {
    const auto& delivery = claimed.deliveries.at(i);
    settle(db,
           std::vector<Settled>{{.delivery = delivery,
                                 .channel = claimed.channel,
                                 .lane = claimed.lane,
                                 .settlement = settlement,
                                 .attempts = delivery.attempts + 1,
                                 .due_at = at,
                                 .reason = std::move(reason),
                                 .reply = std::move(reply)}},
           at);
  }

  LedgerDelivery only(std::uint32_t number) {
    const auto ledger = read_reader_ledger(db, number, most);
    REQUIRE(ledger.deliveries.size() == 1);
    return ledger.deliveries.front();
  }
};

}  // namespace

TEST_CASE("a reader's ledger says what came, when, and why") {
  Books books;
  books.see("s1", "The harbour reopens", 5);
  const auto batch = books.add_alert("s1", {{1, 0}, {2, 1}, {3, 0}, {4, 0}, {5, 0}});
  const auto claimed = books.take(now);
  books.end(claimed, 0, Settlement::delivered, now + 1s);
  books.end(claimed, 1, Settlement::delivered, now + 3s);
  books.end(claimed, 2, Settlement::failed, now + 2s, "smtp-5.1.1", "550 5.1.1 no such user");
  books.end(claimed, 3, Settlement::retry, now + 5min, "smtp-4.2.2", "452 mailbox full");

  const auto second = books.only(2);
  CHECK(second.state == DeliveryState::delivered);
  CHECK(second.subject.story_id == "s1");
  CHECK(second.title == "The harbour reopens");
  CHECK(second.reason == "You follow Ports");
  CHECK(second.channel == ChannelKind::email);
  CHECK(second.lane == Lane::alert);
  CHECK(second.batch_id == batch);
  CHECK(second.delivery_id() == second.batch_uid + "-2");
  CHECK(second.planned_at == now);
  CHECK(second.settled_from == now + 1s);  // between the two that left together
  CHECK(second.settled_until == now + 3s);

  const auto third = books.only(3);
  CHECK(third.state == DeliveryState::failed);
  CHECK(third.detail == "smtp-5.1.1");
  CHECK(third.reply == "550 5.1.1 no such user");
  CHECK(third.settled_from == now + 2s);

  const auto fourth = books.only(4);
  CHECK(fourth.state == DeliveryState::queued);
  CHECK(fourth.detail == "smtp-4.2.2");
  CHECK(fourth.attempts == 1);
  CHECK(fourth.due_at == now + 5min);
  CHECK(fourth.reply == "452 mailbox full");

  const auto fifth = books.only(5);
  CHECK(fifth.state == DeliveryState::queued);
  CHECK(fifth.detail.empty());
  CHECK(fifth.due_at == now);
  CHECK(read_reader_ledger(books.db, 6, most).deliveries.empty());
}

TEST_CASE("who had to wait has a time of its own, and does not blur that of the others") {
  Books books;
  books.see("s1", "The harbour reopens", 2);
  books.add_alert("s1", {{1, 0}, {2, 0}});
  const auto claimed = books.take(now);
  books.end(claimed, 0, Settlement::retry, now + 5min, "smtp-4.2.2");
  books.end(claimed, 1, Settlement::delivered, now + 1s);
  const auto again = books.take(now + 1h);
  REQUIRE(again.deliveries.size() == 1);
  books.end(again, 0, Settlement::delivered, now + 1h + 4s);

  const auto late = books.only(1);
  CHECK(late.state == DeliveryState::delivered);
  CHECK(late.attempts == 2);
  CHECK(late.settled_from == now + 1h + 4s);
  CHECK(late.settled_until == now + 1h + 4s);
  CHECK(books.only(2).settled_until == now + 1s);
}

TEST_CASE("what was stopped as a whole says when, and why") {
  Books books;
  books.see("s1", "The harbour reopens", 2);
  books.add_alert("s1", {{1, 0}, {2, 0}});
  stop_story(books.db, "s1", "canceled", now + 10s);
  const auto stopped = books.only(1);
  CHECK(stopped.state == DeliveryState::suppressed);
  CHECK(stopped.detail == "canceled");
  CHECK(stopped.settled_from == now + 10s);
}

TEST_CASE("of a digest the reader's own stories are told, with what was left out") {
  Books books;
  for (const auto* id : {"s1", "s2", "s3"}) books.see(id, std::string("Title of ") + id, 1);
  const auto add_item = [&](const std::string& id, std::vector<Member> members) {
    add_digest_item(books.db,
                    {"morning", ChannelKind::email, id, 1, {{"Because of " + id}, std::move(members)}});
  };
  add_item("s1", {{1, 0}, {2, 0}});
  add_item("s2", {{2, 0}});
  const auto keys = pending_keys(books.db, "morning", ChannelKind::email, now);
  const auto digest = add_batch(books.db,
                                {{{}, 0, "morning", "2026-11-24T07:00"},
                                 ChannelKind::email,
                                 Lane::digest,
                                 {"You follow Morning"},
                                 {{now, now + 24h, {}, {{1, 0}, {2, 0}}}}},
                                now);
  assign_items(books.db, keys, digest);
  add_item("s3", {{1, 0}});
  leave_out_of_batches(books.db, "s2", "canceled");

  const auto second = books.only(2);
  CHECK(second.subject.edition == "morning");
  CHECK(second.subject.occurrence == "2026-11-24T07:00");
  REQUIRE(second.stories.size() == 2);
  std::map<std::string, CarriedStory> stories;
  for (const auto& story : second.stories) stories[story.id] = story;
  CHECK(stories["s1"].title == "Title of s1");
  CHECK(stories["s1"].reason == "Because of s1");
  CHECK(stories["s1"].left_out.empty());
  CHECK(stories["s2"].left_out == "canceled");

  const auto first = read_reader_ledger(books.db, 1, most);
  REQUIRE(first.deliveries.size() == 2);
  const auto third_story = [&] {
    const auto ledger = read_reader_ledger(books.db, 1, most);
    const auto found = std::ranges::find(
        ledger.deliveries, "s3", [](const LedgerDelivery& delivery) { return delivery.subject.story_id; });
    REQUIRE(found != ledger.deliveries.end());
    return *found;
  };
  CHECK(third_story().state == DeliveryState::queued);
  CHECK(third_story().detail == "waits for its edition");
  CHECK(third_story().subject.edition == "morning");
  CHECK(third_story().delivery_id().empty());
  drop_pending_items(books.db, "s3", "canceled");
  CHECK(third_story().state == DeliveryState::suppressed);
  CHECK(third_story().detail == "canceled");
}

TEST_CASE("the newest come first, as many as are asked for") {
  Books books;
  for (int i = 0; i < 30; ++i) {
    const auto id = "s" + std::to_string(i);
    books.see(id, "Title", 1);
    // She is in every third.
    books.add_alert(id, {{i % 3 == 0 ? 7U : 8U, 0}, {9, 0}}, now + std::chrono::minutes(i));
  }
  const auto ledger = read_reader_ledger(books.db, 7, 4);
  REQUIRE(ledger.deliveries.size() == 4);
  CHECK(ledger.has_more);
  CHECK(ledger.deliveries[0].subject.story_id == "s27");
  CHECK(ledger.deliveries[3].subject.story_id == "s18");
  const auto all = read_reader_ledger(books.db, 7, 10);
  CHECK(all.deliveries.size() == 10);
  CHECK_FALSE(all.has_more);
}

TEST_CASE("what waits for an edition stands where its time is among the others") {
  Books books;
  for (int i = 0; i < 6; ++i) {
    const auto id = "s" + std::to_string(i);
    const auto at = now + std::chrono::minutes(i);
    Story story;
    story.id = id;
    story.version = 1;
    store_story(books.db, story, {1}, at);
    if (i % 2 == 0) books.add_alert(id, {{7, 0}}, at);
  }
  // The last to come to the edition is not the newest.
  for (const auto* id : {"s3", "s5", "s1"})
    add_digest_item(books.db, {"morning", ChannelKind::email, id, 1, {{"Because"}, {{7, 0}}}});
  const auto stories = [&](std::size_t limit) {
    std::string out;
    const bool has_more = walk_reader_ledger(
        books.db, 7, limit, [&](const LedgerDelivery& delivery) { out += delivery.subject.story_id + " "; });
    return out + (has_more ? "and more" : "and no more");
  };
  CHECK(stories(most) == "s5 s4 s3 s2 s1 s0 and no more");
  CHECK(stories(6) == "s5 s4 s3 s2 s1 s0 and no more");
  CHECK(stories(5) == "s5 s4 s3 s2 s1 and more");
  CHECK(stories(0) == "and more");
}

TEST_CASE("a reader is found in a chunk that an older crier wrote") {
  Books books;
  books.see("s1", "The harbour reopens", 2);
  books.add_alert("s1", {{1, 0}, {2, 0}});
  books.end(books.take(now), 1, Settlement::delivered, now);
  books.db.execute(
      "UPDATE chunk SET first_number = 0, last_number = 4294967295, settled_from = NULL, settled_until = "
      "NULL");
  CHECK(books.only(2).state == DeliveryState::delivered);
  CHECK_FALSE(books.only(2).settled_from.has_value());
  CHECK(read_reader_ledger(books.db, 3, most).deliveries.empty());
}

TEST_CASE("delivery by delivery the ledger comes to the same") {
  Books books;
  books.see("s1", "The harbour reopens", 9005);
  std::vector<Member> members;
  for (std::uint32_t number = 1; number <= 9000; ++number) members.push_back({number, number % 2});
  books.add_alert("s1", members);
  const auto claimed = books.take(now);
  for (std::size_t i = 0; i < 10; ++i) books.end(claimed, i, Settlement::delivered, now);
  books.end(claimed, 10, Settlement::failed, now, "smtp-5.1.1");
  books.end(claimed, 11, Settlement::suppressed, now, "unsubscribed");
  add_digest_item(books.db,
                  {"morning", ChannelKind::email, "s1", 1, {{}, {{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}}}});
  const auto count = [&](std::string_view what) {
    std::map<std::string, std::int64_t> counts;
    const bool known = walk_deliveries(books.db, what, [&](const LedgerDelivery& delivery) {
      ++counts[std::string(to_string(delivery.state)) + ":" + delivery.detail];
      if (delivery.title != "The harbour reopens") FAIL("a delivery without its title");
    });
    CHECK(known);
    return counts;
  };
  const std::map<std::string, std::int64_t> expected{{"delivered:", 10},
                                                     {"failed:smtp-5.1.1", 1},
                                                     {"suppressed:unsubscribed", 1},
                                                     {"queued:", 8988},
                                                     {"queued:waits for its edition", 5}};
  CHECK(count("") == expected);
  CHECK(count("s1") == expected);
  const auto ledger = read_ledger(books.db).value();
  CHECK(ledger.balances());
  CHECK(ledger.total.matched == 9005);
  CHECK_FALSE(walk_deliveries(books.db, "s2", [](const LedgerDelivery&) {}));
}

TEST_CASE("a story's deliveries are those of the digests that carry it, too") {
  Books books;
  books.see("s1", "The harbour reopens", 2);
  add_digest_item(books.db, {"morning", ChannelKind::email, "s1", 1, {{"Because"}, {{1, 0}, {2, 0}}}});
  const auto keys = pending_keys(books.db, "morning", ChannelKind::email, now);
  const auto digest = add_batch(books.db,
                                {{{}, 0, "morning", "2026-11-24T07:00"},
                                 ChannelKind::email,
                                 Lane::digest,
                                 {"You follow Morning"},
                                 {{now, now + 24h, {}, {{1, 0}, {2, 0}, {3, 0}}}}},
                                now);
  assign_items(books.db, keys, digest);
  books.end(books.take(now), 0, Settlement::delivered, now);
  std::vector<LedgerDelivery> found;
  walk_deliveries(books.db, "s1", [&](const LedgerDelivery& delivery) { found.push_back(delivery); });
  REQUIRE(found.size() == 2);
  CHECK(found[0].state == DeliveryState::delivered);
  CHECK(found[0].reason == "Because");
  CHECK(found[0].subject.story_id == "s1");
  CHECK(found[0].subject.occurrence == "2026-11-24T07:00");
  CHECK(found[1].state == DeliveryState::queued);
}
