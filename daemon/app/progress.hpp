// Progress: how far a long command is, on standard error: a line that changes on a terminal, a line now and
// then elsewhere. Nothing for what is done at once.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"

namespace crier {

class Progress {
 public:
  /// What the command prints to standard output meanwhile. Lines on a terminal are sign enough.
  enum class Meanwhile { silence, lines };

  /// `what` is counted: "stories". `total` 0 = not known.
  Progress(const Clock& clock, std::string what, std::int64_t total,
           Meanwhile meanwhile = Meanwhile::silence);
  /// Removes the line from the terminal.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(std::int64_t count = 1);

 private:
  void show(Time now);

  const Clock& clock_;
  std::string what_;
  std::int64_t total_;
  bool is_terminal_;
  bool is_wanted_;
  std::int64_t done_ = 0;
  bool is_shown_ = false;
  Time next_;
};

}  // namespace crier
