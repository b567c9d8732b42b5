#include "app/load_log.hpp"

#include "base/log.hpp"

namespace crier {
namespace {

constexpr Duration period = std::chrono::seconds(3);

}  // namespace

LoadLog::LoadLog(const Clock& clock) : clock_(clock), next_(clock.now() + period) {}

void LoadLog::advance(std::size_t done, std::size_t total) {
  const auto now = clock_.now();
  if (now < next_) return;
  next_ = now + period;
  log::info("config.loading", {{"subscribers", done}, {"of", total}});
}

std::function<void(std::size_t, std::size_t)> LoadLog::hook() {
  return [this](std::size_t done, std::size_t total) { advance(done, total); };
}

}  // namespace crier
