// FeedIntake: the way from a feed's server to intake: ask when it is time, read, hand over what is new,
// remember; and what its hub sends in between. A coroutine on the loop, one for each feed of the
// configuration; FeedDesk starts it.
// What the first fetch of a feed holds is noted, not sent. The memory is written after the stories are
// stored: a crash in between asks again, and the story log knows what it has seen.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>

#include <boost/asio/awaitable.hpp>

#include "app/config.hpp"
#include "base/bell.hpp"
#include "schedule/poll.hpp"
#include "story/feed_memory.hpp"
#include "story/hub_lease.hpp"

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
    std::string callback;  ///< of hubs, without its token; empty = none can reach us
  };

  FeedIntake(const boost::asio::any_io_executor& loop, Parts parts, HttpClient& client, FeedConfig feed);

  /// Ends when the feed has ended, and by cancellation.
  boost::asio::awaitable<void> run();

  /// Whether a hub that knows this token is the feed's.
  bool has_token(std::string_view token) const;
  /// A hub asks whether it was meant, or refuses. True when it is to go on.
  bool answer_hub(const HubIntent& intent);
  /// What a hub says is new; a body that the hub has not signed is dropped.
  void take_delivery(std::string_view signature, std::string_view content_type, std::string body);

 private:
  /// What a hub has sent and is to be read.
  struct Delivery {
    std::string content_type;
    std::string body;
  };

  /// One answer, what it says about the next, and of a failure what went wrong.
  struct Polled {
    FeedAnswer answer;
    PollAnswer said;
    std::string what;
    std::string body_hash;
    std::optional<std::pair<std::string, std::string>> hub;  ///< and topic, if the body was read
  };

  boost::asio::awaitable<void> in_database(std::function<void(Sqlite&)> job);
  boost::asio::awaitable<void> guard(boost::asio::awaitable<void> work, Polled& polled);
  boost::asio::awaitable<void> poll_feed();
  boost::asio::awaitable<void> fetch_and_take(Polled& polled);
  boost::asio::awaitable<void> take_body(Polled& polled);
  boost::asio::awaitable<bool> take_stories(ParsedSource source, std::vector<std::uint64_t> keys);
  Time next_fetch(Time now);
  void conclude(const Polled& polled);
  void conclude_good(const Polled& polled, Time now);
  void conclude_failed(const Polled& polled, Time now, std::optional<Time> next);
  void say_doubts(const ParsedSource& source);

  // feed_hub.cpp
  bool may_ask_hub() const;
  void note_hub(const Polled& polled);
  boost::asio::awaitable<void> save_lease();
  boost::asio::awaitable<void> ask_hub();
  boost::asio::awaitable<void> send_to_hub(std::string& failure);
  boost::asio::awaitable<void> read_delivery(Delivery delivery);

  Parts parts_;
  HttpClient& client_;
  FeedConfig feed_;
  FeedMemory memory_;
  std::unordered_set<std::uint64_t> seen_;  ///< stories of the last body, by id and content
  std::uint64_t polls_ = 0;
  bool said_failing_ = false;
  bool said_doubtful_ = false;
  HubLease lease_;
  bool is_lease_changed_ = false;
  bool said_hub_failing_ = false;
  std::deque<Delivery> deliveries_;
  Bell hub_called_;
};

}  // namespace crier
