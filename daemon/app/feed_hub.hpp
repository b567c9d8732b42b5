// FeedHub: what FeedIntake has to do with its feed's WebSub hub: it asks for a lease, answers when the hub
// wants to know whether that was meant, and keeps what the hub sends until it is read. On the loop. The lease
// is stored by FeedIntake; deliveries that a crash loses are what the next poll brings.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/bell.hpp"
#include "schedule/hub_lease.hpp"

namespace crier {

class Clock;
class HostTurns;
class HttpClient;

/// What a hub has sent and is to be read.
struct HubDelivery {
  std::string content_type;
  std::string body;
};

class FeedHub {
 public:
  struct Options {
    std::string source;
    std::string callback;   ///< without its token; empty = no hub can reach us
    bool insecure = false;  ///< callbacks and hubs over plain http will do: the secret can be overheard
  };

  /// `clock`, `client` and `turns` outlive it.
  FeedHub(const boost::asio::any_io_executor& loop, Clock& clock, HttpClient& client, HostTurns& turns,
          Options options);

  /// What was stored of an earlier run; it ends when the hub may no longer be asked, or is to deliver
  /// elsewhere.
  void resume(HubLease lease);
  /// What the feed says about its hub; none when it may not be asked.
  void note(HubAddress address);
  /// What has to be stored; nullopt when nothing has changed.
  std::optional<HubLease> take_change();

  /// Whether the hub sends what is new, as far as anybody can tell.
  bool is_active() const;
  /// nullopt when there is nothing to ask.
  std::optional<Time> ask_at() const;
  /// Asks for a lease. What goes wrong is logged, and tried again in an hour.
  boost::asio::awaitable<void> ask(std::string user_agent);

  std::optional<HubDelivery> take_delivery();
  const std::string& topic() const { return lease_.topic; }
  /// Returns at that time, or when the hub has called.
  boost::asio::awaitable<void> wait_until(Time time) { return called_.wait_until(clock_, time); }

  /// Whether a hub that knows this token is the feed's.
  bool has_token(std::string_view token) const;
  /// A hub asks whether it was meant, or refuses. True when it is to go on.
  bool answer(const HubIntent& intent);
  /// A body that the hub has not signed is dropped.
  void take(std::string_view signature, std::string_view content_type, std::string body);

 private:
  boost::asio::awaitable<std::string> send_question(std::string user_agent);

  Clock& clock_;
  HttpClient& client_;
  HostTurns& turns_;
  Options options_;
  Bell called_;
  HubLease lease_;
  bool is_changed_ = false;
  bool said_failing_ = false;
  std::deque<HubDelivery> deliveries_;
};

}  // namespace crier
