#include "outbox/held.hpp"

#include <optional>
#include <string>

#include "db/sqlite.hpp"
#include "db/time_column.hpp"
#include "outbox/audit.hpp"

namespace crier {
namespace {

// All that is held: what another pause still holds is held again before the next claim.
void let_go(Sqlite& db) {
  db.execute("UPDATE chunk SET claimed = 0 WHERE claimed = 2");
  db.execute("UPDATE exception SET claimed = 0 WHERE claimed = 2");
}

void hold_lane(Sqlite& db, ChannelKind channel, Lane lane, Time now) {
  db.query(
        "UPDATE chunk SET claimed = 2"
        " WHERE channel = ?1 AND lane = ?2 AND due_at <= ?3 AND expires_at > ?3 AND open > 0 AND claimed = 0")
      .bind(0, to_string(channel))
      .bind(1, static_cast<int>(lane))
      .bind(2, to_ms(now))
      .run();
  db.query(
        "UPDATE exception SET claimed = 2"
        " WHERE channel = ?1 AND lane = ?2 AND due_at <= ?3 AND state = 'retry' AND claimed = 0"
        " AND (SELECT expires_at FROM chunk WHERE id = chunk_id) > ?3")
      .bind(0, to_string(channel))
      .bind(1, static_cast<int>(lane))
      .bind(2, to_ms(now))
      .run();
}

void hold_batch(Sqlite& db, ChannelKind channel, const std::string& batch_id, Time now) {
  db.query(
        "UPDATE chunk SET claimed = 2 WHERE batch_id = CAST(?1 AS INTEGER) AND channel = ?2"
        " AND due_at <= ?3 AND expires_at > ?3 AND open > 0 AND claimed = 0")
      .bind(0, batch_id)
      .bind(1, to_string(channel))
      .bind(2, to_ms(now))
      .run();
  db.query(
        "UPDATE exception SET claimed = 2 WHERE chunk_id IN"
        " (SELECT id FROM chunk WHERE batch_id = CAST(?1 AS INTEGER) AND channel = ?2 AND expires_at > ?3)"
        " AND due_at <= ?3 AND state = 'retry' AND claimed = 0")
      .bind(0, batch_id)
      .bind(1, to_string(channel))
      .bind(2, to_ms(now))
      .run();
}

void hold(Sqlite& db, const Pause& pause, ChannelKind channel, Time now) {
  if (pause.target.kind == TargetKind::batch) return hold_batch(db, channel, pause.target.name, now);
  const bool is_whole_channel = pause.channel == channel;
  for (std::size_t i = 0; i < lane_count; ++i) {
    const auto lane = static_cast<Lane>(i);
    const bool is_lane = pause.target.kind == TargetKind::lane && pause.target.name == to_string(lane);
    if (is_whole_channel || is_lane) hold_lane(db, channel, lane, now);
  }
}

}  // namespace

void put_pause(Sqlite& db, const Pause& pause) {
  auto insert = db.query(
      "INSERT OR REPLACE INTO pause (kind, name, why, who, since, until, channel)"
      " VALUES (?, ?, ?, ?, ?, ?, ?)");
  insert.bind(0, to_string(pause.target.kind))
      .bind(1, pause.target.name)
      .bind(2, pause.why)
      .bind(3, pause.who)
      .bind(4, to_ms(pause.since))
      .bind(5, to_ms(pause.until));
  if (pause.channel) insert.bind(6, to_string(*pause.channel));
  insert.run();
}

std::vector<Pause> load_pauses(Sqlite& db) {
  std::vector<Pause> pauses;
  auto rows =
      db.query("SELECT kind, name, why, who, since, until, channel FROM pause ORDER BY since, kind, name");
  while (rows.step()) {
    const auto target = parse_target(rows.text(0), rows.text(1));
    if (!target) continue;  // of a newer crier
    pauses.push_back({*target, std::string(rows.text(2)), std::string(rows.text(3)), from_ms(rows.integer(4)),
                      from_ms(rows.integer(5)),
                      rows.is_null(6) ? std::nullopt : parse_channel(rows.text(6))});
  }
  return pauses;
}

void hold_paused(Sqlite& db, ChannelKind channel, Time now) {
  for (const auto& pause : load_pauses(db))
    if (pause.until > now) hold(db, pause, channel, now);
}

bool end_pause(Sqlite& db, const Target& target, Time now) {
  db.query("DELETE FROM pause WHERE kind = ? AND name = ?")
      .bind(0, to_string(target.kind))
      .bind(1, target.name)
      .run();
  if (db.changes() == 0) return false;
  let_go(db);
  Pause pause;
  pause.target = target;
  db.query(
        "UPDATE exception SET due_at = ?1 WHERE state = 'retry' AND claimed = 0 AND due_at > ?1 AND reason = "
        "?2")
      .bind(0, to_ms(now))
      .bind(1, pause.reason())
      .run();
  return true;
}

std::vector<Pause> end_due_pauses(Sqlite& db, Time now) {
  std::vector<Pause> ended;
  for (const auto& pause : load_pauses(db)) {
    if (pause.until > now) continue;
    end_pause(db, pause.target, now);
    note_act(db, {now, "crier", "resume " + to_string(pause.target), "its time is over", "goes on"});
    ended.push_back(pause);
  }
  db.query("UPDATE chunk SET claimed = 0 WHERE claimed = 2 AND expires_at <= ?").bind(0, to_ms(now)).run();
  db.query(
        "UPDATE exception SET claimed = 0 WHERE claimed = 2"
        " AND (SELECT expires_at FROM chunk WHERE id = chunk_id) <= ?")
      .bind(0, to_ms(now))
      .run();
  return ended;
}

}  // namespace crier
