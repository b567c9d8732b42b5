// HostTurns: politeness towards other people's servers. Whoever is about to fetch waits for a turn: one
// fetch at a time from a host, a pause between two of them, and a bound on all hosts together.
// Lives on the loop; feeds that are polled share one. Nothing of it outlives a crash.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/bell.hpp"
#include "base/clock.hpp"

namespace crier {

struct TurnLimits {
  std::size_t at_once = 32;                           ///< over all hosts
  Duration between = std::chrono::milliseconds(500);  ///< the end of a fetch and the next from the same host
};

/// By whom turns are counted: the host of a URL in lower case; empty when it is none.
std::string host_of(const std::string& url);

class HostTurns {
 public:
  /// The right to fetch from a host, for as long as it lives.
  class Turn {
   public:
    Turn(HostTurns& turns, std::string host) : turns_(&turns), host_(std::move(host)) {}
    Turn(Turn&& other) noexcept
        : turns_(std::exchange(other.turns_, nullptr)), host_(std::move(other.host_)) {}
    Turn& operator=(Turn&&) = delete;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->end(host_);
    }

   private:
    HostTurns* turns_;
    std::string host_;
  };

  /// `clock` outlives it, and it outlives its turns.
  HostTurns(const boost::asio::any_io_executor& executor, Clock& clock, TurnLimits limits = {});

  /// Returns when it is this fetch's turn. Cancellation throws operation_aborted.
  boost::asio::awaitable<Turn> take(std::string host);

 private:
  struct Host {
    bool is_busy = false;
    Time free_at{};
  };

  bool must_pause(const Host& host, Time now) const;
  void end(const std::string& host);

  Clock& clock_;
  TurnLimits limits_;
  Bell changed_;
  std::map<std::string, Host> hosts_;  ///< those that are busy, or were just now
  std::size_t busy_ = 0;
};

}  // namespace crier
