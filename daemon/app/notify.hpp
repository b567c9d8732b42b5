// Notify: tells systemd how the daemon is (sd_notify(3)): a datagram of KEY=value lines to $NOTIFY_SOCKET.
// Without that variable everything here does nothing. On the loop.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace crier {

class Notify {
 public:
  /// Reads $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID and removes them from the environment.
  Notify();

  void ready(std::string_view status) const;
  /// With the monotonic time in the same datagram, as Type=notify-reload demands.
  void reloading() const;
  void stopping() const;
  void status(std::string_view text) const;
  void alive() const;

  /// Half of what systemd allows between two alive(); nullopt when it does not watch.
  std::optional<Duration> watchdog_period() const { return watchdog_period_; }

 private:
  void send(const std::string& message) const;

  std::string socket_;
  std::optional<Duration> watchdog_period_;
};

}  // namespace crier
