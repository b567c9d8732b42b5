#include "outbox/claims.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "db/sqlite.hpp"
#include "outbox/rows.hpp"

namespace crier {
namespace {

// A chunk to claim from, and what is to become its claim: all but deliveries and reasons is there.
struct FoundChunk {
  std::int64_t id = 0;
  Claim claim;
  Audience audience;
  SettledBits settled{0};
};

// Of more readers a yes is not kept: a million of them take what a whole year does else.
constexpr int most_replies = 1000;

// The chunk that `which` names by channel, lane and now.
std::optional<FoundChunk> find_chunk(Sqlite& db, std::string_view which, ChannelKind channel, Lane lane,
                                     Time now) {
  auto row = db.query(fmt::format(
      "SELECT c.id, c.batch_id, b.uid, b.story_id, b.story_version, b.edition, b.occurrence, c.lane,"
      " c.expires_at, b.created_at, c.due_at, c.members, c.settled, b.size <= {}"
      " FROM chunk c JOIN batch b ON b.id = c.batch_id WHERE {}",
      most_replies, which));
  row.bind(0, to_string(channel)).bind(1, static_cast<int>(lane)).bind(2, to_ms(now));
  if (!row.step()) return std::nullopt;
  FoundChunk found{row.integer(0), {}, decode_audience(row.blob(11)), SettledBits(row.blob(12))};
  auto& claim = found.claim;
  claim.batch_id = row.integer(1);
  claim.batch_uid = row.text(2);
  claim.subject = {std::string(row.text(3)), static_cast<std::uint32_t>(row.integer(4)),
                   std::string(row.text(5)), std::string(row.text(6))};
  claim.channel = channel;
  claim.lane = static_cast<Lane>(row.integer(7));
  claim.expires_at = from_ms(row.integer(8));
  claim.created_at = from_ms(row.integer(9));
  claim.due_at = from_ms(row.integer(10));
  claim.keeps_replies = row.integer(13) != 0;
  return found;
}

std::optional<Claim> claim_chunk(Sqlite& db, ChannelKind channel, Lane lane, Time now) {
  auto found = find_chunk(db,
                          "c.channel = ? AND c.lane = ? AND c.open > 0 AND c.claimed = 0 AND c.due_at <= ?"
                          " ORDER BY c.due_at, c.id LIMIT 1",
                          channel, lane, now);
  if (!found) return std::nullopt;
  auto& [id, claim, audience, settled] = *found;
  std::vector<std::uint32_t> excepted;
  {
    auto exceptions = db.query("SELECT number FROM exception WHERE chunk_id = ? ORDER BY number");
    exceptions.bind(0, id);
    while (exceptions.step()) excepted.push_back(static_cast<std::uint32_t>(exceptions.integer(0)));
  }
  for (std::size_t i = 0; i < audience.members.size(); ++i) {
    if (settled.test(i) || std::ranges::binary_search(excepted, audience.members[i].number)) continue;
    claim.deliveries.push_back(delivery_at(id, audience, i, 0));
  }
  claim.reasons = std::move(audience.reasons);
  db.query("UPDATE chunk SET claimed = 1 WHERE id = ?").bind(0, id).run();
  return std::move(claim);
}

// Retries are claimed together with the others of the same chunk, as they share its content.
std::optional<Claim> claim_retries(Sqlite& db, ChannelKind channel, Lane lane, Time now) {
  auto found = find_chunk(db,
                          "c.id = (SELECT chunk_id FROM exception WHERE channel = ? AND lane = ?"
                          " AND state = 'retry' AND claimed = 0 AND due_at <= ? ORDER BY due_at LIMIT 1)",
                          channel, lane, now);
  if (!found) return std::nullopt;
  auto& [id, claim, audience, settled] = *found;
  {
    auto due = db.query(
        "SELECT number, attempts, reason, in_doubt FROM exception"
        " WHERE chunk_id = ? AND state = 'retry' AND claimed = 0 AND due_at <= ? ORDER BY number");
    due.bind(0, id).bind(1, to_ms(now));
    while (due.step()) {
      const auto position = position_of(audience, static_cast<std::uint32_t>(due.integer(0)));
      if (!position) continue;
      claim.deliveries.push_back(
          delivery_at(id, audience, *position, static_cast<int>(due.integer(1)), due.text(2)));
      claim.deliveries.back().in_doubt = due.integer(3) != 0;
    }
  }
  claim.reasons = std::move(audience.reasons);
  db.query(
        "UPDATE exception SET claimed = 1"
        " WHERE chunk_id = ? AND state = 'retry' AND claimed = 0 AND due_at <= ?")
      .bind(0, id)
      .bind(1, to_ms(now))
      .run();
  return std::move(claim);
}

// Whether anything of a channel waits unclaimed, in whatever lane: mostly nothing does.
struct Unclaimed {
  bool chunks = false;
  bool retries = false;
};
Unclaimed find_unclaimed(Sqlite& db, ChannelKind channel) {
  auto row = db.query(
      "SELECT EXISTS (SELECT 1 FROM chunk INDEXED BY chunk_ready WHERE channel = ?1 AND open > 0"
      " AND claimed = 0), EXISTS (SELECT 1 FROM exception INDEXED BY exception_due WHERE channel = ?1"
      " AND state = 'retry' AND claimed = 0)");
  row.bind(0, to_string(channel));
  row.step();
  return {row.integer(0) != 0, row.integer(1) != 0};
}

}  // namespace

std::optional<Claim> claim(Sqlite& db, ChannelKind channel, Time now, LaneSet lanes) {
  const auto [has_chunks, has_retries] = find_unclaimed(db, channel);
  for (std::size_t i = 0; i < lane_count && (has_chunks || has_retries); ++i) {
    if (!lanes.test(i)) continue;
    const auto lane = static_cast<Lane>(i);
    const auto retries_until = [&](Time until) {
      return has_retries ? claim_retries(db, channel, lane, until) : std::nullopt;
    };
    // Fresh deliveries go before retries of the same lane, which have waited for a reason, but not for long.
    if (auto overdue = retries_until(now - std::chrono::seconds(30))) return overdue;
    if (auto fresh = has_chunks ? claim_chunk(db, channel, lane, now) : std::nullopt) return fresh;
    if (auto retries = retries_until(now)) return retries;
  }
  return std::nullopt;
}

// Lane by lane, so that each is one look into an index.
std::optional<Time> next_due(Sqlite& db, ChannelKind channel, LaneSet lanes) {
  std::optional<Time> next;
  const auto look = [&](std::string_view which) {
    for (std::size_t i = 0; i < lane_count; ++i) {
      if (!lanes.test(i)) continue;
      auto row = db.query(which);
      row.bind(0, to_string(channel)).bind(1, static_cast<int>(i));
      if (!row.step() || row.is_null(0)) continue;
      const auto due = from_ms(row.integer(0));
      if (!next || due < *next) next = due;
    }
  };
  const auto [has_chunks, has_retries] = find_unclaimed(db, channel);
  if (has_chunks)
    look("SELECT MIN(due_at) FROM chunk WHERE channel = ? AND lane = ? AND open > 0 AND claimed = 0");
  if (has_retries)
    look(
        "SELECT MIN(due_at) FROM exception WHERE channel = ? AND lane = ? AND state = 'retry' AND claimed = "
        "0");
  return next;
}

}  // namespace crier
