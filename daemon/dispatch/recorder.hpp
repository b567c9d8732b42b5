// Recorder: brings what became of deliveries to the database. Outcomes that come while one write is under way
// share the next, writes keep a distance, and most are not synced: an outcome that a power cut takes means
// one message sent again, never one lost. On the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/bell.hpp"
#include "base/clock.hpp"
#include "base/time.hpp"
#include "db/database.hpp"
#include "outbox/settlements.hpp"

namespace crier {

class Recorder {
 public:
  /// Both outlive the recorder. `distance`: from one write's beginning to the next, so that under load a few
  /// large ones are made rather than many small ones.
  Recorder(const boost::asio::any_io_executor& loop, Database& database, Clock& clock, Duration distance)
      : database_(database), clock_(clock), distance_(distance), pause_(loop), done_(loop) {}

  /// Returns when the outcomes are written: a crash of crier does not take them. A power cut takes at most
  /// the last chunk_capacity of those that are `recognised` when repeated, and none of the others.
  boost::asio::awaitable<void> record(std::span<const Settled> settled, bool recognised);
  /// What has left must be remembered: a database that cannot be written is tried until it can.
  boost::asio::awaitable<void> write(std::function<void(Sqlite&)> job,
                                     Durability durability = Durability::synced);

 private:
  Database& database_;
  Clock& clock_;
  Duration distance_;
  boost::asio::steady_timer pause_;  // ends when the next write may begin
  std::vector<Settled> unrecorded_;
  bool must_sync_ = false;      // something of `unrecorded_` must not be repeated
  std::size_t unsynced_ = 0;    // written since the last sync
  std::uint64_t next_ = 1;      // the write that will take `unrecorded_`
  std::uint64_t recorded_ = 0;  // the last write that has ended
  bool recording_ = false;
  Bell done_;
};

}  // namespace crier
