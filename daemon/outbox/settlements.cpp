#include "outbox/settlements.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/core.h>

#include "db/sqlite.hpp"
#include "outbox/digest_items.hpp"
#include "outbox/late_alerts.hpp"
#include "outbox/pauses.hpp"
#include "outbox/rows.hpp"
#include "outbox/spared.hpp"

namespace crier {
namespace {

struct ExceptionRow {
  std::string_view state;
  int attempts = 0;
  Time due_at;
  std::string_view reason;
  std::string_view reply;
  bool may_be_out = false;  // stopped during an attempt that nobody has heard of since
};

void put_exception(Sqlite& db, const Delivery& delivery, ChannelKind channel, Lane lane,
                   const ExceptionRow& row, Time now) {
  db.query(
        "INSERT OR REPLACE INTO exception"
        " (chunk_id, number, channel, lane, state, attempts, due_at, reason, reply, updated_at, in_doubt, "
        "claimed)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(0, delivery.chunk_id)
      .bind(1, std::int64_t{delivery.number})
      .bind(2, to_string(channel))
      .bind(3, static_cast<int>(lane))
      .bind(4, row.state)
      .bind(5, row.attempts)
      .bind(6, to_ms(row.due_at))
      .bind(7, row.reason)
      .bind(8, row.reply)
      .bind(9, to_ms(now))
      .bind(10, delivery.in_doubt ? 1 : 0)
      .bind(11, row.may_be_out ? 1 : 0)
      .run();
}

// What a delivery's exception row says of earlier attempts; nullopt when it has none.
struct Attempted {
  bool in_doubt = false;      // an answer was lost
  bool is_under_way = false;  // the last has no answer yet
};
std::optional<Attempted> find_attempted(Sqlite& db, const Delivery& delivery) {
  auto row = db.query("SELECT in_doubt, state = 'sending' FROM exception WHERE chunk_id = ? AND number = ?");
  row.bind(0, delivery.chunk_id).bind(1, std::int64_t{delivery.number});
  if (!row.step()) return std::nullopt;
  return Attempted{row.integer(0) != 0, row.integer(1) != 0};
}

// Of a delivery that was stopped while it was being sent: nothing was taken.
void note_unsent(Sqlite& db, const Delivery& delivery) {
  db.query("UPDATE exception SET claimed = 0 WHERE chunk_id = ? AND number = ? AND state = 'suppressed'")
      .bind(0, delivery.chunk_id)
      .bind(1, std::int64_t{delivery.number})
      .run();
}

// Of one the answer was lost.
void note_doubt(Sqlite& db, const Delivery& delivery) {
  db.query(
        "UPDATE exception SET in_doubt = 1, claimed = 0, reason = reason || CASE in_doubt WHEN 0 THEN ?3 "
        "ELSE '' END"
        " WHERE chunk_id = ?1 AND number = ?2 AND state = 'suppressed'")
      .bind(0, delivery.chunk_id)
      .bind(1, std::int64_t{delivery.number})
      .bind(2, may_have_arrived)
      .run();
}

// Whether the pause is there that a delivery waits for.
bool has_pause(Sqlite& db, std::string_view reason) {
  auto row = db.query("SELECT 1 FROM pause WHERE ?1 || kind || ' ' || name = ?2");
  row.bind(0, Pause::paused_prefix).bind(1, reason);
  return row.step();
}

void put_reply(Sqlite& db, const Delivery& delivery, std::string_view reply) {
  db.query("INSERT OR REPLACE INTO reply (chunk_id, number, reply) VALUES (?, ?, ?)")
      .bind(0, delivery.chunk_id)
      .bind(1, std::int64_t{delivery.number})
      .bind(2, reply)
      .run();
}

// What a chunk says of its members.
struct ChunkState {
  std::int64_t id = 0;
  std::int64_t batch_id = 0;
  SettledBits settled{0};
  std::int64_t size = 0;
  std::int64_t open = 0;
  bool is_claimed = false;  // by a courier, not held by a pause
  bool left_out = false;    // a digest: something was left out of messages of its batch after it was planned
  std::optional<Time> settled_from;  // of the deliveries that did not have to wait
  std::optional<Time> settled_until;
  LateMarks late;

  void note_settled(Time at) {
    settled_from = std::min(settled_from.value_or(at), at);
    settled_until = std::max(settled_until.value_or(at), at);
  }

  // Members with an exception row that is not final. Without any, an unset bit means that there is no row.
  std::int64_t waiting() const { return size - static_cast<std::int64_t>(settled.count()) - open; }
};

ChunkState load_chunk(Sqlite& db, std::int64_t chunk_id) {
  auto row = db.query(
      "SELECT batch_id, settled, size, open, claimed, EXISTS (SELECT 1 FROM digest_item i"
      " WHERE i.batch_id = chunk.batch_id AND i.dropped IS NOT NULL AND i.dropped <> ?2),"
      " settled_from, settled_until, late FROM chunk WHERE id = ?1");
  row.bind(0, chunk_id).bind(1, digest_full);
  if (!row.step()) throw std::runtime_error("the outbox has lost a chunk: the database is damaged");
  const auto time = [&](int column) {
    return row.is_null(column) ? std::nullopt : std::optional(from_ms(row.integer(column)));
  };
  return {chunk_id,       row.integer(0),        SettledBits(row.blob(1)), row.integer(2),
          row.integer(3), row.integer(4) == 1,   row.integer(5) != 0,      time(6),
          time(7),        LateMarks(row.blob(8))};
}

void store_chunk(Sqlite& db, const ChunkState& chunk) {
  auto update = db.query(
      "UPDATE chunk SET settled = ?, open = ?, settled_from = ?, settled_until = ?, late = ? WHERE id = ?");
  update.bind_blob(0, chunk.settled.bytes()).bind(1, chunk.open).bind(5, chunk.id);
  if (chunk.settled_from) update.bind(2, to_ms(*chunk.settled_from));
  if (chunk.settled_until) update.bind(3, to_ms(*chunk.settled_until));
  if (!chunk.late.bytes().empty()) update.bind_blob(4, chunk.late.bytes());
  update.run();
}

std::string_view state_name(Settlement settlement) {
  switch (settlement) {
    case Settlement::failed:
      return "failed";
    case Settlement::suppressed:
      return "suppressed";
    case Settlement::retry:
    case Settlement::delivered:
      break;
  }
  return "retry";
}

// Members whose message of a digest has carried an item, or may have, that was left out while it was on its
// way.
struct Carriers {
  std::vector<std::uint32_t> carried;
  std::vector<std::uint32_t> in_doubt;
};
using LeftOut = std::map<std::pair<std::int64_t, std::int64_t>, Carriers>;  // by batch and item

void note_left_out(const ChunkState& chunk, const Settled& settled, LeftOut& left_out) {
  if (!chunk.left_out) return;
  for (const auto item : settled.carried) {
    if (settled.settlement == Settlement::delivered)
      left_out[{chunk.batch_id, item}].carried.push_back(settled.delivery.number);
    else if (settled.delivery.in_doubt)
      left_out[{chunk.batch_id, item}].in_doubt.push_back(settled.delivery.number);
  }
}

// An audience may be of a million: each is written once, for all of them.
void settle_left_out(Sqlite& db, LeftOut& left_out) {
  for (auto& [key, carriers] : left_out) {
    const auto& [batch_id, item] = key;
    std::ranges::sort(carriers.carried);
    std::ranges::sort(carriers.in_doubt);
    keep_carried(db, batch_id, item, carriers.carried, had_earlier_version);
    doubt_carried(db, batch_id, item, carriers.in_doubt, had_earlier_version);
  }
}

void settle_one(Sqlite& db, ChunkState& chunk, const Settled& settled, Time now) {
  const auto& delivery = settled.delivery;
  const bool was_settled = chunk.settled.test(delivery.position);
  // Stopped while the attempt was under way, which came to nothing: it stays stopped.
  if (was_settled && (settled.settlement == Settlement::retry || !settled.edition.empty())) {
    if (delivery.in_doubt)
      note_doubt(db, delivery);
    else
      note_unsent(db, delivery);
    return;
  }
  const auto attempted = was_settled || chunk.waiting() > 0 ? find_attempted(db, delivery) : std::nullopt;
  const bool had_row = attempted.has_value();
  if (settled.settlement == Settlement::delivered) {
    if (had_row)
      db.query("DELETE FROM exception WHERE chunk_id = ? AND number = ?")
          .bind(0, delivery.chunk_id)
          .bind(1, std::int64_t{delivery.number})
          .run();
    if (!settled.reply.empty()) put_reply(db, delivery, settled.reply);
    const bool has_waited = delivery.attempts > 0 || !delivery.waited_for.empty();
    if (has_waited)
      chunk.late.add({delivery.position, settled.attempts, settled.due_at});
    else
      chunk.note_settled(settled.due_at);
  } else {
    auto ended = delivery;
    ended.in_doubt |= attempted && attempted->in_doubt;
    auto reason = settled.reason;
    // A pause that was ended meanwhile holds nothing.
    const bool is_over =
        settled.settlement == Settlement::retry && is_paused(reason) && !has_pause(db, reason);
    const auto due_at = is_over ? now : settled.due_at;
    // Of what has expired it is said already.
    const bool is_stopped = settled.settlement == Settlement::suppressed && !settled.expired;
    if (is_stopped && ended.in_doubt && !reason.ends_with(may_have_arrived)) reason += may_have_arrived;
    const bool may_be_out = settled.is_stop && attempted && attempted->is_under_way;
    put_exception(
        db, ended, settled.channel, settled.lane,
        {state_name(settled.settlement), settled.attempts, due_at, reason, settled.reply, may_be_out}, now);
  }
  if (settled.settlement != Settlement::retry) chunk.settled.set(delivery.position);
  if (!was_settled && !had_row) --chunk.open;
}

// What is still owed to the reader of `delivered` of later versions of the same story, as suppressed.
std::vector<Settled> later_versions(Sqlite& db, const Settled& delivered, Time now) {
  std::vector<Settled> later;
  auto rows = db.query(
      "SELECT c.id, c.lane, c.members, c.settled"
      " FROM batch b JOIN chunk c ON c.batch_id = b.id,"
      " (SELECT story_id AS id, story_version AS version FROM batch"
      "  WHERE id = (SELECT batch_id FROM chunk WHERE id = ?1)) story"
      " WHERE b.story_id = story.id AND b.story_version > story.version AND b.channel = ?2");
  rows.bind(0, delivered.delivery.chunk_id).bind(1, to_string(delivered.channel));
  while (rows.step()) {
    const auto audience = decode_audience(rows.blob(2));
    const auto position = position_of(audience, delivered.delivery.number);
    if (!position || SettledBits(rows.blob(3)).test(*position)) continue;
    later.push_back({.delivery = delivery_at(rows.integer(0), audience, *position, 0),
                     .channel = delivered.channel,
                     .lane = static_cast<Lane>(rows.integer(1)),
                     .settlement = Settlement::suppressed,
                     .attempts = 0,
                     .due_at = now,
                     .reason = std::string(had_earlier_version),
                     .reply = {},
                     .is_stop = true});
  }
  return later;
}

// The stories of a batch that other sources have reported, too.
std::vector<std::string> grouped_stories(Sqlite& db, std::int64_t batch_id) {
  std::vector<std::string> ids;
  auto rows = db.query(
      "SELECT story_id FROM batch WHERE id = ?1 AND story_id IN (SELECT story_id FROM story_group)"
      " UNION SELECT story_id FROM digest_item WHERE batch_id = ?1 AND dropped IS NULL"
      " AND story_id IN (SELECT story_id FROM story_group)");
  rows.bind(0, batch_id);
  while (rows.step()) ids.emplace_back(rows.text(0));
  return ids;
}

// For whom a batch's message failed, and has not arrived: by batch.
using Failed = std::map<std::int64_t, std::vector<std::uint32_t>>;

// They may have been spared the same from another source.
void send_instead(Sqlite& db, Failed& failed, Time now) {
  for (auto& [batch_id, numbers] : failed) {
    std::ranges::sort(numbers);
    for (const auto& story_id : grouped_stories(db, batch_id)) release_spared(db, story_id, now, numbers);
  }
}

// Of what was stopped during an attempt that a crash interrupted.
void doubt_interrupted_stops(Sqlite& db) {
  db.query(
        "UPDATE exception INDEXED BY exception_may_be_out SET in_doubt = 1, claimed = 0,"
        " reason = reason || CASE in_doubt WHEN 0 THEN ? ELSE '' END"
        " WHERE state = 'suppressed' AND claimed = 1")
      .bind(0, may_have_arrived)
      .run();
}

// Of what a digest's message, whose attempt a crash interrupted, may have carried nobody knows: what was left
// out of it meanwhile may have arrived. Later versions stay owed: it may have been left out before.
void doubt_items_sent(Sqlite& db, const Delivery& delivery) {
  std::vector<std::pair<std::int64_t, std::int64_t>> items;  // batch and item
  {
    auto rows = db.query(
        "SELECT batch_id, seq FROM digest_item WHERE batch_id = (SELECT batch_id FROM chunk WHERE id = ?)"
        " AND dropped IS NULL");
    rows.bind(0, delivery.chunk_id);
    while (rows.step()) items.emplace_back(rows.integer(0), rows.integer(1));
  }
  for (const auto& [batch_id, item] : items)
    doubt_carried(db, batch_id, item, std::array{delivery.number}, {});
}

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

void settle(Sqlite& db, std::span<const Settled> settled, Time now) {
  std::map<std::int64_t, ChunkState> chunks;
  std::vector<const Settled*> late;  // delivered, or perhaps, although they were stopped
  Failed failed;
  std::vector<LateAlert> too_late;
  LeftOut left_out;
  for (const auto& each : settled) {
    const auto id = each.delivery.chunk_id;
    auto chunk = chunks.find(id);
    if (chunk == chunks.end()) chunk = chunks.emplace(id, load_chunk(db, id)).first;
    const bool was_stopped = chunk->second.settled.test(each.delivery.position);
    note_left_out(chunk->second, each, left_out);
    settle_one(db, chunk->second, each, now);
    const bool may_be_there =
        each.settlement == Settlement::delivered || each.reason == ambiguous || each.delivery.in_doubt;
    if (was_stopped && may_be_there) late.push_back(&each);
    if (each.settlement == Settlement::failed && !may_be_there)
      failed[chunk->second.batch_id].push_back(each.delivery.number);
    if (!each.edition.empty() && !was_stopped) too_late.push_back({id, each.delivery.number, each.edition});
  }
  for (const auto& [id, chunk] : chunks) store_chunk(db, chunk);
  settle_left_out(db, left_out);
  for (const auto* each : late) settle(db, later_versions(db, *each, now), now);
  send_instead(db, failed, now);
  add_to_digests(db, too_late);
}

bool is_owed(Sqlite& db, const Delivery& delivery) {
  return !load_chunk(db, delivery.chunk_id).settled.test(delivery.position);
}

bool mark_sending(Sqlite& db, const Delivery& delivery, ChannelKind channel, Lane lane, Time now) {
  if (!is_owed(db, delivery)) return false;
  const bool was_open = !find_attempted(db, delivery);
  put_exception(db, delivery, channel, lane, {"sending", delivery.attempts, now, "", ""}, now);
  if (was_open) db.query("UPDATE chunk SET open = open - 1 WHERE id = ?").bind(0, delivery.chunk_id).run();
  return true;
}

std::int64_t recover(Sqlite& db, const std::vector<ChannelKind>& resend, Time now) {
  undo_unreleased(db);
  doubt_interrupted_stops(db);
  // Of what is owed only: there may be a year of what is not.
  db.execute("UPDATE chunk SET claimed = 0 WHERE open > 0 AND claimed = 1");
  db.execute("UPDATE exception SET claimed = 0 WHERE state IN ('retry', 'sending') AND claimed = 1");
  struct Interrupted {
    Delivery delivery;
    ChannelKind channel;
    Lane lane;
  };
  std::vector<Interrupted> interrupted;
  {
    auto rows = db.query(
        "SELECT e.chunk_id, e.number, e.attempts, e.channel, e.lane, c.members"
        " FROM exception e JOIN chunk c ON c.id = e.chunk_id WHERE e.state = 'sending'");
    while (rows.step()) {
      const auto audience = decode_audience(rows.blob(5));
      const auto number = static_cast<std::uint32_t>(rows.integer(1));
      const auto position = position_of(audience, number);
      if (!position) continue;
      interrupted.push_back(
          {delivery_at(rows.integer(0), audience, *position, static_cast<int>(rows.integer(2))),
           parse_channel(rows.text(3)).value_or(ChannelKind::email), static_cast<Lane>(rows.integer(4))});
    }
  }
  std::vector<Settled> ended;
  for (const auto& [delivery, channel, lane] : interrupted) {
    const bool again = std::ranges::find(resend, channel) != resend.end();
    ended.push_back({.delivery = delivery,
                     .channel = channel,
                     .lane = lane,
                     .settlement = again ? Settlement::retry : Settlement::failed,
                     .attempts = delivery.attempts + 1,
                     .due_at = now,
                     .reason = std::string(ambiguous),
                     .reply = "interrupted while it was being sent; it may have arrived"});
    ended.back().delivery.in_doubt = true;
  }
  settle(db, ended, now);
  for (const auto& [delivery, channel, lane] : interrupted) doubt_items_sent(db, delivery);
  return static_cast<std::int64_t>(interrupted.size());
}

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
