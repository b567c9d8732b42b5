// FeedIntake: the way from a feed on the web to intake: ask, read, hand over, wait; and what its hub sends
// meanwhile. A coroutine on the loop, one for each feed of the configuration; FeedDesk starts it. What it
// must know after a crash is in the database, written when the stories of a poll are: a poll that a crash
// interrupts is made again.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "app/config.hpp"
#include "app/feed_fetch.hpp"
#include "app/feed_hub.hpp"
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

  /// Hubs deliver to `callback`, with a token behind it; empty = they cannot.
  FeedIntake(const boost::asio::any_io_executor& loop, Parts parts, FeedConfig feed, Duration first_wait,
             const std::string& callback);

  /// Ends when the feed does: after HTTP 410, or when it says that nothing will follow.
  boost::asio::awaitable<void> run();

  const std::string& name() const { return feed_.name; }
  FeedHub& hub() { return hub_; }

 private:
  boost::asio::awaitable<Duration> remember();
  boost::asio::awaitable<void> work();
  boost::asio::awaitable<void> poll();
  boost::asio::awaitable<void> ask(FeedAnswer& answer, PollResult& result);
  void conclude(const FeedAnswer& answer, PollResult result);
  void note_failure(const std::string& failure);

  boost::asio::awaitable<Result<PollResult>> take(const FeedAnswer& answer);
  boost::asio::awaitable<Result<ParsedSource>> parse(const FeedAnswer& answer);
  boost::asio::awaitable<Result<ParsedSource>> parse_content(const FeedAnswer& answer);
  struct Taken {
    PollResult result = PollResult::unchanged;
    bool is_all = true;  ///< false: there was no room for some
  };
  boost::asio::awaitable<Taken> take_stories(ParsedSource parsed);
  void note_refusal(const std::string& story, const std::string& failure);
  boost::asio::awaitable<void> drop_known(std::vector<Story>& stories);

  boost::asio::awaitable<void> read_delivery(HubDelivery delivery);
  boost::asio::awaitable<void> take_delivered(const FeedAnswer& answer, std::string& failure);

  boost::asio::awaitable<std::string> guarded(boost::asio::awaitable<void> work);
  boost::asio::awaitable<void> in_database(std::function<void(Sqlite&)> job);
  std::string user_agent_now() const;

  Parts parts_;
  FeedConfig feed_;
  Duration first_wait_;
  FeedMemory memory_;
  FeedHub hub_;
  Time due_{};
  Duration wait_{};
  bool lacks_stories_ = false;  ///< it has shown some that there was no room for, and is to be read again
};

}  // namespace crier
