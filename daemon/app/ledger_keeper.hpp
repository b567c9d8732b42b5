// LedgerKeeper: takes the old ledger away, an hour's worth at a time and in small steps, so that the database
// does not grow for ever and sending does not wait. On the loop.
#pragma once

#include <functional>
#include <memory>

#include <boost/asio/awaitable.hpp>

#include "app/config.hpp"

namespace crier {

class Clock;
class Database;

class LedgerKeeper {
 public:
  /// `config` gives the current snapshot; all of it outlives the keeper.
  LedgerKeeper(Database& database, Clock& clock, std::function<std::shared_ptr<const Config>()> config);

  /// Ends by cancellation only.
  boost::asio::awaitable<void> run();

 private:
  boost::asio::awaitable<void> prune();

  Database& database_;
  Clock& clock_;
  std::function<std::shared_ptr<const Config>()> config_;
};

}  // namespace crier
