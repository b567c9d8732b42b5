#include "db/setting.hpp"

#include "db/sqlite.hpp"

namespace crier {

Time first_seen(Sqlite& db, std::string_view key, Time now) {
  db.query("INSERT OR IGNORE INTO setting (key, value) VALUES (?, ?)")
      .bind(0, key)
      .bind(1, now.time_since_epoch().count())
      .run();
  return find_first_seen(db, key).value_or(now);
}

std::optional<Time> find_first_seen(Sqlite& db, std::string_view key) {
  auto since = db.query("SELECT value FROM setting WHERE key = ?");
  since.bind(0, key);
  if (!since.step()) return std::nullopt;
  return Time(Duration(since.integer(0)));
}

std::optional<std::string> find_setting(Sqlite& db, std::string_view key) {
  auto found = db.query("SELECT value FROM setting WHERE key = ?");
  found.bind(0, key);
  if (!found.step()) return std::nullopt;
  return std::string(found.text(0));
}

void put_setting(Sqlite& db, std::string_view key, std::string_view value) {
  db.query("INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)").bind(0, key).bind(1, value).run();
}

}  // namespace crier
