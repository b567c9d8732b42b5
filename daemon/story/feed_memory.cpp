#include "story/feed_memory.hpp"

#include "db/sqlite.hpp"
#include "db/time_column.hpp"

namespace crier {
namespace {

std::optional<Time> time_or_null(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(from_ms(row.integer(column)));
}

}  // namespace

const std::string& FeedMemory::address() const {
  return moved_times >= believed_moves ? moved_to : url;
}

FeedMemory load_feed(Sqlite& db, std::string_view name, std::string_view url) {
  FeedMemory memory;
  memory.url = url;
  auto row = db.query(
      "SELECT url, begun_at, moved_to, moved_times, etag, last_modified, body_hash, interval, failures, "
      "failure,"
      " ended, polled_at, next_at, read_at, new_at FROM feed WHERE name = ?");
  row.bind(0, name);
  if (!row.step() || row.text(0) != url) return memory;
  memory.begun_at = time_or_null(row, 1);
  memory.moved_to = row.text(2);
  memory.moved_times = static_cast<int>(row.integer(3));
  memory.etag = row.text(4);
  memory.last_modified = row.text(5);
  memory.body_hash = row.blob(6);
  memory.interval = Duration(row.integer(7));
  memory.failures = static_cast<int>(row.integer(8));
  memory.failure = row.text(9);
  memory.ended = row.text(10);
  memory.polled_at = from_ms(row.integer(11));
  memory.next_at = from_ms(row.integer(12));
  memory.read_at = time_or_null(row, 13);
  memory.new_at = time_or_null(row, 14);
  return memory;
}

void store_feed(Sqlite& db, std::string_view name, const FeedMemory& memory) {
  auto row = db.query(
      "INSERT OR REPLACE INTO feed (name, url, moved_to, moved_times, etag, last_modified, body_hash, "
      "interval,"
      " failures, failure, ended, polled_at, next_at, begun_at, read_at, new_at)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  row.bind(0, name)
      .bind(1, memory.url)
      .bind(2, memory.moved_to)
      .bind(3, std::int64_t{memory.moved_times})
      .bind(4, memory.etag)
      .bind(5, memory.last_modified)
      .bind_blob(6, memory.body_hash)
      .bind(7, static_cast<std::int64_t>(memory.interval.count()))
      .bind(8, std::int64_t{memory.failures})
      .bind(9, memory.failure)
      .bind(10, memory.ended)
      .bind(11, to_ms(memory.polled_at))
      .bind(12, to_ms(memory.next_at));
  if (memory.begun_at) row.bind(13, to_ms(*memory.begun_at));
  if (memory.read_at) row.bind(14, to_ms(*memory.read_at));
  if (memory.new_at) row.bind(15, to_ms(*memory.new_at));
  row.run();
}

}  // namespace crier
