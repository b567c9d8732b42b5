// WarmUpBook: keeps over a restart what has left today by relays that warm up. On the loop.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "schedule/warm_up.hpp"

namespace crier {

class Clock;
class Database;
class RelayGroup;
class Sqlite;

/// What was written last of a relay; nothing on no day, when it never warmed up. On any connection.
SentOnDay find_sent(Sqlite& db, const std::string& relay);
/// In a database job.
void load_sent_today(Sqlite& db, RelayGroup& relays);

class WarmUpBook {
 public:
  /// All of it outlives this.
  WarmUpBook(Database& database, Clock& clock, RelayGroup& relays)
      : database_(database), clock_(clock), relays_(relays) {}

  /// Writes what changed, each second: so much a crash forgets at most. Ends by cancellation only.
  boost::asio::awaitable<void> run();
  /// Now.
  boost::asio::awaitable<void> write();

 private:
  Database& database_;
  Clock& clock_;
  RelayGroup& relays_;
  std::vector<std::pair<std::string, SentOnDay>> written_;
};

}  // namespace crier
