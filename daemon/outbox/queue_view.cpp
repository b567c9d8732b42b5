#include "outbox/queue_view.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "db/sqlite.hpp"
#include "db/time_column.hpp"

namespace crier {
namespace {

void widen(std::optional<Time>& first, std::int64_t ms) {
  const auto time = from_ms(ms);
  first = std::min(first.value_or(time), time);
}

// What has not been tried.
void add_fresh(Sqlite& db, std::map<std::int64_t, QueuedBatch>& batches, Time now) {
  auto rows = db.query("SELECT batch_id, open, due_at, expires_at, claimed FROM chunk WHERE open > 0");
  while (rows.step()) {
    auto& batch = batches[rows.integer(0)];
    const auto open = rows.integer(1);
    batch.queued += open;
    if (rows.integer(4) == 2) {
      batch.held += open;
      if (from_ms(rows.integer(3)) <= now) batch.expired += open;
    }
    widen(batch.oldest_due, rows.integer(2));
    widen(batch.expires_at, rows.integer(3));
  }
}

void add_retries(Sqlite& db, std::map<std::int64_t, QueuedBatch>& batches, Time now) {
  auto rows = db.query(
      "SELECT c.batch_id, CASE e.state WHEN 'sending' THEN 'being sent' ELSE e.reason END AS why, COUNT(*),"
      " MIN(e.due_at), MIN(c.due_at), MIN(c.expires_at), TOTAL(e.claimed = 2),"
      " TOTAL(e.claimed = 2 AND c.expires_at <= ?1)"
      " FROM exception e CROSS JOIN chunk c ON c.id = e.chunk_id WHERE e.state IN ('retry', 'sending')"
      " GROUP BY c.batch_id, why ORDER BY c.batch_id, COUNT(*) DESC");
  rows.bind(0, to_ms(now));
  while (rows.step()) {
    auto& batch = batches[rows.integer(0)];
    batch.waiting.push_back({std::string(rows.text(1)), rows.integer(2), from_ms(rows.integer(3))});
    batch.queued += rows.integer(2);
    batch.held += rows.integer(6);
    batch.expired += rows.integer(7);
    widen(batch.oldest_due, rows.integer(4));
    widen(batch.expires_at, rows.integer(5));
  }
}

void describe(Sqlite& db, std::int64_t id, QueuedBatch& batch) {
  auto row = db.query(
      "SELECT b.uid, b.story_id, b.story_version, b.edition, b.occurrence, b.channel, b.lane, s.title"
      " FROM batch b LEFT JOIN story s ON s.id = b.story_id AND s.version = b.story_version WHERE b.id = ?");
  row.bind(0, id);
  batch.batch_id = id;
  if (!row.step()) return;
  batch.uid = row.text(0);
  batch.subject = {std::string(row.text(1)), static_cast<std::uint32_t>(row.integer(2)),
                   std::string(row.text(3)), std::string(row.text(4))};
  batch.channel = parse_channel(row.text(5)).value_or(ChannelKind::email);
  batch.lane = static_cast<Lane>(row.integer(6));
  batch.title = row.text(7);
}

std::vector<QueuedEdition> waiting_for_editions(Sqlite& db) {
  std::vector<QueuedEdition> editions;
  auto rows = db.query(
      "SELECT edition, channel, COUNT(*), TOTAL(size) FROM digest_item"
      " WHERE batch_id IS NULL AND dropped IS NULL AND size > 0 GROUP BY edition, channel");
  while (rows.step())
    editions.push_back({std::string(rows.text(0)), parse_channel(rows.text(1)).value_or(ChannelKind::email),
                        rows.integer(2), rows.integer(3)});
  return editions;
}

}  // namespace

Queue read_queue(Sqlite& db, Time now) {
  std::map<std::int64_t, QueuedBatch> batches;
  add_fresh(db, batches, now);
  add_retries(db, batches, now);
  Queue queue;
  for (auto& [id, batch] : batches) {
    describe(db, id, batch);
    queue.batches.push_back(std::move(batch));
  }
  std::ranges::sort(queue.batches, {}, [](const QueuedBatch& batch) {
    return std::tuple(batch.channel, batch.lane, batch.oldest_due, batch.batch_id);
  });
  queue.editions = waiting_for_editions(db);
  return queue;
}

void walk_owed(Sqlite& db, const std::function<void(ChannelKind channel, std::uint32_t number)>& take) {
  auto rows = db.query(
      "SELECT channel, members, settled FROM chunk WHERE open > 0"
      " UNION ALL SELECT channel, members, settled FROM chunk WHERE open = 0 AND id IN"
      " (SELECT chunk_id FROM exception WHERE state IN ('retry', 'sending'))");
  while (rows.step()) {
    const auto channel = parse_channel(rows.text(0)).value_or(ChannelKind::email);
    const auto audience = decode_audience(rows.blob(1));
    const SettledBits settled(rows.blob(2));
    for (std::size_t i = 0; i < audience.members.size(); ++i)
      if (!settled.test(i)) take(channel, audience.members[i].number);
  }
}

}  // namespace crier
