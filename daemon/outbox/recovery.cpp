#include "outbox/recovery.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "db/sqlite.hpp"
#include "outbox/digest_items.hpp"
#include "outbox/rows.hpp"
#include "outbox/settlements.hpp"

namespace crier {
namespace {

// Of what was stopped during an attempt that a crash interrupted.
void doubt_interrupted_stops(Sqlite& db, Time now) {
  std::vector<std::pair<DeliveryKey, ChannelKind>> stopped;
  {
    auto rows = db.query(
        "SELECT chunk_id, number, channel FROM exception INDEXED BY exception_may_be_out"
        " WHERE state = 'suppressed' AND claimed = 1");
    while (rows.step())
      stopped.push_back({{rows.integer(0), static_cast<std::uint32_t>(rows.integer(1))},
                         parse_channel(rows.text(2)).value_or(ChannelKind::email)});
  }
  db.query(
        "UPDATE exception INDEXED BY exception_may_be_out SET in_doubt = 1, claimed = 0,"
        " reason = reason || CASE in_doubt WHEN 0 THEN ? ELSE '' END"
        " WHERE state = 'suppressed' AND claimed = 1")
      .bind(0, may_have_arrived)
      .run();
  for (const auto& [alert, channel] : stopped) spare_later_versions(db, alert, channel, now);
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

}  // namespace

std::int64_t recover(Sqlite& db, const std::vector<ChannelKind>& resend, Time now) {
  undo_unreleased(db);
  doubt_interrupted_stops(db, now);
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

}  // namespace crier
