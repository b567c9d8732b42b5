#include "app/ledger_keeper.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "db/database.hpp"
#include "outbox/old_ledger.hpp"

namespace crier {

namespace asio = boost::asio;

LedgerKeeper::LedgerKeeper(Database& database, Clock& clock,
                           std::function<std::shared_ptr<const Config>()> config)
    : database_(database), clock_(clock), config_(std::move(config)) {}

asio::awaitable<void> LedgerKeeper::run() {
  for (;;) {
    std::string failure;
    try {
      co_await prune();
    } catch (const SqliteError& e) {
      failure = e.what();
    }
    if (!failure.empty()) log::error("ledger.not_pruned", {{"what", failure}, {"next", "in an hour"}});
    co_await clock_.sleep_for(std::chrono::hours(1));
  }
}

// What is deleted may be lost by a power cut, and is then deleted again.
asio::awaitable<void> LedgerKeeper::prune() {
  constexpr std::int64_t at_once = 50;  // what is sent must not wait long for the database
  constexpr auto rest = std::chrono::milliseconds(20);
  const auto keep = config_()->keep_ledger;
  const auto before = clock_.now() - keep;
  std::int64_t retired = 0;
  for (auto last = at_once; last > 0; retired += last) {
    last = co_await database_.run([&](Sqlite& db) { return retire_old(db, before, at_once); },
                                  Durability::written);
    co_await clock_.sleep_for(rest);
  }
  std::int64_t deleted = 0;
  for (std::int64_t last = 1; last > 0; deleted += last) {
    last = co_await database_.run([&](Sqlite& db) { return delete_retired(db); }, Durability::written);
    co_await clock_.sleep_for(rest);
  }
  if (deleted > 0)
    log::info("ledger.pruned", {{"entries", retired}, {"rows", deleted}, {"older_than", to_string(keep)}});
}

}  // namespace crier
