// run_loop: runs one coroutine of a test to its end on the test's io_context, within a bound of real time.
#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

namespace crier::test {

inline constexpr auto loop_bound = std::chrono::minutes(1);

/// Runs the loop until `met()`; throws std::runtime_error when that takes too long. Other work on the loop is
/// left where it stands.
template <class Condition>
void run_until(boost::asio::io_context& loop, Condition met) {
  // A loop without work stops itself, also late: by the last of a job that another thread has done before.
  const auto work = boost::asio::make_work_guard(loop);
  const auto until = std::chrono::steady_clock::now() + loop_bound;
  while (!met() && std::chrono::steady_clock::now() < until) {
    loop.restart();
    loop.run_one_until(until);
  }
  if (!met()) throw std::runtime_error("what the test waits for did not come in time");
}

/// Stores what `work` returns: co_spawn itself wants results that can be made from nothing.
template <class T>
boost::asio::awaitable<void> keep(boost::asio::awaitable<T> work, std::optional<T>& result) {
  result.emplace(co_await std::move(work));
}

inline void run_loop(boost::asio::io_context& loop, boost::asio::awaitable<void> work) {
  std::exception_ptr failure;
  bool ended = false;
  boost::asio::co_spawn(loop, std::move(work), [&](std::exception_ptr thrown) {
    failure = thrown;
    ended = true;
  });
  run_until(loop, [&] { return ended; });
  if (failure) std::rethrow_exception(failure);
}

/// What the coroutine returned; throws what it threw.
template <class T>
T run_loop(boost::asio::io_context& loop, boost::asio::awaitable<T> work) {
  std::optional<T> result;
  run_loop(loop, keep(std::move(work), result));
  return std::move(*result);
}

}  // namespace crier::test
