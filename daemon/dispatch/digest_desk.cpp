#include "dispatch/digest_desk.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <vector>

#include <fmt/core.h>

#include "base/log.hpp"
#include "base/workers.hpp"
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

// Readers whose digests one transaction plans: an alert may wait for the database meanwhile.
constexpr std::size_t planned_at_once = 32 * chunk_capacity;

// What was decided of an occurrence.
struct Decided {
  Occurrence occurrence;
  std::string skipped;  // why; empty = it is to be sent
};

void store_occurrence(Sqlite& db, const Edition& edition, const Occurrence& occurrence,
                      std::string_view result) {
  db.query("INSERT INTO occurrence (edition, nominal, at, result) VALUES (?, ?, ?, ?)")
      .bind(0, edition.name)
      .bind(1, to_string(occurrence.nominal))
      .bind(2, occurrence.at.time_since_epoch().count())
      .bind(3, result)
      .run();
}

// Decides what is owed now, if anything; writes down what is not to be sent. A missed occurrence that is too
// old, or one that an edition whose time was changed brings too soon after the last, is skipped: its items go
// out with the next.
std::optional<Decided> decide_occurrence(Sqlite& db, const Newsroom& newsroom, const Edition& edition,
                                         Time now) {
  const auto owed = latest_occurrence(edition.recurrence, decided_until(db, edition.name, now), now);
  if (!owed || is_decided(db, edition.name, to_string(owed->nominal))) return std::nullopt;
  Decided decided{*owed, {}};
  if (now - owed->at > newsroom.catch_up) {
    decided.skipped = "skipped: stale";
  } else if (const auto last = last_sent(db, edition.name);
             last && is_too_soon(edition.recurrence, *owed, *last)) {
    decided.skipped = "skipped: too soon after the last";
  }
  if (!decided.skipped.empty()) store_occurrence(db, edition, *owed, decided.skipped);
  return decided;
}

// What becomes of an item's readers when a digest brings it.
struct Shares {
  StoredAudience taken;  // not filled in where nobody is left
  StoredAudience late;   // who became its reader meanwhile finds it in the next
  StoredAudience full;   // who has no place left
};

// Gives those of the readers a place who are in the plan.
Shares fill_places(Audience audience, const DigestPlaces& planned, DigestPlaces& places) {
  const auto late = planned.strangers(audience);
  const auto there = late.empty() ? SplitAudience{std::move(audience), {}} : split(audience, late);
  const auto full = places.fill(there.kept);
  if (late.empty() && full.empty()) return {};
  const auto placed = split(there.kept, full);
  return {to_stored(placed.kept), to_stored(there.gone), to_stored(placed.gone)};
}

// Ties an item to its batch, but for those who are left; false when it has not these `members` any more.
bool take_item(Sqlite& db, std::int64_t seq, std::string_view members, const Shares& shares,
               std::int64_t batch_id) {
  if (members_of_item(db, seq) != members) return false;
  std::vector<std::int64_t> taken{seq};
  if (is_dropped(db, seq)) {
    assign_items(db, taken, batch_id);  // its readers' messages say why it is missing
    return true;
  }
  if (shares.late.size > 0) add_apart(db, seq, shares.late, {});
  if (shares.full.size > 0) taken.push_back(add_apart(db, seq, shares.full, digest_full));
  if (taken.size() > 1 || shares.late.size > 0) put_audience(db, seq, shares.taken);
  assign_items(db, taken, batch_id);
  return true;
}

}  // namespace

// Comes first in a turn: what intake adds for the editions of a later snapshot is behind this in the
// database's queue.
asio::awaitable<void> DigestDesk::drop_removed(std::shared_ptr<const Newsroom> newsroom) {
  std::set<std::string> editions;
  for (const auto& edition : newsroom->editions) editions.insert(edition.name);
  const auto dropped = co_await parts_.database.run([&](Sqlite& db) {
    undo_unreleased(db);  // what an error ended the turn before in
    return drop_items_of_others(db, editions, "edition removed");
  });
  for (const auto& [edition, deliveries] : dropped)
    log::warn("edition.removed", {{"edition", edition}, {"dropped", deliveries}});
}

