#include "outbox/outbox.hpp"

#include <algorithm>
#include <map>
#include <span>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "db/sqlite.hpp"

namespace crier {
namespace {

std::int64_t to_ms(Time time) {
  return time.time_since_epoch().count();
}

Time from_ms(std::int64_t ms) {
  return Time(Duration(ms));
}

void add_chunk(Sqlite& db, std::int64_t batch_id, const BatchPlan& plan, const BatchGroup& group,
               std::span<const Member> members) {
  // Only the reasons this chunk uses, renumbered.
  Audience audience;
  std::vector<std::uint32_t> renumbered(plan.reasons.size(), UINT32_MAX);
  for (const auto& member : members) {
    auto& index = renumbered.at(member.reason);
    if (index == UINT32_MAX) {
      index = static_cast<std::uint32_t>(audience.reasons.size());
      audience.reasons.push_back(plan.reasons[member.reason]);
    }
    audience.members.push_back({member.number, index});
  }
  SettledBits settled(members.size());
  const bool suppressed = !group.suppressed.empty();
  if (suppressed) {
    for (std::size_t i = 0; i < members.size(); ++i) settled.set(i);
  }
  auto insert = db.query(
      "INSERT INTO chunk (batch_id, channel, lane, due_at, expires_at, members, size, settled, open, "
      "suppressed)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(0, batch_id)
      .bind(1, to_string(plan.channel))
      .bind(2, static_cast<int>(plan.lane))
      .bind(3, to_ms(group.due_at))
      .bind(4, to_ms(group.expires_at))
      .bind_blob(5, encode_audience(audience))
      .bind(6, static_cast<std::int64_t>(members.size()))
      .bind_blob(7, settled.bytes())
      .bind(8, suppressed ? 0 : static_cast<std::int64_t>(members.size()));
  if (suppressed) insert.bind(9, group.suppressed);
  insert.run();
}

void put_subject(Statement& insert, int index, const Subject& subject) {
  if (!subject.story_id.empty())
    insert.bind(index, subject.story_id).bind(index + 1, std::int64_t{subject.story_version});
  if (!subject.edition.empty()) insert.bind(index + 2, subject.edition).bind(index + 3, subject.occurrence);
}

// The columns a claim needs, in the order read_claim expects; "c" is the chunk, "b" its batch.
constexpr std::string_view claim_columns =
    "c.id, c.batch_id, b.uid, b.story_id, b.story_version, b.edition, b.occurrence, c.lane, c.expires_at, "
    "b.created_at, c.due_at, c.members";

Claim read_claim(const Statement& row, ChannelKind channel) {
  Claim claim;
  claim.batch_id = row.integer(1);
  claim.batch_uid = row.text(2);
  claim.subject = {std::string(row.text(3)), static_cast<std::uint32_t>(row.integer(4)),
                   std::string(row.text(5)), std::string(row.text(6))};
  claim.channel = channel;
  claim.lane = static_cast<Lane>(row.integer(7));
  claim.expires_at = from_ms(row.integer(8));
  claim.created_at = from_ms(row.integer(9));
  claim.due_at = from_ms(row.integer(10));
  return claim;
}

Delivery delivery_at(std::int64_t chunk_id, const Audience& audience, std::size_t position, int attempts) {
  const auto& member = audience.members[position];
  return {chunk_id, member.number, member.reason, static_cast<std::uint32_t>(position), attempts};
}

std::optional<Claim> claim_chunk(Sqlite& db, ChannelKind channel, Lane lane, Time now) {
  static const auto sql = fmt::format(
      "SELECT {}, c.settled FROM chunk c JOIN batch b ON b.id = c.batch_id"
      " WHERE c.channel = ? AND c.lane = ? AND c.open > 0 AND c.claimed = 0 AND c.due_at <= ?"
      " ORDER BY c.due_at, c.id LIMIT 1",
      claim_columns);
  Claim claim;
  std::int64_t chunk_id = 0;
  {
    auto row = db.query(sql);
    row.bind(0, to_string(channel)).bind(1, static_cast<int>(lane)).bind(2, to_ms(now));
    if (!row.step()) return std::nullopt;
    claim = read_claim(row, channel);
    chunk_id = row.integer(0);
    auto audience = decode_audience(row.blob(11));
    const SettledBits settled(row.blob(12));
    std::vector<std::uint32_t> excepted;
    auto exceptions = db.query("SELECT number FROM exception WHERE chunk_id = ? ORDER BY number");
    exceptions.bind(0, chunk_id);
    while (exceptions.step()) excepted.push_back(static_cast<std::uint32_t>(exceptions.integer(0)));
    for (std::size_t i = 0; i < audience.members.size(); ++i) {
      if (settled.test(i) || std::ranges::binary_search(excepted, audience.members[i].number)) continue;
      claim.deliveries.push_back(delivery_at(chunk_id, audience, i, 0));
    }
    claim.reasons = std::move(audience.reasons);
  }
  db.query("UPDATE chunk SET claimed = 1 WHERE id = ?").bind(0, chunk_id).run();
  return claim;
}

// Retries are claimed together with the others of the same chunk, as they share its content.
std::optional<Claim> claim_retries(Sqlite& db, ChannelKind channel, Lane lane, Time now) {
  static const auto sql = fmt::format(
      "SELECT {} FROM chunk c JOIN batch b ON b.id = c.batch_id WHERE c.id = ("
      " SELECT chunk_id FROM exception WHERE channel = ? AND lane = ? AND state = 'retry' AND claimed = 0"
      " AND due_at <= ? ORDER BY due_at LIMIT 1)",
      claim_columns);
  Claim claim;
  std::int64_t chunk_id = 0;
  {
    auto row = db.query(sql);
    row.bind(0, to_string(channel)).bind(1, static_cast<int>(lane)).bind(2, to_ms(now));
    if (!row.step()) return std::nullopt;
    claim = read_claim(row, channel);
    chunk_id = row.integer(0);
    auto audience = decode_audience(row.blob(11));
    auto due = db.query(
        "SELECT number, attempts FROM exception"
        " WHERE chunk_id = ? AND state = 'retry' AND claimed = 0 AND due_at <= ? ORDER BY number");
    due.bind(0, chunk_id).bind(1, to_ms(now));
    while (due.step()) {
      const auto number = static_cast<std::uint32_t>(due.integer(0));
      const auto position = position_of(audience, number);
      if (!position) continue;
      claim.deliveries.push_back(delivery_at(chunk_id, audience, *position, static_cast<int>(due.integer(1))));
    }
    claim.reasons = std::move(audience.reasons);
  }
  db.query("UPDATE exception SET claimed = 1 WHERE chunk_id = ? AND state = 'retry' AND due_at <= ?")
      .bind(0, chunk_id)
      .bind(1, to_ms(now))
      .run();
  return claim;
}

struct ExceptionRow {
  std::string_view state;
  int attempts = 0;
  Time due_at;
  std::string_view reason;
  std::string_view reply;
};

void put_exception(Sqlite& db, const Delivery& delivery, ChannelKind channel, Lane lane,
                   const ExceptionRow& row, Time now) {
  db.query(
        "INSERT OR REPLACE INTO exception"
        " (chunk_id, number, channel, lane, state, attempts, due_at, reason, reply, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
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
      .run();
}

bool has_exception(Sqlite& db, const Delivery& delivery) {
  auto row = db.query("SELECT 1 FROM exception WHERE chunk_id = ? AND number = ?");
  row.bind(0, delivery.chunk_id).bind(1, std::int64_t{delivery.number});
  return row.step();
}

// What a chunk says of its members.
struct ChunkState {
  std::int64_t id = 0;
  SettledBits settled{0};
  std::int64_t size = 0;
  std::int64_t open = 0;
  bool is_claimed = false;

  // Members with an exception row that is not final. Without any, an unset bit means that there is no row.
  std::int64_t waiting() const { return size - static_cast<std::int64_t>(settled.count()) - open; }
};

ChunkState load_chunk(Sqlite& db, std::int64_t chunk_id) {
  auto row = db.query("SELECT settled, size, open, claimed FROM chunk WHERE id = ?");
  row.bind(0, chunk_id);
  if (!row.step()) throw std::runtime_error("the outbox has lost a chunk: the database is damaged");
  return {chunk_id, SettledBits(row.blob(0)), row.integer(1), row.integer(2), row.integer(3) != 0};
}

void store_chunk(Sqlite& db, const ChunkState& chunk) {
  db.query("UPDATE chunk SET settled = ?, open = ? WHERE id = ?")
      .bind_blob(0, chunk.settled.bytes())
      .bind(1, chunk.open)
      .bind(2, chunk.id)
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

void settle_one(Sqlite& db, ChunkState& chunk, const Settled& settled, Time now) {
  const auto& delivery = settled.delivery;
  const bool was_settled = chunk.settled.test(delivery.position);
  // Stopped while the attempt was under way, which came to nothing: it stays stopped.
  if (settled.settlement == Settlement::retry && was_settled) return;
  const bool had_row = (was_settled || chunk.waiting() > 0) && has_exception(db, delivery);
  if (settled.settlement == Settlement::delivered) {
    if (had_row)
      db.query("DELETE FROM exception WHERE chunk_id = ? AND number = ?")
          .bind(0, delivery.chunk_id)
          .bind(1, std::int64_t{delivery.number})
          .run();
  } else {
    put_exception(
        db, delivery, settled.channel, settled.lane,
        {state_name(settled.settlement), settled.attempts, settled.due_at, settled.reason, settled.reply},
        now);
  }
  if (settled.settlement != Settlement::retry) chunk.settled.set(delivery.position);
  if (!was_settled && !had_row) --chunk.open;
}

std::int64_t suppress_chunk(Sqlite& db, std::int64_t chunk_id, std::string_view reason, Time now) {
  auto chunk = load_chunk(db, chunk_id);
  if (chunk.open == chunk.size && !chunk.is_claimed) {
    // Nobody has touched it: one word for all of its members.
    for (std::int64_t i = 0; i < chunk.size; ++i) chunk.settled.set(static_cast<std::size_t>(i));
    chunk.open = 0;
    store_chunk(db, chunk);
    db.query("UPDATE chunk SET suppressed = ? WHERE id = ?").bind(0, reason).bind(1, chunk_id).run();
    return chunk.size;
  }
  std::vector<Settled> stopped;
  {
    auto row = db.query("SELECT channel, lane, members FROM chunk WHERE id = ?");
    row.bind(0, chunk_id);
    row.step();
    const auto channel = parse_channel(row.text(0)).value_or(ChannelKind::email);
    const auto lane = static_cast<Lane>(row.integer(1));
    const auto audience = decode_audience(row.blob(2));
    for (std::size_t i = 0; i < audience.members.size(); ++i) {
      if (chunk.settled.test(i)) continue;
      stopped.push_back({.delivery = delivery_at(chunk_id, audience, i, 0),
                         .channel = channel,
                         .lane = lane,
                         .settlement = Settlement::suppressed,
                         .attempts = 0,
                         .due_at = now,
                         .reason = std::string(reason),
                         .reply = {}});
    }
  }
  settle(db, stopped, now);
  return static_cast<std::int64_t>(stopped.size());
}

}  // namespace

std::int64_t add_batch(Sqlite& db, const BatchPlan& plan, Time now) {
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
  for (const auto& group : plan.groups) {
    auto members = group.members;
    std::ranges::sort(members, {}, &Member::number);
    for (std::size_t from = 0; from < members.size(); from += chunk_capacity) {
      const auto size = std::min(chunk_capacity, members.size() - from);
      add_chunk(db, batch_id, plan, group, std::span(members).subspan(from, size));
    }
  }
  return batch_id;
}

std::optional<Lane> waiting_lane(Sqlite& db, ChannelKind channel, Time now) {
  auto row = db.query(
      "SELECT MIN(lane) FROM ("
      " SELECT MIN(lane) AS lane FROM chunk WHERE channel = ?1 AND open > 0 AND claimed = 0 AND due_at <= ?2"
      " UNION ALL"
      " SELECT MIN(lane) FROM exception WHERE channel = ?1 AND state = 'retry' AND claimed = 0 AND due_at <= "
      "?2)");
  row.bind(0, to_string(channel)).bind(1, to_ms(now));
  if (!row.step() || row.is_null(0)) return std::nullopt;
  return static_cast<Lane>(row.integer(0));
}

std::optional<Claim> claim(Sqlite& db, ChannelKind channel, Time now) {
  const auto lane = waiting_lane(db, channel, now);
  if (!lane) return std::nullopt;
  // Fresh deliveries go before retries of the same lane: those have already waited for a reason.
  if (auto fresh = claim_chunk(db, channel, *lane, now)) return fresh;
  return claim_retries(db, channel, *lane, now);
}

std::optional<Time> next_due(Sqlite& db, ChannelKind channel) {
  auto row = db.query(
      "SELECT MIN(due_at) FROM ("
      " SELECT MIN(due_at) AS due_at FROM chunk WHERE channel = ?1 AND open > 0 AND claimed = 0"
      " UNION ALL"
      " SELECT MIN(due_at) FROM exception WHERE channel = ?1 AND state = 'retry' AND claimed = 0)");
  row.bind(0, to_string(channel));
  if (!row.step() || row.is_null(0)) return std::nullopt;
  return from_ms(row.integer(0));
}

void settle(Sqlite& db, std::span<const Settled> settled, Time now) {
  std::map<std::int64_t, ChunkState> chunks;
  for (const auto& each : settled) {
    const auto id = each.delivery.chunk_id;
    auto chunk = chunks.find(id);
    if (chunk == chunks.end()) chunk = chunks.emplace(id, load_chunk(db, id)).first;
    settle_one(db, chunk->second, each, now);
  }
  for (const auto& [id, chunk] : chunks) store_chunk(db, chunk);
}

bool mark_sending(Sqlite& db, const Delivery& delivery, ChannelKind channel, Lane lane, Time now) {
  if (load_chunk(db, delivery.chunk_id).settled.test(delivery.position)) return false;
  const bool was_open = !has_exception(db, delivery);
  put_exception(db, delivery, channel, lane, {"sending", delivery.attempts, now, "", ""}, now);
  if (was_open) db.query("UPDATE chunk SET open = open - 1 WHERE id = ?").bind(0, delivery.chunk_id).run();
  return true;
}

std::int64_t recover(Sqlite& db, const std::vector<ChannelKind>& resend, Time now) {
  db.execute("UPDATE chunk SET claimed = 0 WHERE claimed = 1");
  db.execute("UPDATE exception SET claimed = 0 WHERE claimed = 1");
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
                     .reason = "ambiguous",
                     .reply = "interrupted while it was being sent; it may have arrived"});
  }
  settle(db, ended, now);
  return static_cast<std::int64_t>(interrupted.size());
}

std::int64_t stop_story(Sqlite& db, std::string_view story_id, std::string_view reason, Time now) {
  std::vector<std::int64_t> chunks;
  {
    auto rows = db.query(
        "SELECT c.id FROM chunk c JOIN batch b ON b.id = c.batch_id WHERE b.story_id = ?"
        " AND (c.open > 0 OR EXISTS (SELECT 1 FROM exception e WHERE e.chunk_id = c.id"
        " AND e.state IN ('retry', 'sending')))");
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
  return stopped;
}

void drop_pending_items(Sqlite& db, std::string_view story_id, std::string_view reason) {
  db.query("UPDATE digest_item SET dropped = ? WHERE story_id = ? AND batch_id IS NULL AND dropped IS NULL")
      .bind(0, reason)
      .bind(1, story_id)
      .run();
}

void add_digest_item(Sqlite& db, const DigestItem& item) {
  Audience audience;
  for (const auto number : item.members) audience.members.push_back({number, 0});
  db.query(
        "INSERT INTO digest_item (edition, channel, story_id, story_version, members, size, not_before)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)")
      .bind(0, item.edition)
      .bind(1, to_string(item.channel))
      .bind(2, item.story_id)
      .bind(3, std::int64_t{item.story_version})
      .bind_blob(4, encode_audience(audience))
      .bind(5, static_cast<std::int64_t>(item.members.size()))
      .bind(6, to_ms(item.not_before))
      .run();
}

namespace {

std::vector<PendingItem> read_items(Statement& rows) {
  std::vector<PendingItem> items;
  while (rows.step()) {
    PendingItem pending{rows.integer(0),
                        {std::string(rows.text(1)),
                         parse_channel(rows.text(2)).value_or(ChannelKind::email),
                         std::string(rows.text(3)),
                         static_cast<std::uint32_t>(rows.integer(4)),
                         {}}};
    for (const auto& member : decode_audience(rows.blob(5)).members)
      pending.item.members.push_back(member.number);
    items.push_back(std::move(pending));
  }
  return items;
}

}  // namespace

std::vector<PendingItem> pending_items(Sqlite& db, std::string_view edition, ChannelKind channel, Time now) {
  auto rows = db.query(
      "SELECT seq, edition, channel, story_id, story_version, members FROM digest_item"
      " WHERE edition = ? AND channel = ? AND batch_id IS NULL AND dropped IS NULL"
      " AND not_before <= ? ORDER BY seq");
  rows.bind(0, edition).bind(1, to_string(channel)).bind(2, to_ms(now));
  return read_items(rows);
}

void assign_items(Sqlite& db, const std::vector<PendingItem>& items, std::int64_t batch_id) {
  for (const auto& pending : items)
    db.query("UPDATE digest_item SET batch_id = ? WHERE seq = ?")
        .bind(0, batch_id)
        .bind(1, pending.seq)
        .run();
}

std::vector<PendingItem> items_of_batch(Sqlite& db, std::int64_t batch_id) {
  auto rows = db.query(
      "SELECT seq, edition, channel, story_id, story_version, members FROM digest_item"
      " WHERE batch_id = ? ORDER BY seq");
  rows.bind(0, batch_id);
  return read_items(rows);
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
  auto row = db.query(
      "SELECT TOTAL(n), MIN(due_at) FROM ("
      " SELECT open AS n, due_at FROM chunk WHERE channel = ?1 AND open > 0"
      " UNION ALL"
      " SELECT 1, due_at FROM exception WHERE channel = ?1 AND state IN ('retry', 'sending'))");
  row.bind(0, to_string(channel));
  if (row.step()) {
    state.depth = row.integer(0);
    if (!row.is_null(1)) state.oldest_due = from_ms(row.integer(1));
  }
  return state;
}

}  // namespace crier
