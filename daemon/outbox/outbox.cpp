#include "outbox/outbox.hpp"

#include <algorithm>
#include <span>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "db/sqlite.hpp"
#include "outbox/rows.hpp"

namespace crier {
namespace {

// What a chunk's `claimed` says.
constexpr int free_to_claim = 0;
constexpr int being_planned = 3;  // until its batch is whole

void add_chunk(Sqlite& db, std::int64_t batch_id, const BatchPlan& plan, const BatchGroup& group,
               std::span<const Member> members, int claimed, Time now) {
  const auto audience = audience_of(members, plan.reasons);
  SettledBits settled(members.size());
  const bool suppressed = !group.suppressed.empty();
  if (suppressed) {
    for (std::size_t i = 0; i < members.size(); ++i) settled.set(i);
  }
  auto insert = db.query(
      "INSERT INTO chunk (batch_id, channel, lane, due_at, expires_at, members, size, settled, open,"
      " first_number, last_number, claimed, suppressed, settled_from, settled_until)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14)");
  insert.bind(0, batch_id)
      .bind(1, to_string(plan.channel))
      .bind(2, static_cast<int>(plan.lane))
      .bind(3, to_ms(group.due_at))
      .bind(4, to_ms(group.expires_at))
      .bind_blob(5, encode_audience(audience))
      .bind(6, static_cast<std::int64_t>(members.size()))
      .bind_blob(7, settled.bytes())
      .bind(8, suppressed ? 0 : static_cast<std::int64_t>(members.size()))
      .bind(9, std::int64_t{members.front().number})
      .bind(10, std::int64_t{members.back().number})
      .bind(11, claimed);
  if (suppressed) insert.bind(12, group.suppressed).bind(13, to_ms(now));
  insert.run();
}

void add_chunks(Sqlite& db, std::int64_t batch_id, const BatchPlan& plan, int claimed, Time now) {
  for (const auto& group : plan.groups) {
    auto members = group.members;
    if (!std::ranges::is_sorted(members, {}, &Member::number))
      std::ranges::sort(members, {}, &Member::number);
    for (std::size_t from = 0; from < members.size(); from += chunk_capacity) {
      const auto size = std::min(chunk_capacity, members.size() - from);
      add_chunk(db, batch_id, plan, group, std::span(members).subspan(from, size), claimed, now);
    }
  }
}

void put_subject(Statement& insert, int index, const Subject& subject) {
  if (!subject.story_id.empty())
    insert.bind(index, subject.story_id).bind(index + 1, std::int64_t{subject.story_version});
  if (!subject.edition.empty()) insert.bind(index + 2, subject.edition).bind(index + 3, subject.occurrence);
}

std::int64_t add_batch(Sqlite& db, const BatchPlan& plan, int claimed, Time now) {
  {
    auto insert = db.query(
        "INSERT INTO batch (uid, channel, lane, created_at, size, story_id, story_version, edition, "
        "occurrence)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(0, to_hex(random_bytes(10)))
        .bind(1, to_string(plan.channel))
        .bind(2, static_cast<int>(plan.lane))
        .bind(3, to_ms(now))
        .bind(4, static_cast<std::int64_t>(plan.size()));
    put_subject(insert, 5, plan.subject);
    insert.run();
  }
  const auto batch_id = db.last_insert_id();
  add_chunks(db, batch_id, plan, claimed, now);
  return batch_id;
}

void add_to_batch(Sqlite& db, std::int64_t batch_id, const BatchPlan& plan, int claimed, Time now) {
  db.query("UPDATE batch SET size = size + ? WHERE id = ?")
      .bind(0, static_cast<std::int64_t>(plan.size()))
      .bind(1, batch_id)
      .run();
  add_chunks(db, batch_id, plan, claimed, now);
}

// The plan, for nobody when an operator has dropped its batch.
BatchPlan unless_dropped(BatchPlan plan, const std::string& dropped) {
  for (auto& group : plan.groups)
    if (group.suppressed.empty()) group.suppressed = dropped;
  return plan;
}

// The batch of a digest that was dropped while it was planned, and is planned anew.
std::optional<std::int64_t> find_undone(Sqlite& db, const BatchPlan& plan) {
  auto row = db.query(
      "SELECT id FROM batch WHERE edition = ? AND occurrence = ? AND channel = ? AND dropped IS NOT NULL"
      " AND size = 0");
  row.bind(0, plan.subject.edition).bind(1, plan.subject.occurrence).bind(2, to_string(plan.channel));
  return row.step() ? std::optional(row.integer(0)) : std::nullopt;
}

}  // namespace

std::string dropped_for(Sqlite& db, std::int64_t batch_id) {
  auto row = db.query("SELECT dropped FROM batch WHERE id = ?");
  row.bind(0, batch_id);
  return row.step() ? std::string(row.text(0)) : std::string();
}

std::int64_t add_batch(Sqlite& db, const BatchPlan& plan, Time now) {
  return add_batch(db, plan, free_to_claim, now);
}

std::int64_t begin_batch(Sqlite& db, const BatchPlan& plan, Time now) {
  if (const auto dropped = find_undone(db, plan)) {
    continue_batch(db, *dropped, plan, now);
    return *dropped;
  }
  return add_batch(db, plan, being_planned, now);
}

void continue_batch(Sqlite& db, std::int64_t batch_id, const BatchPlan& plan, Time now) {
  add_to_batch(db, batch_id, unless_dropped(plan, dropped_for(db, batch_id)), being_planned, now);
}

void release_batch(Sqlite& db, std::int64_t batch_id) {
  db.query("UPDATE chunk SET claimed = ? WHERE batch_id = ? AND claimed = ?")
      .bind(0, free_to_claim)
      .bind(1, batch_id)
      .bind(2, being_planned)
      .run();
}

std::vector<std::int64_t> unreleased_batches(Sqlite& db) {
  std::vector<std::int64_t> batches;
  // Nothing may be open of one that was dropped meanwhile. By an index of these alone.
  auto rows = db.query(fmt::format("SELECT DISTINCT batch_id FROM chunk WHERE claimed = {}", being_planned));
  while (rows.step()) batches.push_back(rows.integer(0));
  return batches;
}

void undo_batch(Sqlite& db, std::int64_t batch_id) {
  for (const auto* sql :
       {"DELETE FROM exception WHERE chunk_id IN (SELECT id FROM chunk WHERE batch_id = ?)",
        "DELETE FROM chunk WHERE batch_id = ?", "DELETE FROM batch WHERE id = ? AND dropped IS NULL",
        "UPDATE batch SET size = 0 WHERE id = ?"})
    db.query(sql).bind(0, batch_id).run();
}

void grow_batch(Sqlite& db, const BatchPlan& plan, Time now) {
  std::optional<std::int64_t> batch_id;
  std::string dropped;
  {
    auto row = db.query(
        "SELECT id, dropped FROM batch WHERE story_id = ? AND story_version = ? AND channel = ? AND lane = ?"
        " ORDER BY id DESC LIMIT 1");
    row.bind(0, plan.subject.story_id)
        .bind(1, std::int64_t{plan.subject.story_version})
        .bind(2, to_string(plan.channel))
        .bind(3, static_cast<int>(plan.lane));
    if (row.step()) {
      batch_id = row.integer(0);
      dropped = row.text(1);
    }
  }
  if (!batch_id) {
    add_batch(db, plan, now);
    return;
  }
  add_to_batch(db, *batch_id, unless_dropped(plan, dropped), free_to_claim, now);
}

std::vector<std::uint32_t> members_of_alert(Sqlite& db, std::string_view story_id, std::uint32_t version,
                                            ChannelKind channel) {
  std::vector<std::uint32_t> numbers;
  auto rows = db.query(
      "SELECT c.members FROM batch b JOIN chunk c ON c.batch_id = b.id"
      " WHERE b.story_id = ? AND b.story_version = ? AND b.channel = ?");
  rows.bind(0, story_id).bind(1, std::int64_t{version}).bind(2, to_string(channel));
  while (rows.step())
    for (const auto& member : decode_audience(rows.blob(0)).members) numbers.push_back(member.number);
  std::ranges::sort(numbers);
  return numbers;
}

std::vector<std::uint32_t> already_owed(Sqlite& db, std::string_view story_id, ChannelKind channel) {
  const auto numbers_of = [&](std::string_view sql, const auto& take) {
    auto rows = db.query(sql);
    rows.bind(0, story_id).bind(1, to_string(channel));
    while (rows.step()) take(rows);
  };
  std::vector<std::uint32_t> owed;
  numbers_of(
      "SELECT c.members FROM chunk c JOIN batch b ON b.id = c.batch_id"
      " WHERE b.story_id = ? AND b.channel = ? AND c.suppressed IS NULL",
      [&](const Statement& row) {
        for (const auto& member : decode_audience(row.blob(0)).members) owed.push_back(member.number);
      });
  std::vector<std::uint32_t> missed;
  numbers_of(
      "SELECT e.number FROM exception e JOIN chunk c ON c.id = e.chunk_id JOIN batch b ON b.id = c.batch_id"
      " WHERE b.story_id = ? AND b.channel = ? AND e.state IN ('failed', 'suppressed')",
      [&](const Statement& row) { missed.push_back(static_cast<std::uint32_t>(row.integer(0))); });
  std::ranges::sort(owed);
  std::ranges::sort(missed);
  std::vector<std::uint32_t> out;
  std::ranges::set_difference(owed, missed, std::back_inserter(out));
  return out;
}

QueueState queue_state(Sqlite& db, ChannelKind channel) {
  QueueState state;
  const auto look = [&](std::string_view sql) {
    auto row = db.query(sql);
    row.bind(0, to_string(channel));
    if (!row.step()) return;
    state.depth += row.integer(0);
    if (row.is_null(1)) return;
    const auto due = from_ms(row.integer(1));
    state.oldest_due = std::min(state.oldest_due.value_or(due), due);
  };
  look("SELECT TOTAL(open), MIN(due_at) FROM chunk WHERE channel = ? AND open > 0");
  // A failed attempt moves a delivery's own time, but it is due since its chunk is. Only what waits for an
  // embargo or quiet hours is not. By an index, and few rows: there may be a million.
  look(
      "SELECT TOTAL(waiting.n), MIN((SELECT due_at FROM chunk WHERE id = waiting.chunk_id"
      " AND EXISTS (SELECT 1 FROM exception e WHERE e.chunk_id = waiting.chunk_id"
      " AND e.state IN ('retry', 'sending') AND e.reason NOT IN ('embargo', 'quiet hours')))) FROM"
      " (SELECT chunk_id, COUNT(*) AS n FROM exception INDEXED BY exception_owed WHERE channel = ?"
      " AND state IN ('retry', 'sending') GROUP BY lane, chunk_id) waiting");
  for (std::size_t lane = 0; lane < lane_count; ++lane) {
    auto row = db.query(
        "SELECT MIN(due_at) FROM exception WHERE channel = ? AND lane = ? AND state = 'retry' AND claimed = "
        "0");
    row.bind(0, to_string(channel)).bind(1, static_cast<int>(lane));
    if (!row.step() || row.is_null(0)) continue;
    const auto due = from_ms(row.integer(0));
    state.oldest_due = std::min(state.oldest_due.value_or(due), due);
  }
  return state;
}

std::int64_t queued_deliveries(Sqlite& db) {
  auto row = db.query(
      "SELECT (SELECT TOTAL(open) FROM chunk WHERE open > 0)"
      " + (SELECT COUNT(*) FROM exception WHERE state IN ('retry', 'sending'))"
      " + (SELECT TOTAL(size) FROM digest_item WHERE batch_id IS NULL AND dropped IS NULL)");
  row.step();
  return row.integer(0);
}

}  // namespace crier
