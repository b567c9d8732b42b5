#include "app/storage.hpp"

#include <algorithm>
#include <chrono>
#include <exception>

#include <sys/statvfs.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "db/database.hpp"
#include "db/reserve.hpp"
#include "db/setting.hpp"
#include "outbox/digest_items.hpp"
#include "outbox/held.hpp"
#include "outbox/outbox.hpp"
#include "outbox/recovery.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

constexpr std::uint64_t least_free_bytes = 64ULL << 20;

// Why stories are not to be stored; empty = there is room.
std::string lack_of_room(const std::filesystem::path& folder) {
  struct statvfs info {};
  if (::statvfs(folder.c_str(), &info) != 0) return "its disk cannot be asked for its room";
  const auto free = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  return free < least_free_bytes ? "less than 64 MB are free" : "";
}

}  // namespace

Restored restore(Sqlite& db, const Config& config, Time now) {
  Restored restored;
  for (const auto& source : config.sources())
    restored.watched_since[source] = first_seen(db, "source since/" + source, now);
  restored.numbers = subscriber_numbers(db, *config.book);
  restored.suppressions = SuppressionList::load(db);
  const auto abandoned = without_reader(restored.suppressions.gone(), config.book->subscribers());
  SuppressionList::erase_gone(db, abandoned);
  restored.suppressions.lift_gone(abandoned);
  restored.shelf = ShareShelf::load(db);
  restored.interrupted = recover_claims(db, config, now);
  restored.pauses = load_pauses(db);
  return restored;
}

void keep_reserve(Sqlite& db, const std::filesystem::path& folder) {
  try {
    free_pages(db);  // what a crash left
    if (lack_of_room(folder).empty() && lacks_free_pages(db)) bring_free_pages(db);
  } catch (const SqliteError& e) {
    log::debug("db.no_reserve", {{"what", e.what()}});  // the watch over the database tries again
  }
}

std::int64_t recover_claims(Sqlite& db, const Config& config, Time now) {
  std::vector<ChannelKind> resend{ChannelKind::email, ChannelKind::webhook};
  if (config.whatsapp && config.whatsapp->resend_ambiguous) resend.push_back(ChannelKind::whatsapp);
  return recover(db, resend, now);
}

std::vector<StrandedQueue> stranded_queues(Sqlite& db, const Config& config) {
  std::vector<StrandedQueue> stranded;
  for (const auto channel : all_channels) {
    if (config.has_channel(channel)) continue;
    const auto owed = queue_state(db, channel).depth + waiting_in_digests(db, channel);
    if (owed > 0) stranded.push_back({channel, owed});
  }
  return stranded;
}

StorageWatch::StorageWatch(Database& database, Clock& clock, Metrics& metrics, std::filesystem::path folder)
    : database_(database), clock_(clock), metrics_(metrics), folder_(std::move(folder)) {}

asio::awaitable<void> StorageWatch::run() {
  constexpr auto between_measurements = std::chrono::seconds(10);
  Time measure_at{};
  for (;;) {
    auto trouble = lack_of_room(folder_);
    if (!trouble.empty()) tell(trouble);  // before the database has answered
    const auto now = clock_.now();
    if (!trouble.empty() || !is_good() || now >= measure_at) {
      measure_at = now + between_measurements;
      if (auto failure = co_await measure(trouble.empty()); !failure.empty()) trouble = std::move(failure);
    }
    tell(std::move(trouble));
    co_await clock_.sleep_for(std::chrono::seconds(1));
  }
}

// What the database said against it; empty = nothing.
asio::awaitable<std::string> StorageWatch::measure(bool has_room) {
  try {
    co_await measure_queues();
    if (has_room) co_await keep_pages();
  } catch (const SqliteError& e) {
    co_return e.what();
  }
  co_return std::string();
}

void StorageWatch::tell(std::string trouble) {
  const bool was_good = is_good();
  trouble_ = std::move(trouble);
  if (was_good && !is_good())
    log::error("storage.bad", {{"folder", folder_.string()},
                               {"what", trouble_},
                               {"next", "no stories are taken until there is room; what is owed is sent"}});
  if (!was_good && is_good()) log::info("storage.good");
  metrics_.set_accepting_stories(is_good());
}

// Brings back what was used of the reserve.
asio::awaitable<void> StorageWatch::keep_pages() {
  if (!co_await database_.run([](Sqlite& db) { return lacks_free_pages(db); }, Durability::written))
    co_return;
  std::exception_ptr failure;
  try {
    for (int part = 0; part < reserve_parts; ++part)
      co_await database_.run([&](Sqlite& db) { take_pages(db, part); }, Durability::written);
  } catch (const SqliteError&) {
    failure = std::current_exception();
  }
  co_await database_.run(free_pages, Durability::written);
  if (failure) std::rethrow_exception(failure);
}

// Writes, too: a database that can only be read is not good.
asio::awaitable<void> StorageWatch::measure_queues() {
  const auto now = clock_.now();
  const auto states = co_await database_.run([&](Sqlite& db) {
    db.query("INSERT OR REPLACE INTO setting (key, value) VALUES ('alive at', ?)")
        .bind(0, now.time_since_epoch().count())
        .run();
    std::vector<QueueState> out;
    for (const auto channel : all_channels) out.push_back(queue_state(db, channel));
    return out;
  });
  Duration oldest{};
  for (std::size_t i = 0; i < states.size(); ++i) {
    metrics_.set_queue_depth(to_string(all_channels[i]), static_cast<double>(states[i].depth));
    if (states[i].oldest_due) oldest = std::max(oldest, now - *states[i].oldest_due);
  }
  metrics_.set_oldest_age(oldest);
}

}  // namespace crier
