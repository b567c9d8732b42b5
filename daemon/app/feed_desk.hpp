// FeedDesk: all feeds of the configuration, and what they share: clients, politeness, a resolver.
// Lives on the loop; App makes it and starts its coroutines in the daemon's task group.
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "app/config.hpp"
#include "app/feed_intake.hpp"
#include "base/result.hpp"
#include "http/websub.hpp"

namespace crier {

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
    std::function<std::shared_ptr<const Config>()> config;  ///< the current snapshot
  };

  /// For the feeds of `config`. Error: a feed's address rules cannot be read.
  static Result<std::unique_ptr<FeedDesk>> make(const boost::asio::any_io_executor& loop, Parts parts,
                                                const Config& config);
  ~FeedDesk();

  void start(TaskGroup& tasks);

  /// What hubs say, for the feed whose token they know. The desk outlives the door.
  http::WebSubDoor door();

 private:
  struct State;
  explicit FeedDesk(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace crier
