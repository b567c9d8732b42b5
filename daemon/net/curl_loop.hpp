// CurlLoop: lets one libcurl multi handle live on an Asio executor. libcurl says which sockets and which
// timer it waits for, Asio tells when they are ready. Lives on the loop; HttpClient is its only caller.
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

namespace crier {

class CurlLoop {
 public:
  /// Told on the loop that a transfer ended: its easy handle's CURLOPT_PRIVATE and CURLcode. It must not
  /// destroy the handle before it returns.
  using Finished = void (*)(void* private_data, int code);

  struct Limits {
    long connections;
    long connections_per_host;
    long idle_connections;
  };

  /// Throws std::runtime_error when libcurl cannot start.
  CurlLoop(boost::asio::any_io_executor executor, const Limits& limits, Finished finished);
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  const boost::asio::any_io_executor& executor() const;
  /// A CURL* that was given back, with the options it had then; null when there is none.
  void* take_idle();
  /// One that is not with libcurl any more.
  void give_back(void* easy);
  /// libcurl has this socket from now on; one of the same number is gone.
  void opened(int socket);
  /// `easy` is a CURL*, whose sockets this closes. Throws std::runtime_error when libcurl does not take it.
  void add(void* easy);
  /// Also of a transfer that has not ended.
  void remove(void* easy);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace crier
