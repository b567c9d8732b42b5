// The books: they balance through every change of state, and show when somebody tampers with them.
#include "outbox/ledger.hpp"

#include <catch2/catch.hpp>

#include "db/sqlite.hpp"
#include "outbox/digest_items.hpp"
#include "outbox/outbox.hpp"
#include "outbox/recovery.hpp"
#include "outbox/settlements.hpp"
#include "story/story_log.hpp"
#include "support/ledger_parts.hpp"
#include "support/migrated.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

using Counts = std::map<std::string, std::int64_t>;

const auto now = parse_rfc3339("2026-11-23T12:00:00Z").value();

// A story owed to ten readers by e-mail, three by the morning edition, and already given up by two: of the
// ten, 1 has it, 2 was refused, 3 waits for a retry.
struct Books {
  MigratedDatabase db;
  std::int64_t batch = 0;

  Books() {
    Story story;
    story.id = "s1";
    story.version = 1;
    story.title = "The harbour reopens";
    store_story(db, story, {15}, now);
    BatchPlan plan{{"s1", 1, {}, {}},
                   ChannelKind::email,
                   Lane::alert,
                   {"because"},
                   {{now, now + 4h, {}, {}}, {now, now + 4h, "unsubscribed", {{11, 0}, {12, 0}}}}};
    for (std::uint32_t number = 1; number <= 10; ++number) plan.groups[0].members.push_back({number, 0});
    batch = add_batch(db, plan, now);
    add_digest_item(db, {"morning", ChannelKind::email, "s1", 1, {{}, {{20, 0}, {21, 0}, {22, 0}}}});
    const auto claimed = claim(db, ChannelKind::email, now).value();
    const auto end = [&](std::size_t i, Settlement settlement, std::string reason) {
      settle(db,
             std::vector<Settled>{Settled{claimed.deliveries[i], ChannelKind::email, Lane::alert, settlement,
                                          1, now + 5min, std::move(reason), "550 no such user"}},
             now);
    };
    end(0, Settlement::delivered, "");
    end(1, Settlement::failed, "smtp-5.1.1");
    end(2, Settlement::retry, "smtp-4.2.2");
  }

  // The edition's occurrence, with what waits for it; its batch.
  std::int64_t publish_morning() {
    const auto items = pending_keys(db, "morning", ChannelKind::email, now);
    const auto digest = add_batch(db,
                                  {{{}, 0, "morning", "2026-11-24T07:00"},
                                   ChannelKind::email,
                                   Lane::digest,
                                   {"You follow Morning"},
                                   {{now, now + 24h, {}, {{20, 0}, {21, 0}, {22, 0}}}}},
                                  now);
    assign_items(db, items, digest);
    return digest;
  }

  bool balances() { return read_ledger(db)->balances(); }
  void tamper(const char* sql) {
    CHECK(balances());
    db.execute(sql);
    INFO(sql);
    CHECK_FALSE(balances());
  }
};

}  // namespace

TEST_CASE("matched is delivered, suppressed, queued and failed, per story, batch and in all") {
  Books books;
  const auto ledger = read_ledger(books.db).value();
  CHECK(ledger.balances());
  REQUIRE(ledger.stories.size() == 1);
  CHECK(ledger.stories[0].id == "s1");
  CHECK(ledger.stories[0].title == "The harbour reopens");
  CHECK(ledger.stories[0].seen_at == now);
  const auto& tally = ledger.total;
  CHECK(tally.matched == 15);
  CHECK(tally.delivered == 1);
  CHECK(tally.failed.at("smtp-5.1.1") == 1);
  CHECK(tally.suppressed.at("unsubscribed") == 2);
  CHECK(tally.queued == 11);
  REQUIRE(ledger.batches.size() == 1);
  CHECK(ledger.batches[0].tally.matched == 12);
  CHECK(ledger.batches[0].tally.queued == 8);
}

