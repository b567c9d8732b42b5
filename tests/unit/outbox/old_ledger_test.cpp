// The ledger is kept for a time; what goes goes as a whole, and nothing that is owed.
#include "outbox/old_ledger.hpp"

#include <catch2/catch.hpp>

#include "db/sqlite.hpp"
#include "outbox/digest_items.hpp"
#include "outbox/ledger.hpp"
#include "outbox/outbox.hpp"
#include "outbox/reader_ledger.hpp"
#include "outbox/settlements.hpp"
#include "story/story_log.hpp"
#include "support/migrated.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

const auto now = parse_rfc3339("2026-11-23T12:00:00Z").value();
constexpr auto day = std::chrono::days(1);

struct Books {
  MigratedDatabase db;

  void see(const std::string& id, Time at, std::int64_t matched) {
    Story story;
    story.id = id;
    story.version = 1;
    story.title = id;
    store_story(db, story, {matched}, at);
  }

  void add_alert(const std::string& id, Time at, std::uint32_t readers) {
    BatchPlan plan{{id, 1, {}, {}}, ChannelKind::email, Lane::alert, {"because"}, {{at, at + 4h, {}, {}}}};
    for (std::uint32_t number = 1; number <= readers; ++number) plan.groups[0].members.push_back({number, 0});
    add_batch(db, plan, at);
  }

  void add_item(const std::string& id, std::string dropped = {}) {
    DigestItem item{"weekly", ChannelKind::email, id, 1, {{"because"}, {{1, 0}, {2, 0}}}};
    item.suppressed = std::move(dropped);
    add_digest_item(db, item);
  }

  void publish(Time at) {
    const auto keys = pending_keys(db, "weekly", ChannelKind::email, at);
    const auto batch = add_batch(db,
                                 {{{}, 0, "weekly", "2026-11-24T07:00"},
                                  ChannelKind::email,
                                  Lane::digest,
                                  {"You follow Weekly"},
                                  {{at, at + 24h, {}, {{1, 0}, {2, 0}}}}},
                                 at);
    assign_items(db, keys, batch);
  }

  // Every second is refused, so that there are rows of all kinds.
  void deliver_all(Time at) {
    while (auto claimed = claim(db, ChannelKind::email, at)) {
      std::vector<Settled> settled;
      for (const auto& delivery : claimed->deliveries)
        settled.push_back(
            {.delivery = delivery,
             .channel = claimed->channel,
             .lane = claimed->lane,
             .settlement = delivery.number % 2 == 0 ? Settlement::failed : Settlement::delivered,
             .attempts = 1,
             .due_at = at,
             .reason = delivery.number % 2 == 0 ? "smtp-5.1.1" : "",
             .reply = "they said so"});
      settle(db, settled, at);
    }
  }

  std::int64_t count(const std::string& table) {
    auto row = db.query("SELECT COUNT(*) FROM " + table);
    row.step();
    return row.integer(0);
  }

  // As the daemon does it, looking at the books after each step.
  void prune(Time before) {
    for (int steps = 0; retire_old(db, before, 2) > 0; ++steps) {
      REQUIRE(steps < 1000);
      CHECK(read_ledger(db)->balances());
    }
    for (int steps = 0; delete_retired(db) > 0; ++steps) {
      REQUIRE(steps < 1000);
      CHECK(read_ledger(db)->balances());
    }
  }
};

}  // namespace

TEST_CASE("what is older than it is kept for goes, and the rest balances all the while") {
  Books books;
  for (int i = 0; i < 5; ++i) {
    const auto at = now - (10 - i) * day;
    const auto id = "old" + std::to_string(i);
    books.see(id, at, 9000);
    books.add_alert(id, at, 9000);
    books.deliver_all(at);
  }
  books.see("fresh", now, 10);
  books.add_alert("fresh", now, 10);
  books.deliver_all(now);
  books.prune(now - day);
  const auto ledger = read_ledger(books.db).value();
  CHECK(ledger.balances());
  REQUIRE(ledger.stories.size() == 1);
  CHECK(ledger.stories[0].id == "fresh");
  CHECK(ledger.batches.size() == 1);
  CHECK(books.count("batch") == 1);
  CHECK(books.count("chunk") == 1);
  CHECK(books.count("exception") == 5);
  CHECK(books.count("reply") == 5);
  CHECK_FALSE(read_ledger(books.db, "old0").has_value());
  CHECK(read_reader_ledger(books.db, 1, 100).deliveries.size() == 1);
  CHECK(books.count("story") == 6);  // known, should it come again
}

TEST_CASE("what is owed stays, however old") {
  Books books;
  const auto then = now - 500 * day;
  for (const auto* id : {"queued", "retried", "waiting", "done"}) books.see(id, then, 2);
  books.add_alert("done", then, 2);
  books.deliver_all(then);
  books.add_alert("retried", then, 2);
  const auto claimed = claim(books.db, ChannelKind::email, then).value();
  std::vector<Settled> settled;
  for (const auto& delivery : claimed.deliveries)
    settled.push_back({.delivery = delivery,
                       .settlement = Settlement::retry,
                       .attempts = 1,
                       .due_at = now + day,
                       .reason = "smtp-4.2.2",
                       .reply = {}});
  settle(books.db, settled, then);
  books.add_alert("queued", then, 2);
  books.add_item("waiting");
  books.prune(now);
  const auto ledger = read_ledger(books.db).value();
  CHECK(ledger.balances());
  CHECK(ledger.stories.size() == 3);
  CHECK(ledger.total.queued == 6);
  CHECK(books.count("batch") == 2);
}

TEST_CASE("a story stays for as long as a later digest carries it, and goes with that") {
  Books books;
  const auto then = now - 10 * day;
  books.see("s1", then, 5);
  books.add_alert("s1", then, 1);
  books.add_item("s1");
  books.add_item("s1", "reported before");
  books.see("s2", now - 4 * day, 2);
  books.add_item("s2");
  books.publish(now - 4 * day);
  books.deliver_all(now - 4 * day);
  REQUIRE(read_ledger(books.db)->balances());

  books.prune(now - 5 * day);
  CHECK(read_ledger(books.db)->stories.size() == 2);
  CHECK(read_reader_ledger(books.db, 1, 100).deliveries.size() == 3);

  books.prune(now);
  const auto ledger = read_ledger(books.db).value();
  CHECK(ledger.stories.empty());
  CHECK(ledger.batches.empty());
  for (const auto* table : {"batch", "chunk", "exception", "digest_item"}) CHECK(books.count(table) == 0);
}
