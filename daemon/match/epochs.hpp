// Epochs: lets one writer know when no reader can still hold what it has taken out of a shared structure.
// A reader enters before it looks and leaves afterwards; what the writer unlinked in an epoch may be reused
// once every reader that entered in that epoch or before has left. Readers never wait for the writer.
// After Fraser, "Practical lock-freedom" (2004), section 5.2.3.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace crier {

class Epochs {
 public:
  static constexpr unsigned max_readers = 64;

  /// Takes one of the places for readers and returns its number; more readers than places wait for one.
  unsigned enter();
  void leave(unsigned place) { places_[place].since.store(idle, std::memory_order_release); }

  /// Ends the present epoch and returns its number. Only the writer's.
  std::uint64_t advance() { return epoch_.fetch_add(1, std::memory_order_seq_cst); }
  /// Whether all readers of this epoch and of those before have left. Only the writer's.
  bool has_passed(std::uint64_t epoch) const;

  /// A reader's stay.
  class Stay;

 private:
  static constexpr std::uint64_t idle = 0;

  struct alignas(64) Place {
    std::atomic<std::uint64_t> since{idle};
  };

  std::atomic<std::uint64_t> epoch_{1};
  std::array<Place, max_readers> places_;
};

class Epochs::Stay {
 public:
  explicit Stay(Epochs& epochs) : epochs_(epochs), place_(epochs.enter()) {}
  ~Stay() { epochs_.leave(place_); }
  Stay(const Stay&) = delete;
  Stay& operator=(const Stay&) = delete;

  unsigned place() const { return place_; }

 private:
  Epochs& epochs_;
  unsigned place_;
};

}  // namespace crier
