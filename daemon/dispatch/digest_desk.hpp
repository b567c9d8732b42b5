// The digest desk: when an edition's time has come, it turns what has gathered for it into batches; what
// waits for an edition that the configuration no longer has is dropped. Runs on the loop; the batches are
// planned in many short transactions, and the last one writes the occurrence and releases them, so a crash
// sends it once or not yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/bell.hpp"
#include "base/clock.hpp"
#include "dispatch/newsroom.hpp"

namespace crier {

class Database;
class DigestPlaces;
class Workers;

class DigestDesk {
 public:
  struct Parts {
    Database& database;
    Workers& workers;
    Clock& clock;
    std::function<std::shared_ptr<const Newsroom>()> newsroom;  ///< the current snapshot
    std::function<void()> on_owed;                              ///< new work is in the outbox
  };
  DigestDesk(const boost::asio::any_io_executor& loop, Parts parts)
      : parts_(std::move(parts)), reloaded_(loop) {}

  /// Sends each edition at its time, for ever.
  boost::asio::awaitable<void> run();
  /// The editions may have changed: look at them now.
  void reload() { reloaded_.ring(); }

 private:
  boost::asio::awaitable<void> drop_removed(std::shared_ptr<const Newsroom> newsroom);
  struct Planned {
    std::int64_t id = 0;  // of the batch
    std::size_t readers = 0;
  };
  boost::asio::awaitable<std::optional<Planned>> plan(const Newsroom& newsroom, const Edition& edition,
                                                      const Occurrence& occurrence, ChannelKind channel,
                                                      Time now);
  boost::asio::awaitable<void> take(std::int64_t seq, std::int64_t batch_id, const DigestPlaces& planned,
                                    DigestPlaces& places);
  boost::asio::awaitable<void> publish_due(std::shared_ptr<const Newsroom> newsroom, const Edition& edition,
                                           Time now);

  Parts parts_;
  Bell reloaded_;
};

}  // namespace crier
