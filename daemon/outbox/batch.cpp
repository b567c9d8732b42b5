#include "outbox/batch.hpp"

namespace crier {

std::size_t BatchPlan::size() const {
  std::size_t total = 0;
  for (const auto& group : groups) total += group.members.size();
  return total;
}

}  // namespace crier
