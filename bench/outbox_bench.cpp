#include <filesystem>
#include <map>
#include <random>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/exit_codes.hpp"
#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "benches.hpp"
#include "db/schema.hpp"
#include "db/sqlite.hpp"
#include "measure.hpp"
#include "options.hpp"
#include "outbox/ledger.hpp"
#include "outbox/outbox.hpp"
#include "outbox/settlements.hpp"

namespace crier::bench {
namespace {

namespace json = boost::json;

struct Options {
  std::int64_t deliveries = 1'000'000;
  std::int64_t settle_together = 1000;
  std::int64_t one_in = 1;
  std::int64_t seed = 20231018;
};

// A database file of its own, in the working directory so that syncs reach a real disk.
class Scratch {
 public:
  Scratch() : path_("crier-bench-" + to_hex(random_bytes(6)) + ".db") {}
  ~Scratch() {
    std::error_code ignored;
    for (const auto* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_.string() + suffix, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

double bytes_each(Sqlite& db, std::int64_t before, std::int64_t deliveries) {
  db.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  auto size = db.query(
      "SELECT (SELECT page_count FROM pragma_page_count) - (SELECT freelist_count FROM "
      "pragma_freelist_count)");
  size.step();
  return static_cast<double>(size.integer(0) - before) * 4096 / static_cast<double>(deliveries);
}

std::int64_t pages(Sqlite& db) {
  auto count = db.query("SELECT page_count FROM pragma_page_count");
  count.step();
  return count.integer(0);
}

struct Figures {
  double add_s = 0;
  double settle_s = 0;
  double bytes = 0;
  bool balanced = true;

  json::object to_json(std::int64_t deliveries) const {
    return {{"add_s", add_s},
            {"settle_s", settle_s},
            {"deliveries_per_s", static_cast<double>(deliveries) / (add_s + settle_s)},
            {"bytes_per_delivery", bytes}};
  }
};

Figures run_ours(const Options& options) {
  const Scratch scratch;
  Sqlite db(scratch.path());
  migrate(db);
  const auto before = pages(db);
  const Time now{};
  BatchPlan plan;
  plan.subject.story_id = "bench";
  plan.subject.story_version = 1;
  plan.reasons = {"You follow the benchmark"};
  BatchGroup group{now, now + std::chrono::hours(1), {}, {}};
  std::mt19937_64 random(static_cast<std::uint64_t>(options.seed));
  for (std::uint32_t number = 1; static_cast<std::int64_t>(group.members.size()) < options.deliveries;
       ++number) {
    if (random() % static_cast<std::uint64_t>(options.one_in) == 0) group.members.push_back({number, 0});
  }
  plan.groups.push_back(std::move(group));
  Figures figures;
  figures.add_s = seconds_of([&] {
    Transaction transaction(db);
    add_batch(db, plan, now);
    transaction.commit();
  });
  figures.settle_s = seconds_of([&] {
    std::vector<Settled> together;
    const auto flush = [&] {
      Transaction transaction(db);
      settle(db, together, now);
      transaction.commit();
      together.clear();
    };
    for (;;) {
      Transaction transaction(db);
      const auto claimed = claim(db, ChannelKind::email, now);
      transaction.commit();
      if (!claimed) break;
      for (const auto& delivery : claimed->deliveries) {
        together.push_back({.delivery = delivery, .due_at = now, .reason = {}, .reply = {}});
        if (static_cast<std::int64_t>(together.size()) >= options.settle_together) flush();
      }
      flush();  // a claimed chunk is settled before the next is asked for
    }
  });
  figures.bytes = bytes_each(db, before, options.deliveries);
  const auto ledger = read_ledger(db).value();
  figures.balanced = ledger.balances() && ledger.batches.front().tally.delivered == options.deliveries;
  return figures;
}

// The peer: one row per delivery and a partial index over those that wait, as most queues in SQL have it.
Figures run_rows(const Options& options) {
  const Scratch scratch;
  Sqlite db(scratch.path());
  db.execute(
      "CREATE TABLE delivery (id INTEGER PRIMARY KEY, batch INTEGER, subscriber INTEGER, state INTEGER)");
  db.execute("CREATE INDEX waiting ON delivery (id) WHERE state = 0");
  const auto before = pages(db);
  Figures figures;
  figures.add_s = seconds_of([&] {
    Transaction transaction(db);
    for (std::int64_t i = 0; i < options.deliveries; ++i)
      db.query("INSERT INTO delivery (batch, subscriber, state) VALUES (1, ?, 0)").bind(0, i + 1).run();
    transaction.commit();
  });
  figures.settle_s = seconds_of([&] {
    for (;;) {
      std::vector<std::int64_t> ids;
      {
        Transaction transaction(db);
        auto rows = db.query("SELECT id FROM delivery WHERE state = 0 ORDER BY id LIMIT ?");
        rows.bind(0, options.settle_together);
        while (rows.step()) ids.push_back(rows.integer(0));
        rows.reset();
        transaction.commit();
      }
      if (ids.empty()) break;
      Transaction transaction(db);
      for (const auto id : ids) db.query("UPDATE delivery SET state = 1 WHERE id = ?").bind(0, id).run();
      transaction.commit();
    }
  });
  figures.bytes = bytes_each(db, before, options.deliveries);
  return figures;
}

}  // namespace

int outbox_bench(const Words& words) {
  Options options;
  const bool good = read_options(words, {{"--deliveries", &options.deliveries},
                                         {"--settle-together", &options.settle_together},
                                         {"--one-in", &options.one_in},
                                         {"--seed", &options.seed}});
  if (!good)
    return complain(
        words, "Usage: crier-bench outbox [--deliveries N] [--settle-together N] [--one-in N] [--seed N]\n");
  const auto ours = run_ours(options);
  const auto rows = run_rows(options);
  const json::object out{{"bench", "outbox"},
                         {"deliveries", options.deliveries},
                         {"settle_together", options.settle_together},
                         {"one_in", options.one_in},
                         {"balanced", ours.balanced},
                         {"crier", ours.to_json(options.deliveries)},
                         {"rows", rows.to_json(options.deliveries)},
                         {"ratio_time", (rows.add_s + rows.settle_s) / (ours.add_s + ours.settle_s)},
                         {"ratio_bytes", rows.bytes / ours.bytes}};
  fmt::print("{}\n", json::serialize(out));
  return ours.balanced ? exit_code::ok : exit_code::no_match;
}

}  // namespace crier::bench
