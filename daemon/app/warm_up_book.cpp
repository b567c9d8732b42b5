#include "app/warm_up_book.hpp"

#include <charconv>

#include <fmt/core.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "channel/relay_group.hpp"
#include "db/database.hpp"
#include "db/setting.hpp"

namespace crier {
namespace {

std::string key_of(const std::string& relay) {
  return "sent by " + relay;
}

}  // namespace

SentOnDay find_sent(Sqlite& db, const std::string& relay) {
  const auto found = find_setting(db, key_of(relay));
  if (!found) return {};
  std::int64_t day = 0;
  SentOnDay sent;
  const auto* const end = found->data() + found->size();
  const auto [space, failed] = std::from_chars(found->data(), end, day);
  if (failed != std::errc() || space == end) return {};
  std::from_chars(space + 1, end, sent.count);
  sent.day = std::chrono::sys_days(std::chrono::days(day));
  return sent;
}

void load_sent_today(Sqlite& db, RelayGroup& relays) {
  for (const auto& [name, unused] : relays.sent()) relays.remember(name, find_sent(db, name));
}

boost::asio::awaitable<void> WarmUpBook::run() {
  for (;;) {
    co_await write();
    co_await clock_.sleep_for(std::chrono::seconds(1));
  }
}

boost::asio::awaitable<void> WarmUpBook::write() {
  auto sent = relays_.sent();
  if (sent == written_) co_return;
  std::string failure;
  try {
    co_await database_.run(
        [&](Sqlite& db) {
          for (const auto& [name, on_day] : sent)
            put_setting(db, key_of(name),
                        fmt::format("{} {}", on_day.day.time_since_epoch().count(), on_day.count));
        },
        Durability::written);
    written_ = std::move(sent);
  } catch (const SqliteError& e) {
    failure = e.what();
  }
  if (!failure.empty()) log::error("warm_up.unwritten", {{"what", failure}, {"next", "in a second"}});
}

}  // namespace crier
