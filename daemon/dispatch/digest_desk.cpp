#include "dispatch/digest_desk.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "base/log.hpp"
#include "db/database.hpp"
#include "db/setting.hpp"
#include "dispatch/planner.hpp"
#include "outbox/digest_items.hpp"
#include "outbox/outbox.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

constexpr std::string_view sent = "sent";

// The last occurrence that was decided, or the moment the edition was first seen: nothing before it is owed.
Time decided_until(Sqlite& db, const std::string& edition, Time now) {
  auto last = db.query("SELECT MAX(at) FROM occurrence WHERE edition = ?");
  last.bind(0, edition);
  if (last.step() && !last.is_null(0)) return Time(Duration(last.integer(0)));
  return first_seen(db, "edition since/" + edition, now);
}

// When the last occurrence that was sent was due.
std::optional<Time> last_sent(Sqlite& db, const std::string& edition) {
  auto row = db.query("SELECT MAX(at) FROM occurrence WHERE edition = ? AND result = ?");
  row.bind(0, edition).bind(1, sent);
  if (!row.step() || row.is_null(0)) return std::nullopt;
  return Time(Duration(row.integer(0)));
}

// A change of the zone's rules moves an occurrence to another instant; it is still the same one.
bool is_decided(Sqlite& db, const std::string& edition, const std::string& nominal) {
  auto row = db.query("SELECT 1 FROM occurrence WHERE edition = ? AND nominal = ?");
  row.bind(0, edition).bind(1, nominal);
  return row.step();
}

// Batches everything that gathered; returns how many deliveries that made.
std::size_t send_items(Sqlite& db, const Newsroom& newsroom, const Edition& edition,
                       const Occurrence& occurrence, Time now) {
  std::size_t deliveries = 0;
  for (const auto channel : all_channels) {
    const auto pending = pending_keys(db, edition.name, channel, now);
    if (pending.empty()) continue;
    DigestPlaces places(edition.max_items);
    auto carried = pending;
    for (const auto seq : pending) {
      const auto item = load_item(db, seq);
      const auto full = places.fill(item.item.audience);
      if (!full.empty()) carried.push_back(leave_out(db, item, full, digest_full));
    }
    const auto batch = plan_digest(newsroom, edition, occurrence, channel, places.readers(), now);
    assign_items(db, carried, add_batch(db, batch, now));
    deliveries += batch.size();
  }
  return deliveries;
}

struct Published {
  Occurrence occurrence;
  std::string result;
  std::size_t deliveries = 0;
};

// Decides the occurrence that is owed now, if any. A missed one that is too old, or one that an edition whose
// time was changed brings too soon after the last, is skipped: its items go out with the next.
std::optional<Published> publish(Sqlite& db, const Newsroom& newsroom, const Edition& edition, Time now) {
  const auto owed = latest_occurrence(edition.recurrence, decided_until(db, edition.name, now), now);
  if (!owed || is_decided(db, edition.name, to_string(owed->nominal))) return std::nullopt;
  Published published{*owed, {}, 0};
  if (now - owed->at > newsroom.catch_up) {
    published.result = "skipped: stale";
  } else if (const auto last = last_sent(db, edition.name);
             last && is_too_soon(edition.recurrence, *owed, *last)) {
    published.result = "skipped: too soon after the last";
  } else {
    published.deliveries = send_items(db, newsroom, edition, *owed, now);
    published.result = published.deliveries > 0 ? sent : "skipped: nothing to send";
  }
  db.query("INSERT INTO occurrence (edition, nominal, at, result) VALUES (?, ?, ?, ?)")
      .bind(0, edition.name)
      .bind(1, to_string(owed->nominal))
      .bind(2, owed->at.time_since_epoch().count())
      .bind(3, published.result)
      .run();
  return published;
}

}  // namespace

// Comes first in a turn: what intake adds for the editions of a later snapshot is behind this in the
// database's queue.
asio::awaitable<void> DigestDesk::drop_removed(std::shared_ptr<const Newsroom> newsroom) {
  std::set<std::string> editions;
  for (const auto& edition : newsroom->editions) editions.insert(edition.name);
  const auto dropped = co_await parts_.database.run(
      [&](Sqlite& db) { return drop_items_of_others(db, editions, "edition removed"); });
  for (const auto& [edition, deliveries] : dropped)
    log::warn("edition.removed", {{"edition", edition}, {"dropped", deliveries}});
}

asio::awaitable<void> DigestDesk::publish_due(std::shared_ptr<const Newsroom> newsroom,
                                              const Edition& edition, Time now) {
  const auto published =
      co_await parts_.database.run([&](Sqlite& db) { return publish(db, *newsroom, edition, now); });
  if (!published) co_return;
  log::info("edition.due", {{"edition", edition.name},
                            {"occurrence", to_string(published->occurrence.nominal)},
                            {"result", published->result},
                            {"deliveries", published->deliveries}});
  if (published->deliveries > 0) parts_.on_owed();
}

asio::awaitable<void> DigestDesk::run() {
  for (;;) {
    const auto newsroom = parts_.newsroom();
    const auto now = parts_.clock.now();
    Time next = now + std::chrono::minutes(1);
    std::string failure;
    try {
      co_await drop_removed(newsroom);
      for (const auto& edition : newsroom->editions) {
        co_await publish_due(newsroom, edition, now);
        const auto upcoming = next_occurrences(edition.recurrence, now, 1);
        if (!upcoming.empty()) next = std::min(next, upcoming.front().at);
      }
    } catch (const SqliteError& e) {
      failure = e.what();
    }
    if (!failure.empty())
      log::error("edition.failed", {{"what", failure}, {"next", "trying again in a minute"}});
    // A reload in the middle of all this has rung for nobody.
    if (parts_.newsroom() == newsroom) co_await reloaded_.wait_until(parts_.clock, next);
  }
}

}  // namespace crier
