// FeedIntake: the way from a feed's server to intake: ask when it is time, read, hand over what is new,
// remember. A coroutine on the loop, one for each feed of the configuration; FeedDesk starts it.
// What the first fetch of a feed holds is noted, not sent. The memory is written after the stories are
// stored: a crash in between asks again, and the story log knows what it has seen.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>

#include <boost/asio/awaitable.hpp>

#include "app/config.hpp"
#include "schedule/poll.hpp"
#include "story/feed_memory.hpp"

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
    HostTurns& turns;
    std::function<std::shared_ptr<const Config>()> config;  ///< the current snapshot
    std::string user_agent;
  };

  FeedIntake(Parts parts, HttpClient& client, FeedConfig feed);

  /// Ends when the feed has ended, and by cancellation.
  boost::asio::awaitable<void> run();

 private:
  /// One answer, what it says about the next, and of a failure what went wrong.
  struct Polled {
    FeedAnswer answer;
    PollAnswer said;
    std::string what;
    std::string body_hash;
  };

  boost::asio::awaitable<void> in_database(std::function<void(Sqlite&)> job);
  boost::asio::awaitable<Polled> poll();
  boost::asio::awaitable<void> fetch_and_take(Polled& polled);
  boost::asio::awaitable<void> take_body(Polled& polled);
  boost::asio::awaitable<bool> take_stories(ParsedSource source, std::vector<std::uint64_t> keys);
  Time due() const;
  void conclude(const Polled& polled);
  void conclude_good(const Polled& polled, Time now);
  void conclude_failed(const Polled& polled, Time now, std::optional<Time> next);
  void say_doubts(const ParsedSource& source);

  Parts parts_;
  HttpClient& client_;
  FeedConfig feed_;
  FeedMemory memory_;
  std::unordered_set<std::uint64_t> seen_;  ///< stories of the last body, by id and content
  std::uint64_t polls_ = 0;
  bool said_failing_ = false;
  bool said_doubtful_ = false;
};

}  // namespace crier