TEST_CASE("channels and lanes balance, too, and come to the total") {
  Books books;
  Story story;
  story.id = "s2";
  story.version = 1;
  store_story(books.db, story, {6}, now);
  add_batch(books.db,
            {{"s2", 1, {}, {}},
             ChannelKind::webhook,
             Lane::breaking,
             {"because"},
             {{now, now + 4h, {}, {{1, 0}, {2, 0}}}}},
            now);
  DigestItem full{"evening", ChannelKind::whatsapp, "s2", 1, {{}, {{20, 0}, {21, 0}, {22, 0}, {23, 0}}}};
  full.suppressed = "digest full";
  add_digest_item(books.db, full);

  auto ledger = read_ledger(books.db).value();
  CHECK(ledger.balances());
  CHECK(parts_come_to_total(ledger));
  REQUIRE(ledger.by_channel.size() == 3);
  auto& email = ledger.by_channel[ChannelKind::email];
  CHECK(email.matched == 15);
  CHECK(email.delivered == 1);
  CHECK(email.queued == 11);  // three of them wait for the morning edition
  CHECK(email.suppressed == Counts{{"unsubscribed", 2}});
  CHECK(email.failed == Counts{{"smtp-5.1.1", 1}});
  CHECK(ledger.by_channel[ChannelKind::webhook].queued == 2);
  CHECK(ledger.by_channel[ChannelKind::whatsapp].suppressed == Counts{{"digest full", 4}});
  REQUIRE(ledger.by_lane.size() == 3);
  CHECK(ledger.by_lane[Lane::breaking].queued == 2);
  CHECK(ledger.by_lane[Lane::alert].matched == 12);
  CHECK(ledger.by_lane[Lane::digest].matched == 7);
  CHECK(ledger.by_lane[Lane::digest].queued == 3);

  const auto of_story = read_ledger(books.db, "s2").value();
  CHECK(of_story.by_channel.size() == 2);
  CHECK(parts_come_to_total(of_story));
  const auto of_batch = read_ledger(books.db, std::to_string(books.batch)).value();
  CHECK(of_batch.by_channel.at(ChannelKind::email).matched == 12);
  CHECK(of_batch.by_lane.at(Lane::alert).queued == 8);
  CHECK(parts_come_to_total(of_batch));
}

TEST_CASE("a limit shortens the lists and nothing else") {
  Books books;
  for (int i = 2; i <= 6; ++i) {
    Story story;
    story.id = "s" + std::to_string(i);
    story.version = 1;
    store_story(books.db, story, {2}, now + std::chrono::minutes(i));
    add_batch(books.db,
              {{story.id, 1, {}, {}},
               ChannelKind::webhook,
               Lane::alert,
               {"because"},
               {{now, now + 4h, {}, {{1, 0}, {2, 0}}}}},
              now);
  }
  const auto newest = read_ledger(books.db, {}, 2).value();
  REQUIRE(newest.stories.size() == 2);
  CHECK(newest.stories[0].id == "s6");
  CHECK(newest.stories[1].id == "s5");
  CHECK(newest.batches.size() == 2);
  CHECK(newest.stories_in_all == 6);
  CHECK(newest.batches_in_all == 6);
  CHECK(newest.total.matched == 25);
  CHECK(newest.total.queued == 21);
  CHECK(newest.by_channel.at(ChannelKind::webhook).matched == 10);
  CHECK(parts_come_to_total(newest));
  CHECK(newest.balances());
  CHECK(read_ledger(books.db).value().stories.size() == 6);

  books.db.execute("UPDATE story SET matched = 3 WHERE id IN ('s1', 's2', 's3')");
  const auto wrong = read_ledger(books.db, {}, 2).value();
  CHECK_FALSE(wrong.balances());
  REQUIRE(wrong.stories.size() == 4);  // the newest two, and two of those that are wrong
  CHECK(wrong.stories[2].id == "s3");
  CHECK(wrong.stories[3].id == "s2");
  CHECK(wrong.stories_in_all == 6);
}

TEST_CASE("a digest's deliveries count for the stories it carries") {
  Books books;
  const auto digest = books.publish_morning();
  recover(books.db, {ChannelKind::email}, now);
  for (auto claimed = claim(books.db, ChannelKind::email, now); claimed;
       claimed = claim(books.db, ChannelKind::email, now)) {
    if (claimed->batch_id != digest) continue;
    settle(books.db,
           std::vector<Settled>{Settled{claimed->deliveries[0], ChannelKind::email, Lane::digest,
                                        Settlement::delivered, 1, now, "", ""}},
           now);
    settle(books.db,
           std::vector<Settled>{Settled{claimed->deliveries[1], ChannelKind::email, Lane::digest,
                                        Settlement::suppressed, 1, now, "unsubscribed", ""}},
           now);
  }
  const auto ledger = read_ledger(books.db, "s1").value();
  CHECK(ledger.balances());
  CHECK(ledger.total.delivered == 2);
  CHECK(ledger.total.suppressed.at("unsubscribed") == 3);
  CHECK(ledger.by_lane.at(Lane::digest).delivered == 1);
  CHECK(ledger.by_lane.at(Lane::digest).suppressed == Counts{{"unsubscribed", 1}});
  CHECK(parts_come_to_total(ledger));
  const auto found = fates(books.db, "s1", 21);
  REQUIRE(found.size() == 1);
  CHECK(found[0].state == "suppressed: unsubscribed");
  CHECK(found[0].edition == "morning");
}

