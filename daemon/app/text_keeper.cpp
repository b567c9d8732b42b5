#include "app/text_keeper.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "db/database.hpp"
#include "outbox/old_texts.hpp"
#include "story/story_groups.hpp"

namespace crier {

namespace asio = boost::asio;

TextKeeper::TextKeeper(Database& database, Clock& clock,
                       std::function<std::shared_ptr<const Config>()> config)
    : database_(database), clock_(clock), config_(std::move(config)) {}

asio::awaitable<void> TextKeeper::run() {
  for (;;) {
    std::string failure;
    try {
      co_await drop_old();
    } catch (const SqliteError& e) {
      failure = e.what();
    }
    if (!failure.empty()) log::error("story_log.not_pruned", {{"what", failure}, {"next", "in an hour"}});
    co_await clock_.sleep_for(std::chrono::hours(1));
  }
}

asio::awaitable<void> TextKeeper::drop_old() {
  constexpr std::int64_t at_once = 500;  // what is sent must not wait long for the database
  const auto keep = config_()->keep_texts;
  const auto before = clock_.now() - keep;
  std::int64_t dropped = 0;
  for (auto last = at_once; last == at_once; dropped += last)
    last = co_await database_.run([&](Sqlite& db) { return drop_old_texts(db, before, at_once); });
  for (auto last = at_once; last == at_once;)
    last = co_await database_.run([&](Sqlite& db) { return drop_prints(db, before, at_once); });
  for (auto last = at_once; last == at_once;)
    last = co_await database_.run([&](Sqlite& db) { return drop_groups(db, before, at_once); });
  if (dropped > 0) log::info("story_log.pruned", {{"texts", dropped}, {"older_than", to_string(keep)}});
}

}  // namespace crier
