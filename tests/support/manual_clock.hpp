// ManualClock: time that moves only by advance(). Single-threaded, as the loop is.
#pragma once

#include <list>
#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.hpp"

namespace crier::test {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : now_(start) {}

  Time now() const override { return now_; }
  boost::asio::awaitable<void> sleep_until(Time time) override;
  boost::asio::awaitable<void> sleep_for(Duration duration) override { return sleep_until(now_ + duration); }

  /// Moves time and wakes the sleepers that are due; run the loop afterwards to let them go on.
  void advance(Duration by);

  /// How many wait for a time that has not come.
  std::size_t sleeping() const;

  /// Before the loop of the sleepers is destroyed under them.
  void forget_sleepers() { sleepers_.clear(); }

 private:
  struct Sleeper;
  Time now_;
  std::list<std::shared_ptr<Sleeper>> sleepers_;
};

}  // namespace crier::test
