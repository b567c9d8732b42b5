// TaskGroup: every long-lived coroutine of a component starts here and ends here; nothing is detached.
// Lives on the loop. stop() asks all to end by cancellation; join() returns when they have.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace crier {

class TaskGroup {
 public:
  /// `on_failure` is told of a task that ended by an exception other than cancellation.
  TaskGroup(boost::asio::any_io_executor executor,
            std::function<void(const std::string& task, const std::string& what)> on_failure);
  /// All tasks must have ended (join) or the executor must not run again.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void start(std::string name, boost::asio::awaitable<void> task);
  /// Cancels every running task; each ends at its next suspension. New tasks end at once, too.
  void stop();
  /// Returns when no task is running.
  boost::asio::awaitable<void> join();
  std::size_t running() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace crier