TEST_CASE("a ledger is asked for by story, batch or its message id") {
  Books books;
  CHECK(read_ledger(books.db, "s1")->stories.size() == 1);
  CHECK(read_ledger(books.db, std::to_string(books.batch))->batches.size() == 1);
  auto uid = books.db.query("SELECT uid FROM batch");
  uid.step();
  CHECK(read_ledger(books.db, std::string(uid.text(0)))->total.matched == 12);
  for (const auto* unknown : {"s2", "999", "s", "' OR 1=1 --", "1 "})
    CHECK_FALSE(read_ledger(books.db, unknown));
}

TEST_CASE("an empty ledger balances") {
  MigratedDatabase db;
  const auto ledger = read_ledger(db);
  REQUIRE(ledger);
  CHECK(ledger->balances());
  CHECK(ledger->stories.empty());
}

TEST_CASE("what became of one reader can be asked") {
  Books books;
  const auto state = [&](std::uint32_t number) {
    const auto found = fates(books.db, "s1", number);
    return found.empty() ? std::string("nothing") : found[0].state;
  };
  CHECK(state(1) == "delivered");
  CHECK(state(2) == "failed: smtp-5.1.1");
  CHECK(state(3) == "queued");
  CHECK(state(4) == "queued");
  CHECK(state(11) == "suppressed: unsubscribed");
  CHECK(state(99) == "nothing");
  CHECK(fates(books.db, "s1", 2)[0].reply == "550 no such user");
  CHECK(fates(books.db, "s2", 1).empty());
}

TEST_CASE("books that were tampered with do not balance") {
  Books books;
  SECTION("a story that claims more, or less") {
    books.tamper("UPDATE story SET matched = 16");
  }
  SECTION("a chunk that is gone") {
    books.tamper("DELETE FROM chunk WHERE suppressed IS NOT NULL");
  }
  SECTION("a batch that is gone") {
    books.db.execute("PRAGMA foreign_keys = OFF");
    books.tamper("DELETE FROM batch");
  }
  SECTION("a batch that is larger than its chunks") {
    books.tamper("UPDATE batch SET size = 13");
  }
  SECTION("a bit that was set by nobody") {
    books.tamper("UPDATE chunk SET settled = x'FF03' WHERE suppressed IS NULL");
  }
  SECTION("a bit beyond the last member") {
    books.tamper("UPDATE chunk SET settled = x'03FF' WHERE suppressed IS NULL");
  }
  SECTION("bits that are cut off") {
    books.tamper("UPDATE chunk SET settled = x'03' WHERE suppressed IS NULL");
  }
  SECTION("a retry that is gone") {
    books.tamper("DELETE FROM exception WHERE state = 'retry'");
  }
  SECTION("a retry that became a failure") {
    books.tamper("UPDATE exception SET state = 'failed' WHERE state = 'retry'");
  }
  SECTION("an exception of a stranger") {
    books.tamper("UPDATE exception SET number = 4711 WHERE state = 'failed'");
  }
  SECTION("an audience that lost members") {
    books.tamper(
        "UPDATE chunk SET members = (SELECT members FROM chunk WHERE suppressed IS NOT NULL) WHERE "
        "suppressed IS NULL");
  }
  SECTION("an audience that is garbage") {
    books.tamper("UPDATE chunk SET members = x'FFFFFF' WHERE suppressed IS NULL");
  }
  SECTION("a counter that is off") {
    books.tamper("UPDATE chunk SET open = open - 1 WHERE suppressed IS NULL");
  }
  SECTION("a digest item that is gone") {
    books.tamper("DELETE FROM digest_item");
  }
  SECTION("a digest item that shrank") {
    books.tamper("UPDATE digest_item SET size = 2");
  }
  SECTION("a digest item of a channel and lane that shrank beside its members") {
    books.publish_morning();
    books.tamper("UPDATE digest_item SET size = 2");
    CHECK(read_ledger(books.db)->total.balances());
    CHECK_FALSE(read_ledger(books.db)->by_channel.at(ChannelKind::email).balances());
    CHECK_FALSE(read_ledger(books.db)->by_lane.at(Lane::digest).balances());
  }
}
