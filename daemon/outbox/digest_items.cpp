#include "outbox/digest_items.hpp"

#include "db/sqlite.hpp"
#include "outbox/rows.hpp"

namespace crier {
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

void drop_pending_items(Sqlite& db, std::string_view story_id, std::string_view reason) {
  db.query("UPDATE digest_item SET dropped = ? WHERE story_id = ? AND batch_id IS NULL AND dropped IS NULL")
      .bind(0, reason)
      .bind(1, story_id)
      .run();
}

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

}  // namespace crier
