#include "outbox/settlements.hpp"

#include <algorithm>
#include <map>

#include "db/sqlite.hpp"
#include "outbox/chunk_state.hpp"
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

// What is still owed to the reader of an alert of later versions of its story, as suppressed.
std::vector<Settled> later_versions(Sqlite& db, const DeliveryKey& alert, ChannelKind channel, Time now) {
  std::vector<Settled> later;
  auto rows = db.query(
      "SELECT c.id, c.lane, c.members, c.settled"
      " FROM batch b JOIN chunk c ON c.batch_id = b.id,"
      " (SELECT story_id AS id, story_version AS version FROM batch"
      "  WHERE id = (SELECT batch_id FROM chunk WHERE id = ?1)) story"
      " WHERE b.story_id = story.id AND b.story_version > story.version AND b.channel = ?2");
  rows.bind(0, alert.chunk_id).bind(1, to_string(channel));
  while (rows.step()) {
    const auto audience = decode_audience(rows.blob(2));
    const auto position = position_of(audience, alert.number);
    if (!position || SettledBits(rows.blob(3)).test(*position)) continue;
    later.push_back({.delivery = delivery_at(rows.integer(0), audience, *position, 0),
                     .channel = channel,
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
  for (const auto* each : late)
    spare_later_versions(db, {each->delivery.chunk_id, each->delivery.number}, each->channel, now);
  send_instead(db, failed, now);
  add_to_digests(db, too_late);
}

void spare_later_versions(Sqlite& db, const DeliveryKey& alert, ChannelKind channel, Time now) {
  settle(db, later_versions(db, alert, channel, now), now);
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

}  // namespace crier
