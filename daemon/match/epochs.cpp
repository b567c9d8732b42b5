#include "match/epochs.hpp"

#include <algorithm>
#include <thread>

namespace crier {

unsigned Epochs::enter() {
  for (unsigned place = 0;; place = (place + 1) % max_readers) {
    auto free = idle;
    if (places_[place].since.compare_exchange_strong(free, epoch_.load(std::memory_order_seq_cst),
                                                     std::memory_order_seq_cst)) {
      // With the writer's fence: it either sees this reader, or this reader sees what it has unlinked.
      std::atomic_thread_fence(std::memory_order_seq_cst);
      return place;
    }
    if (place + 1 == max_readers) std::this_thread::yield();
  }
}

bool Epochs::has_passed(std::uint64_t epoch) const {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return std::ranges::all_of(places_, [epoch](const Place& place) {
    const auto since = place.since.load(std::memory_order_seq_cst);
    return since == idle || since > epoch;
  });
}

}  // namespace crier
