#include "app/progress.hpp"

#include <cstdio>

#include <fmt/core.h>

#include "app/terminal.hpp"

namespace crier {
using std::chrono::milliseconds;
using std::chrono::seconds;

Progress::Progress(const Clock& clock, std::string what, std::int64_t total, Meanwhile meanwhile)
    : clock_(clock),
      what_(std::move(what)),
      total_(total),
      is_terminal_(is_terminal(stderr)),
      is_wanted_(meanwhile == Meanwhile::silence || !is_terminal(stdout)),
      next_(clock.now() + (is_terminal_ ? Duration(milliseconds(500)) : Duration(seconds(5)))) {}

Progress::~Progress() {
  if (is_shown_ && is_terminal_) fmt::print(stderr, "\r\x1b[K");
}

void Progress::advance(std::int64_t count) {
  done_ += count;
  if (!is_wanted_) return;
  if (const auto now = clock_.now(); now >= next_) show(now);
}

void Progress::show(Time now) {
  is_shown_ = true;
  next_ = now + (is_terminal_ ? Duration(milliseconds(200)) : Duration(seconds(10)));
  const auto text = total_ > 0 ? fmt::format("{} of {} {} ({} %)", done_, total_, what_, done_ * 100 / total_)
                               : fmt::format("{} {}", done_, what_);
  if (is_terminal_) {
    fmt::print(stderr, "\r{}\x1b[K", text);
    std::fflush(stderr);
  } else {
    fmt::print(stderr, "{}\n", text);
  }
}

}  // namespace crier
