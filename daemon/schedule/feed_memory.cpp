#include "schedule/feed_memory.hpp"

#include "db/sqlite.hpp"
#include "db/time_column.hpp"

namespace crier {
namespace {

std::optional<Time> time_or_null(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(from_ms(row.integer(column)));
}

void forget_move(FeedMemory& memory) {
  memory.moved_to.clear();
  memory.moved_times = 0;
}

}  // namespace

const std::string& FeedMemory::address() const {
  return moved_times >= believed_moves ? moved_to : url;
}

bool note_move(FeedMemory& memory, const std::string& moved_to, PollResult result) {
  const auto before = memory.address();
  const bool is_believed = memory.moved_times >= believed_moves;
  if (result == PollResult::failed) {
    if (!is_believed || memory.pace.failures >= believed_moves) forget_move(memory);
  } else if (moved_to.empty()) {
    if (!is_believed) forget_move(memory);
  } else {
    memory.moved_times = moved_to == memory.moved_to ? memory.moved_times + 1 : 1;
    memory.moved_to = moved_to;
  }
  return memory.address() != before;
}

FeedMemory load_feed(Sqlite& db, std::string_view name, std::string_view url) {
  FeedMemory memory;
  memory.url = url;
  auto row = db.query(
      "SELECT url, begun_at, moved_to, moved_times, validated_url, etag, last_modified, body_hash, ttl,"
      " skipped_hours, skipped_days, interval, failures, failure, ended, polled_at, next_at, read_at"
      " FROM feed WHERE name = ?");
  row.bind(0, name);
  if (!row.step()) return memory;
  FeedMemory known;
  known.url = row.text(0);
  known.begun_at = time_or_null(row, 1);
  known.moved_to = row.text(2);
  known.moved_times = static_cast<int>(row.integer(3));
  known.validators = {std::string(row.text(4)), std::string(row.text(5)), std::string(row.text(6))};
  known.body_hash = row.blob(7);
  if (!row.is_null(8)) known.hints.ttl = Duration(row.integer(8));
  known.hints.skipped_hours = static_cast<std::uint32_t>(row.integer(9));
  known.hints.skipped_days = static_cast<std::uint32_t>(row.integer(10));
  known.pace = {Duration(row.integer(11)), static_cast<int>(row.integer(12))};
  known.failure = row.text(13);
  known.ended = row.text(14);
  known.polled_at = from_ms(row.integer(15));
  known.next_at = from_ms(row.integer(16));
  known.read_at = time_or_null(row, 17);
  if (known.url == url) return known;
  if (known.address() != url) return memory;
  known.url = url;
  forget_move(known);
  return known;
}

void store_feed(Sqlite& db, std::string_view name, const FeedMemory& memory) {
  auto row = db.query(
      "INSERT OR REPLACE INTO feed (name, url, moved_to, moved_times, validated_url, etag, last_modified,"
      " body_hash, skipped_hours, skipped_days, interval, failures, failure, ended, polled_at, next_at,"
      " begun_at, read_at, ttl)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  row.bind(0, name)
      .bind(1, memory.url)
      .bind(2, memory.moved_to)
      .bind(3, std::int64_t{memory.moved_times})
      .bind(4, memory.validators.url)
      .bind(5, memory.validators.etag)
      .bind(6, memory.validators.last_modified)
      .bind_blob(7, memory.body_hash)
      .bind(8, std::int64_t{memory.hints.skipped_hours})
      .bind(9, std::int64_t{memory.hints.skipped_days})
      .bind(10, static_cast<std::int64_t>(memory.pace.interval.count()))
      .bind(11, std::int64_t{memory.pace.failures})
      .bind(12, memory.failure)
      .bind(13, memory.ended)
      .bind(14, to_ms(memory.polled_at))
      .bind(15, to_ms(memory.next_at));
  if (memory.begun_at) row.bind(16, to_ms(*memory.begun_at));
  if (memory.read_at) row.bind(17, to_ms(*memory.read_at));
  if (memory.hints.ttl) row.bind(18, memory.hints.ttl->count());
  row.run();
}

}  // namespace crier
