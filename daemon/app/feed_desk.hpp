// FeedDesk: all feeds of the configuration, and what they share: politeness, and the door at which hubs call.
// On the loop; App makes it and starts its coroutines in the daemon's task group.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "app/feed_intake.hpp"
#include "http/websub.hpp"
#include "net/host_turns.hpp"

namespace crier {

class Services;
class TaskGroup;

class FeedDesk {
 public:
  /// All of it outlives the desk.
  struct Parts {
    Database& database;
    Workers& workers;
    Clock& clock;
    Intake& intake;
    Metrics& metrics;
    Services& services;
    std::function<std::shared_ptr<const Config>()> config;  ///< the current snapshot
  };

  /// For the feeds of the configuration as it is now.
  FeedDesk(const boost::asio::any_io_executor& loop, const Parts& parts);

  void start(TaskGroup& tasks);

  /// What hubs say, for the feed whose token they know. The desk outlives the door.
  http::WebSubDoor door();

 private:
  FeedIntake* find(std::string_view token);

  HostTurns turns_;
  std::list<FeedIntake> feeds_;
};

}  // namespace crier
