// Storage: what the daemon takes up from its database at start, and the watch over both disk and database
// while it runs. restore() runs before there is a loop, StorageWatch on it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "app/config.hpp"
#include "app/share_shelf.hpp"
#include "audience/suppression.hpp"
#include "base/time.hpp"
#include "outbox/pauses.hpp"

namespace crier {

class Clock;
class Database;
class Metrics;
class Sqlite;

/// What the database holds that the loop works with in memory.
struct Restored {
  std::vector<std::uint32_t> numbers;  ///< of the subscribers, in their order
  SuppressionList suppressions;
  ShareShelf shelf;
  std::int64_t interrupted = 0;               ///< deliveries that were being sent when the last run ended
  std::map<std::string, Time> watched_since;  ///< source → when crier first watched it
  std::vector<Pause> pauses;
};

/// In one transaction of the caller's.
Restored restore(Sqlite& db, const Config& config, Time now);

/// What is sent when the disk is full finds pages in the file, from the first moment on: they are taken if
/// there is room. No transaction is open.
void keep_reserve(Sqlite& db, const std::filesystem::path& folder);

/// What a daemon that ended had claimed is free again; returns how many deliveries it was sending. While no
/// daemon runs, in a transaction.
std::int64_t recover_claims(Sqlite& db, const Config& config, Time now);

/// What is owed on a channel that the configuration does not have.
struct StrandedQueue {
  ChannelKind channel = ChannelKind::email;
  std::int64_t deliveries = 0;
};
std::vector<StrandedQueue> stranded_queues(Sqlite& db, const Config& config);

/// Looks every second whether the disk has room, and every ten seconds, in trouble every second, whether the
/// database can be written: no stories are taken in trouble, so that there is room for what is owed. Keeps
/// the queue metrics true, and free pages in the database.
class StorageWatch {
 public:
  /// All of it outlives the watch.
  StorageWatch(Database& database, Clock& clock, Metrics& metrics, std::filesystem::path folder);

  bool is_good() const { return trouble_.empty(); }
  /// What is wrong; empty = nothing.
  const std::string& trouble() const { return trouble_; }
  /// Ends by cancellation only.
  boost::asio::awaitable<void> run();

 private:
  boost::asio::awaitable<std::string> measure(bool has_room);
  boost::asio::awaitable<void> measure_queues();
  boost::asio::awaitable<void> keep_pages();
  void tell(std::string trouble);

  Database& database_;
  Clock& clock_;
  Metrics& metrics_;
  std::filesystem::path folder_;
  std::string trouble_;
};

}  // namespace crier
