// Clock: the only source of "now" and of waiting. Production has SystemClock, tests move a ManualClock.
// Runs on the loop. Wall-clock jumps are noticed within `SystemClock::longest_nap`.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/time.hpp"

namespace crier {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;

  /// Returns when now() >= `time`. Cancellation throws boost::system::system_error(operation_aborted),
  /// a normal ending.
  virtual boost::asio::awaitable<void> sleep_until(Time time) = 0;

  /// Returns when `duration` has passed, whatever is done to the wall clock meanwhile: for intervals and
  /// deadlines of our own. Cancellation as above.
  virtual boost::asio::awaitable<void> sleep_for(Duration duration) = 0;
};

class SystemClock final : public Clock {
 public:
  static constexpr Duration longest_nap = std::chrono::seconds(15);

  Time now() const override;
  boost::asio::awaitable<void> sleep_until(Time time) override;
  boost::asio::awaitable<void> sleep_for(Duration duration) override;
};

}  // namespace crier