// Plans the digests of everything that gathered, in transactions that are short; only when all is there are
// they released. What costs time without the database is done on a worker. Returns the batch, if there is
// one.
asio::awaitable<std::optional<DigestDesk::Planned>> DigestDesk::plan(const Newsroom& newsroom,
                                                                     const Edition& edition,
                                                                     const Occurrence& occurrence,
                                                                     ChannelKind channel, Time now) {
  auto& database = parts_.database;
  const auto items = co_await database.run(
      [&](Sqlite& db) { return pending_keys(db, edition.name, channel, now); }, Durability::written);
  if (items.empty()) co_return std::nullopt;
  DigestPlaces planned(edition.max_items);
  for (const auto seq : items) {
    const auto members =
        co_await database.run([&](Sqlite& db) { return members_of_item(db, seq); }, Durability::written);
    co_await parts_.workers.run([&] { planned.fill(decode_audience(members)); });
  }
  std::vector<std::uint32_t> readers;
  co_await parts_.workers.run([&] { readers = planned.readers(); });
  Planned batch{0, readers.size()};
  for (std::size_t from = 0; from < readers.size(); from += planned_at_once) {
    const auto some = std::span(readers).subspan(from, std::min(planned_at_once, readers.size() - from));
    const auto part = plan_digest(newsroom, edition, occurrence, channel, some, now);
    co_await database.run(
        [&](Sqlite& db) {
          if (batch.id == 0)
            batch.id = begin_batch(db, part, now);
          else
            continue_batch(db, batch.id, part, now);
        },
        Durability::written);
  }
  DigestPlaces places(edition.max_items);
  for (const auto seq : items) co_await take(seq, batch.id, planned, places);
  co_return batch;
}

// Ties an item to its batch. Its readers may change while they are looked at; then they are looked at again.
asio::awaitable<void> DigestDesk::take(std::int64_t seq, std::int64_t batch_id, const DigestPlaces& planned,
                                       DigestPlaces& places) {
  for (bool is_taken = false; !is_taken;) {
    const auto members = co_await parts_.database.run([&](Sqlite& db) { return members_of_item(db, seq); },
                                                      Durability::written);
    auto filled = places;
    Shares shares;
    co_await parts_.workers.run([&] { shares = fill_places(decode_audience(members), planned, filled); });
    is_taken = co_await parts_.database.run(
        [&](Sqlite& db) { return take_item(db, seq, members, shares, batch_id); }, Durability::written);
    if (is_taken) places = std::move(filled);
  }
}

asio::awaitable<void> DigestDesk::publish_due(std::shared_ptr<const Newsroom> newsroom,
                                              const Edition& edition, Time now) {
  const auto decided = co_await parts_.database.run(
      [&](Sqlite& db) { return decide_occurrence(db, *newsroom, edition, now); });
  if (!decided) co_return;
  auto result = decided->skipped;
  std::size_t deliveries = 0;
  if (result.empty()) {
    std::vector<std::int64_t> batches;
    for (const auto channel : all_channels) {
      const auto planned = co_await plan(*newsroom, edition, decided->occurrence, channel, now);
      if (!planned) continue;
      batches.push_back(planned->id);
      deliveries += planned->readers;
    }
    result = deliveries > 0 ? sent : "skipped: nothing to send";
    co_await parts_.database.run([&](Sqlite& db) {
      for (const auto batch : batches) release_batch(db, batch);
      store_occurrence(db, edition, decided->occurrence, result);
    });
  }
  log::info("edition.due", {{"edition", edition.name},
                            {"occurrence", to_string(decided->occurrence.nominal)},
                            {"result", result},
                            {"deliveries", deliveries}});
  if (deliveries > 0) parts_.on_owed();
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
