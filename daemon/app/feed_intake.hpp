// FeedIntake: the way from a feed on the web to intake: ask, read, hand over, wait. A coroutine on the loop,
// one for each feed of the configuration; App starts it in its task group. What it must know after a crash is
// in the database, written when the stories of a poll are: a poll that a crash interrupts is made again.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "app/config.hpp"
#include "app/feed_fetch.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "schedule/feed_memory.hpp"
#include "schedule/poll_pace.hpp"

namespace crier {

class Clock;
class Database;
class HostTurns;
class HttpClient;
class Intake;
class Metrics;
class Sqlite;
class Workers;

class FeedIntake {
 public:
  /// All of it outlives the intake.
  struct Parts {
    Database& database;
    Workers& workers;
    Clock& clock;
    Intake& intake;
    Metrics& metrics;
    HttpClient& client;
    HostTurns& turns;
    std::function<std::shared_ptr<const Config>()> config;  ///< the current snapshot
  };

  /// `first_wait` keeps the feeds of one configuration from being asked all at once.
  FeedIntake(Parts parts, FeedConfig feed, Duration first_wait);

  /// Ends when the feed does: after HTTP 410, or when it says that nothing will follow.
  boost::asio::awaitable<void> run();

 private:
  boost::asio::awaitable<Duration> poll();
  void conclude(const FeedAnswer& answer, PollResult result);
  boost::asio::awaitable<Result<PollResult>> take(const FeedAnswer& answer);
  boost::asio::awaitable<Result<ParsedSource>> parse(const FeedAnswer& answer);
  boost::asio::awaitable<PollResult> take_stories(ParsedSource parsed);
  boost::asio::awaitable<void> drop_known(std::vector<Story>& stories);
  boost::asio::awaitable<void> in_database(std::function<void(Sqlite&)> job);
  void note_failure(const std::string& failure);

  Parts parts_;
  FeedConfig feed_;
  Duration first_wait_;
  FeedMemory memory_;
};

}  // namespace crier
