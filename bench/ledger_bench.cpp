#include <random>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/exit_codes.hpp"
#include "benches.hpp"
#include "db/schema.hpp"
#include "db/sqlite.hpp"
#include "measure.hpp"
#include "options.hpp"
#include "outbox/ledger.hpp"
#include "outbox/orders.hpp"
#include "outbox/outbox.hpp"
#include "outbox/queue_view.hpp"
#include "outbox/reader_ledger.hpp"

namespace crier::bench {
namespace {

namespace json = boost::json;

struct Options {
  std::int64_t batches = 1000;
  std::int64_t readers = 1'000'000;
  std::int64_t one_in = 1;
  std::int64_t seed = 20231018;
};

// Batches to the same readers, one more for a reader whom no other has, and all of them delivered but the
// last.
void fill(Sqlite& db, const Options& options) {
  const Time start{};
  std::mt19937_64 random(static_cast<std::uint64_t>(options.seed));
  BatchPlan plan;
  plan.subject.story_version = 1;
  plan.reasons = {"You follow the benchmark"};
  plan.groups.push_back({start, start + std::chrono::hours(1), {}, {}});
  auto& members = plan.groups.front().members;
  for (std::uint32_t number = 1; static_cast<std::int64_t>(members.size()) < options.readers; ++number) {
    if (number != 1 && random() % static_cast<std::uint64_t>(options.one_in) == 0)
      members.push_back({number, 0});
  }
  for (std::int64_t i = 0; i < options.batches; ++i) {
    Transaction transaction(db);
    plan.subject.story_id = fmt::format("story-{}", i);
    const auto id = add_batch(db, plan, start + std::chrono::minutes(i));
    if (i + 1 < options.batches) {
      db.query(
            "UPDATE chunk SET open = 0, settled = (SELECT x.settled FROM chunk x WHERE x.batch_id = ?1 LIMIT "
            "1)"
            " WHERE batch_id = ?1")
          .bind(0, id)
          .run();
    }
    transaction.commit();
  }
  Transaction transaction(db);
  plan.subject.story_id = "for one";
  members = {{1, 0}};
  add_batch(db, plan, start);
  transaction.commit();
}

double milliseconds_of(const std::function<void()>& work) {
  constexpr double in_a_second = 1000;
  return seconds_of(work) * in_a_second;
}

}  // namespace

int ledger_bench(const Words& words) {
  Options options;
  if (!read_options(words, {{"--batches", &options.batches},
                            {"--readers", &options.readers},
                            {"--one-in", &options.one_in},
                            {"--seed", &options.seed}}))
    return complain(words, "Usage: crier-bench ledger [--batches N] [--readers N] [--one-in N] [--seed N]\n");
  const ScratchFolder folder;
  const auto path = folder.path() / "crier.db";
  json::object out{{"bench", "ledger"}, {"batches", options.batches}, {"readers", options.readers}};
  {
    Sqlite db(path);
    migrate(db);
    out["fill_s"] = seconds_of([&] { fill(db, options); });
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  constexpr double mb = 1 << 20;
  out["database_mb"] = static_cast<double>(std::filesystem::file_size(path)) / mb;
  const auto reader = static_cast<std::uint32_t>(options.readers / 2);
  // A connection of its own each, as a command has it.
  const auto read = [&](const char* name, auto work) {
    Sqlite db(path, Sqlite::Mode::read_only);
    out[name] = milliseconds_of([&] { work(db); });
  };
  std::size_t found = 0;
  read("newest_20_ms", [&](Sqlite& db) { found = read_reader_ledger(db, reader, 20).deliveries.size(); });
  out["found"] = found;
  read("all_ms", [&](Sqlite& db) { found = read_reader_ledger(db, reader, whole_ledger).deliveries.size(); });
  out["found_in_all"] = found;
  read("reader_of_one_batch_ms",
       [&](Sqlite& db) { found = read_reader_ledger(db, 1, 20).deliveries.size(); });
  out["found_of_one"] = found;
  read("balance_ms", [&](Sqlite& db) {
    walk_ledger(db, {}, 20, {[](const StoryLedger&) {}, [](const BatchLedger&) {}});
  });
  read("queue_ms", [&](Sqlite& db) { read_queue(db, Time{}); });
  {
    Sqlite db(path);
    Order order{
        Act::drop, {TargetKind::batch, std::to_string(options.batches)}, "the benchmark", "bench", {}};
    std::int64_t stopped = 0;
    // One in three is at one domain.
    OrderContext context;
    context.numbers_in = [&](std::string_view, ChannelKind) {
      std::vector<std::uint32_t> numbers;
      for (std::int64_t number = 3; number <= options.readers * options.one_in; number += 3)
        numbers.push_back(static_cast<std::uint32_t>(number));
      return numbers;
    };
    const Order domain{Act::drop, {TargetKind::domain, "example.org"}, "the benchmark", "bench", {}};
    out["drop_domain_ms"] = milliseconds_of([&] {
      Transaction transaction(db);
      stopped = carry_out(db, domain, context, Time{}).value().stopped;
      transaction.commit();
    });
    out["dropped_of_domain"] = stopped;
    out["recall_ms"] = milliseconds_of([&] {
      Transaction transaction(db);
      stopped = carry_out(db, order, {}, Time{}).value().stopped;
      transaction.commit();
    });
    out["recalled"] = stopped;
  }
  fmt::print("{}\n", json::serialize(out));
  return exit_code::ok;
}

}  // namespace crier::bench
