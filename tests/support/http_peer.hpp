// A loop on its own thread, and a raw client that says exactly what a test wants it to say.
// All waiting is for the other side, bounded by `patience`.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace crier::test {

inline constexpr auto patience = std::chrono::minutes(1);

class LoopThread {
 public:
  LoopThread() : work_(context_.get_executor()), thread_([this] { context_.run(); }) {}
  ~LoopThread() {
    work_.reset();
    context_.stop();
    thread_.join();
  }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  boost::asio::io_context& context() { return context_; }
  /// Runs a coroutine on the loop and waits for it.
  template <class T>
  T run(boost::asio::awaitable<T> task) {
    return boost::asio::co_spawn(context_, std::move(task), boost::asio::use_future).get();
  }
  /// Runs a function on the loop and waits for it.
  template <class Function>
  auto call(Function function) {
    return boost::asio::post(context_, boost::asio::use_future(std::move(function))).get();
  }

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

struct PeerAnswer {
  int status = 0;
  std::string head;  ///< with the status line, without the empty line
  std::string body;

  /// The value of a header, or empty.
  std::string header(std::string_view name) const;
};

class HttpPeer {
 public:
  explicit HttpPeer(std::uint16_t port, const std::string& address = "127.0.0.1");
  ~HttpPeer();
  HttpPeer(HttpPeer&& other) noexcept;
  HttpPeer(const HttpPeer&) = delete;
  HttpPeer& operator=(const HttpPeer&) = delete;

  /// False when the other side has reset the connection.
  bool send(std::string_view bytes);
  /// The next answer, read by its Content-Length; status 0 when the connection ended first.
  PeerAnswer read_answer(bool to_head_request = false);
  /// Everything until the other side closes.
  std::string read_to_end();

 private:
  bool fill();

  int descriptor_ = -1;
  std::string buffer_;
};

/// Asks again and again until `met()`; false when that takes too long.
template <class Condition>
bool eventually(Condition met) {
  for (const auto until = std::chrono::steady_clock::now() + patience;
       std::chrono::steady_clock::now() < until;) {
    if (met()) return true;
    std::this_thread::yield();
  }
  return met();
}

/// One connection, one request, one answer.
PeerAnswer ask(std::uint16_t port, std::string_view request);
/// GET `target` with Connection: close.
PeerAnswer get(std::uint16_t port, const std::string& target);

}  // namespace crier::test
