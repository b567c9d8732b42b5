#include "story/feed_memory.hpp"

#include <algorithm>

#include "db/sqlite.hpp"

namespace crier {
namespace {

std::optional<Time> time_at(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return Time(Duration(row.integer(column)));
}

void bind_time(Statement& row, int index, std::optional<Time> time) {
  if (time)
    row.bind(index, time->time_since_epoch().count());
  else
    row.bind_null(index);
}

}  // namespace

bool follow_move(FeedMemory& memory, const FeedAnswer& answer) {
  using Kind = FeedAnswer::Kind;
  if (answer.kind != Kind::body && answer.kind != Kind::unchanged) return false;
  if (answer.permanent_url == memory.url) {
    memory.moving_to.clear();
    memory.moves = 0;
    return false;
  }
  memory.moves = answer.permanent_url == memory.moving_to ? memory.moves + 1 : 1;
  memory.moving_to = answer.permanent_url;
  if (memory.moves < moves_to_believe) return false;
  memory.url = std::exchange(memory.moving_to, {});
  memory.moves = 0;
  return true;
}

bool return_home(FeedMemory& memory) {
  if (memory.url == memory.configured_url || memory.failures + 1 < failures_to_return) return false;
  memory.url = memory.configured_url;
  return true;
}

std::optional<FeedMemory> load_feed(Sqlite& db, std::string_view name, std::string_view configured_url) {
  auto row = db.query(
      "SELECT url, moving_to, moves, validated_url, etag, last_modified, body_hash, ttl, skipped_hours,"
      " skipped_days, interval, failures, failure, failing_since, noted_at, fetched_at, next_at, ended"
      " FROM feed WHERE name = ? AND (configured_url = ? OR url = ?)");
  row.bind(0, name).bind(1, configured_url).bind(2, configured_url);
  if (!row.step()) return std::nullopt;
  FeedMemory memory;
  memory.configured_url = configured_url;
  memory.url = row.text(0);
  memory.moving_to = row.text(1);
  memory.moves = static_cast<int>(row.integer(2));
  memory.validators = {std::string(row.text(3)), std::string(row.text(4)), std::string(row.text(5))};
  memory.body_hash = row.blob(6);
  if (!row.is_null(7)) memory.pace.ttl = Duration(row.integer(7));
  memory.pace.skipped_hours = static_cast<std::uint32_t>(row.integer(8));
  memory.pace.skipped_days = static_cast<std::uint32_t>(row.integer(9));
  memory.interval = Duration(row.integer(10));
  memory.failures = static_cast<int>(row.integer(11));
  memory.failure = row.text(12);
  memory.failing_since = time_at(row, 13);
  memory.noted_at = time_at(row, 14);
  memory.fetched_at = time_at(row, 15);
  memory.next_at = time_at(row, 16);
  memory.ended = row.text(17);
  return memory;
}

void store_feed(Sqlite& db, std::string_view name, const FeedMemory& memory) {
  auto row = db.query(
      "INSERT OR REPLACE INTO feed (name, configured_url, url, moving_to, moves, validated_url, etag,"
      " last_modified, body_hash, ttl, skipped_hours, skipped_days, interval, failures, failure,"
      " failing_since, noted_at, fetched_at, next_at, ended)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  row.bind(0, name).bind(1, memory.configured_url).bind(2, memory.url).bind(3, memory.moving_to);
  row.bind(4, std::int64_t{memory.moves}).bind(5, memory.validators.url).bind(6, memory.validators.etag);
  row.bind(7, memory.validators.last_modified).bind_blob(8, memory.body_hash);
  if (memory.pace.ttl)
    row.bind(9, memory.pace.ttl->count());
  else
    row.bind_null(9);
  row.bind(10, std::int64_t{memory.pace.skipped_hours}).bind(11, std::int64_t{memory.pace.skipped_days});
  row.bind(12, memory.interval.count()).bind(13, std::int64_t{memory.failures}).bind(14, memory.failure);
  bind_time(row, 15, memory.failing_since);
  bind_time(row, 16, memory.noted_at);
  bind_time(row, 17, memory.fetched_at);
  bind_time(row, 18, memory.next_at);
  row.bind(19, memory.ended).run();
}

void forget_other_feeds(Sqlite& db, const std::vector<std::string>& names) {
  std::vector<std::string> gone;
  {
    auto rows = db.query("SELECT name FROM feed");
    while (rows.step())
      if (std::ranges::find(names, rows.text(0)) == names.end()) gone.emplace_back(rows.text(0));
  }
  for (const auto& name : gone) {
    db.query("DELETE FROM feed WHERE name = ?").bind(0, name).run();
    db.query("DELETE FROM hub_lease WHERE source = ?").bind(0, name).run();
  }
}

}  // namespace crier
