#include "app/storage.hpp"

#include <algorithm>
#include <chrono>

#include <sys/statvfs.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "db/database.hpp"
#include "db/setting.hpp"
#include "outbox/digest_items.hpp"
#include "outbox/held.hpp"
#include "outbox/outbox.hpp"
#include "outbox/settlements.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

constexpr std::uint64_t least_free_bytes = 64ULL << 20;

bool has_room(const std::filesystem::path& folder) {
  struct statvfs info {};
  if (::statvfs(folder.c_str(), &info) != 0) return false;
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize >= least_free_bytes;
}

}  // namespace

Restored restore(Sqlite& db, const Config& config, Time now) {
  Restored restored;
  for (const auto& source : config.sources())
    restored.watched_since[source] = first_seen(db, "source since/" + source, now);
  restored.numbers = subscriber_numbers(db, *config.book);
  SuppressionList::erase_gone(db, config.book->subscribers());
  restored.suppressions = SuppressionList::load(db);
  restored.shelf = ShareShelf::load(db);
  restored.interrupted = recover_claims(db, config, now);
  restored.pauses = load_pauses(db);
  return restored;
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
  for (;;) {
    std::string failure;
    try {
      co_await measure_queues();
    } catch (const SqliteError& e) {
      failure = e.what();
    }
    const bool was_good = good_;
    good_ = failure.empty() && has_room(folder_);
    if (was_good && !good_)
      log::error("storage.bad", {{"folder", folder_.string()},
                                 {"what", failure.empty() ? "less than 64 MB free" : failure}});
    if (!was_good && good_) log::info("storage.good");
    co_await clock_.sleep_for(std::chrono::seconds(10));
  }
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
