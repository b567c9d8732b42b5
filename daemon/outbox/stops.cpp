#include "outbox/stops.hpp"

#include <string>
#include <vector>

#include <fmt/core.h>

#include "db/sqlite.hpp"
#include "outbox/chunk_state.hpp"
#include "outbox/digest_items.hpp"
#include "outbox/rows.hpp"
#include "outbox/settlements.hpp"

namespace crier {
namespace {

// All of a chunk's members that wait for another attempt, or are at one, in one statement: they may be
// thousands. Returns how many.
std::int64_t stop_waiting(Sqlite& db, ChunkState& chunk, const Audience& audience, std::string_view reason,
                          Time now) {
  std::int64_t count = 0;
  {
    auto rows = db.query(
        "SELECT number FROM exception WHERE chunk_id = ? AND state IN ('retry', 'sending') ORDER BY number");
    rows.bind(0, chunk.id);
    for (; rows.step(); ++count)
      if (const auto position = position_of(audience, static_cast<std::uint32_t>(rows.integer(0))))
        chunk.settled.set(*position);
  }
  if (count == 0) return 0;
  db.query(
        "UPDATE exception SET claimed = (state = 'sending'), state = 'suppressed', attempts = 0, due_at = ?2,"
        " reason = ?3 || CASE WHEN in_doubt = 1 THEN ?4 ELSE '' END, reply = '', updated_at = ?2"
        " WHERE chunk_id = ?1 AND state IN ('retry', 'sending')")
      .bind(0, chunk.id)
      .bind(1, to_ms(now))
      .bind(2, reason)
      .bind(3, may_have_arrived)
      .run();
  store_chunk(db, chunk);
  return count;
}

}  // namespace

std::int64_t suppress_chunk(Sqlite& db, std::int64_t chunk_id, std::string_view reason, Time now) {
  auto chunk = load_chunk(db, chunk_id);
  if (chunk.open == chunk.size && !chunk.is_claimed) {
    // Nobody has touched it: one word for all of its members.
    for (std::int64_t i = 0; i < chunk.size; ++i) chunk.settled.set(static_cast<std::size_t>(i));
    chunk.open = 0;
    chunk.note_settled(now);
    store_chunk(db, chunk);
    db.query("UPDATE chunk SET suppressed = ? WHERE id = ?").bind(0, reason).bind(1, chunk_id).run();
    return chunk.size;
  }
  auto channel = ChannelKind::email;
  auto lane = Lane::alert;
  Audience audience;
  {
    auto row = db.query("SELECT channel, lane, members FROM chunk WHERE id = ?");
    row.bind(0, chunk_id);
    row.step();
    channel = parse_channel(row.text(0)).value_or(channel);
    lane = static_cast<Lane>(row.integer(1));
    audience = decode_audience(row.blob(2));
  }
  const auto waiting = stop_waiting(db, chunk, audience, reason, now);
  std::vector<Settled> stopped;
  for (std::size_t i = 0; i < audience.members.size(); ++i) {
    if (chunk.settled.test(i)) continue;
    stopped.push_back({.delivery = delivery_at(chunk_id, audience, i, 0),
                       .channel = channel,
                       .lane = lane,
                       .settlement = Settlement::suppressed,
                       .attempts = 0,
                       .due_at = now,
                       .reason = std::string(reason),
                       .reply = {},
                       .is_stop = true});
  }
  settle(db, stopped, now);
  return waiting + static_cast<std::int64_t>(stopped.size());
}

std::int64_t stop_story(Sqlite& db, std::string_view story_id, std::string_view reason, Time now) {
  std::vector<std::int64_t> chunks;
  {
    auto rows = db.query(
        fmt::format("SELECT c.id FROM chunk c JOIN batch b ON b.id = c.batch_id WHERE b.story_id = ? AND {}",
                    is_owed_of_chunk));
    rows.bind(0, story_id);
    while (rows.step()) chunks.push_back(rows.integer(0));
  }
  std::int64_t stopped = 0;
  for (const auto chunk : chunks) stopped += suppress_chunk(db, chunk, reason, now);
  {
    auto rows = db.query(
        "SELECT TOTAL(size) FROM digest_item WHERE story_id = ? AND batch_id IS NULL AND dropped IS NULL");
    rows.bind(0, story_id);
    if (rows.step()) stopped += rows.integer(0);
  }
  drop_pending_items(db, story_id, reason);
  return stopped + leave_out_of_batches(db, story_id, reason);
}

}  // namespace crier
