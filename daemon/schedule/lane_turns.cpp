#include "schedule/lane_turns.hpp"

namespace crier {

std::optional<Lane> LaneTurns::next(LaneSet ready) {
  if (ready.none()) return std::nullopt;
  std::size_t most_urgent = 0;
  while (!ready.test(most_urgent)) ++most_urgent;
  auto chosen = most_urgent;
  if (ready.count() > 1 && ++turns_ % others_every == 0) {
    chosen = lane_count;
    for (auto i = most_urgent + 1; i < lane_count; ++i) {
      if (ready.test(i) && (chosen == lane_count || served_[i] < served_[chosen])) chosen = i;
    }
  }
  served_[chosen] = turns_;
  return static_cast<Lane>(chosen);
}

}  // namespace crier
