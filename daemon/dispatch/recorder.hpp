// Recorder: brings what became of deliveries to the disk. Outcomes that come while one write is under way
// share the next, so that many deliveries cost few syncs. On the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/bell.hpp"
#include "base/clock.hpp"
#include "outbox/settlements.hpp"

namespace crier {

class Database;
class Sqlite;

class Recorder {
 public:
  /// Both outlive the recorder.
  Recorder(const boost::asio::any_io_executor& loop, Database& database, Clock& clock)
      : database_(database), clock_(clock), done_(loop) {}

  /// Returns when the outcomes are on the disk.
  boost::asio::awaitable<void> record(std::span<const Settled> settled);
  /// What has left must be remembered: a database that cannot be written is tried until it can.
  boost::asio::awaitable<void> write(std::function<void(Sqlite&)> job);

 private:
  Database& database_;
  Clock& clock_;
  std::vector<Settled> unrecorded_;
  std::uint64_t next_ = 1;      // the write that will take `unrecorded_`
  std::uint64_t recorded_ = 0;  // the last write that has ended
  bool recording_ = false;
  Bell done_;
};

}  // namespace crier
