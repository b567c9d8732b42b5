#include "outbox/claims.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "db/sqlite.hpp"
#include "outbox/rows.hpp"

namespace crier {
namespace {

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
      claim.deliveries.push_back(
          delivery_at(chunk_id, audience, *position, static_cast<int>(due.integer(1))));
    }
    claim.reasons = std::move(audience.reasons);
  }
  db.query("UPDATE exception SET claimed = 1 WHERE chunk_id = ? AND state = 'retry' AND due_at <= ?")
      .bind(0, chunk_id)
      .bind(1, to_ms(now))
      .run();
  return claim;
}

}  // namespace

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

}  // namespace crier
