// Bell: wakes whoever waits on the loop. A ring with nobody waiting is not kept: the waiter looks at its
// own state before it waits. Loop only.
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"

namespace crier {

class Bell {
 public:
  explicit Bell(const boost::asio::any_io_executor& executor);
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  /// Wakes everybody who waits now.
  void ring();
  /// Returns at the next ring. Cancellation throws operation_aborted.
  boost::asio::awaitable<void> wait();
  /// Returns at the next ring, or when the clock reaches `time`.
  boost::asio::awaitable<void> wait_until(Clock& clock, Time time);

 private:
  struct Timer;
  std::unique_ptr<Timer> timer_;
};

}  // namespace crier
