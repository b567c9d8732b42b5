// IoThread: an io_context on a thread of its own, for sockets that would keep the loop busy. What lives on it
// is reached by run().
#pragma once

#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace crier {

class IoThread {
 public:
  /// `name`, of at most 15 bytes, is how the system shows the thread. With a `niceness` above 0 the others go
  /// first when there are too few cores (setpriority(2); of one thread, on Linux).
  explicit IoThread(const char* name, int niceness = 0);
  /// As stop(). What is on it outlives this, or was destroyed after stop().
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  boost::asio::any_io_executor executor() { return context_.get_executor(); }

  /// Runs `task` there and resumes the caller on its own executor with what it returned or threw. Not
  /// cancellable: the caller is resumed only after the task has ended, so the task may refer to the caller's
  /// variables.
  template <class T>
  boost::asio::awaitable<T> run(boost::asio::awaitable<T> task) {
    namespace asio = boost::asio;
    // Tracked: the caller's loop has work for as long as somebody waits for this thread.
    const auto caller =
        asio::prefer(co_await asio::this_coro::executor, asio::execution::outstanding_work.tracked);
    std::optional<T> value;
    auto start = [&](auto handler) {
      asio::co_spawn(
          context_, std::move(task),
          [&value, caller, handler = std::move(handler)](std::exception_ptr failure, T result) mutable {
            value.emplace(std::move(result));
            asio::post(caller,
                       [handler = std::move(handler), failure]() mutable { std::move(handler)(failure); });
          });
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(std::exception_ptr)>(
        std::move(start), asio::use_awaitable);
    co_return std::move(*value);
  }

  /// Ends the thread; whatever runs on it stays where it is.
  void stop();

 private:
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace crier
