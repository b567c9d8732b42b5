#include "base/tasks.hpp"

#include <list>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/append.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace crier {

namespace asio = boost::asio;

struct TaskGroup::State {
  struct Task {
    std::string name;
    asio::cancellation_signal cancel;
  };

  asio::any_io_executor executor;
  std::function<void(const std::string&, const std::string&)> on_failure;
  std::list<Task> tasks;
  asio::steady_timer emptied;  // cancelled to wake join()
  bool stopping = false;

  State(asio::any_io_executor ex, std::function<void(const std::string&, const std::string&)> failure)
      : executor(std::move(ex)), on_failure(std::move(failure)), emptied(executor) {
    emptied.expires_at(asio::steady_timer::time_point::max());
  }

  void ended(std::list<Task>::iterator task, const std::exception_ptr& failure) {
    const auto name = std::move(task->name);
    tasks.erase(task);
    if (tasks.empty()) emptied.cancel();
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const boost::system::system_error& e) {
      if (e.code() != asio::error::operation_aborted) on_failure(name, e.what());
    } catch (const std::exception& e) {
      on_failure(name, e.what());
    }
  }
};

TaskGroup::TaskGroup(asio::any_io_executor executor,
                     std::function<void(const std::string&, const std::string&)> on_failure)
    : state_(std::make_shared<State>(std::move(executor), std::move(on_failure))) {}

TaskGroup::~TaskGroup() = default;

void TaskGroup::start(std::string name, asio::awaitable<void> task) {
  if (state_->stopping) return;
  const auto entry = state_->tasks.emplace(state_->tasks.end());
  entry->name = std::move(name);
  // The completion handler may run before co_spawn returns, so nothing touches `entry` after it.
  asio::co_spawn(state_->executor, std::move(task),
                 asio::bind_cancellation_slot(entry->cancel.slot(),
                                              [state = state_, entry](const std::exception_ptr& failure) {
                                                state->ended(entry, failure);
                                              }));
}

void TaskGroup::stop() {
  state_->stopping = true;
  // Cancelling may end tasks at once and change the list: walk a snapshot by position.
  for (auto task = state_->tasks.begin(); task != state_->tasks.end();) {
    const auto current = task++;
    current->cancel.emit(asio::cancellation_type::terminal);
  }
}

asio::awaitable<void> TaskGroup::join() {
  const auto state = state_;
  while (!state->tasks.empty()) {
    boost::system::error_code woken;
    co_await state->emptied.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
}

std::size_t TaskGroup::running() const {
  return state_->tasks.size();
}

}  // namespace crier
