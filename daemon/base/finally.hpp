// Finally: runs something at the end of a scope, also when a coroutine is destroyed while it waits.
#pragma once

#include <utility>

namespace crier {

template <class Action>
class [[nodiscard]] Finally {
 public:
  explicit Finally(Action action) : action_(std::move(action)) {}
  ~Finally() { action_(); }
  Finally(const Finally&) = delete;
  Finally& operator=(const Finally&) = delete;

 private:
  Action action_;
};

}  // namespace crier
