// LoadLog: how far the daemon is with a long load, a line in the log every few seconds.
#pragma once

#include <cstddef>
#include <functional>

#include "base/clock.hpp"

namespace crier {

class LoadLog {
 public:
  /// Nothing is logged for a load that is over at once.
  explicit LoadLog(const Clock& clock);

  void advance(std::size_t done, std::size_t total);
  /// For LoadOptions::on_progress; this must outlive it.
  std::function<void(std::size_t, std::size_t)> hook();

 private:
  const Clock& clock_;
  Time next_;
};

}  // namespace crier
