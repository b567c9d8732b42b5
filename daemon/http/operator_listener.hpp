// OperatorListener: the API, health and metrics for operators and their programs, on loopback by default.
// cpp-httplib's threads own the sockets and the parsing; each request is handed to the loop, where its
// handler runs, and awaited with a deadline. A slow client costs a thread for a bounded time, never the loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "http/message.hpp"

namespace crier::http {

struct OperatorListenerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0 = any free one
  unsigned threads = 8;    ///< as many clients are served at a time; more wait
  std::chrono::milliseconds header_time = std::chrono::seconds(10);
  std::chrono::milliseconds body_time = std::chrono::seconds(30);
  std::chrono::milliseconds answer_time = std::chrono::seconds(10);  ///< for the loop; then 503
  std::chrono::milliseconds write_time = std::chrono::seconds(10);
  std::chrono::milliseconds idle_time = std::chrono::seconds(2);  ///< an idle connection holds a thread
  std::size_t header_bytes = 16UL * 1024;
  std::size_t body_bytes = 16UL * 1024 * 1024;
  OnAnswer on_answer;  ///< may be empty; called on the listener's threads
};

class OperatorListener {
 public:
  /// `handler` runs on `loop`; what it refers to must outlive the listener.
  OperatorListener(boost::asio::any_io_executor loop, OperatorListenerOptions options, Handler handler);
  /// Ends without grace when stop() was not called; waits for the threads.
  ~OperatorListener();
  OperatorListener(const OperatorListener&) = delete;
  OperatorListener& operator=(const OperatorListener&) = delete;

  /// Binds and starts the threads. Errors: an address that cannot be bound, named.
  Result<void> open();
  /// After open().
  std::uint16_t port() const;

  /// Stops accepting, lets running requests be answered, then cuts off what is left after `grace`.
  /// Returns when every thread has ended; the loop goes on meanwhile.
  boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);

 private:
  class Server;
  struct State;
  std::shared_ptr<State> state_;
  std::unique_ptr<Server> server_;
};

}  // namespace crier::http
