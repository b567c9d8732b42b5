// The order socket: how `crier outbox` reaches the daemon that runs on the same state folder. A socket in
// that folder, which only its owner may use: no port, no token. One line of JSON is asked, one is answered.
// Another daemon cannot be there: the folder's lock is held.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"

namespace crier {

class Clock;
class TaskGroup;

class OrderSocket {
 public:
  using Handler = std::function<boost::asio::awaitable<std::string>(std::string)>;

  /// In `folder`, on the loop.
  OrderSocket(boost::asio::any_io_executor loop, Clock& clock, std::filesystem::path folder, Handler handler);
  ~OrderSocket();
  OrderSocket(const OrderSocket&) = delete;
  OrderSocket& operator=(const OrderSocket&) = delete;

  /// From here on the daemon can be reached; it is answered when the tasks run.
  Result<void> open();
  void start(TaskGroup& tasks);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Asks the daemon of a state folder, for up to two minutes. nullopt when there is none. Blocking.
Result<std::optional<std::string>> ask_daemon(const std::filesystem::path& folder,
                                              const std::string& question);

}  // namespace crier
