// Segmented: an array that grows without moving, so that readers may look at old elements while the one
// writer appends. Elements begin as zeros. A reader learns an index from something the writer published after
// the element was filled (a release store), which makes the element visible, too.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>

namespace crier {

template <class T>
class Segmented {
 public:
  Segmented() : blocks_(new std::atomic<T*>[max_blocks]()) {}
  ~Segmented() {
    for (std::uint32_t i = 0; i * block_size < size_; ++i)
      delete[] blocks_[i].load(std::memory_order_relaxed);
  }
  Segmented(const Segmented&) = delete;
  Segmented& operator=(const Segmented&) = delete;

  T& operator[](std::uint32_t index) const {
    return blocks_[index >> block_bits].load(std::memory_order_relaxed)[index & (block_size - 1)];
  }

  /// The writer's own count; readers have theirs from what was published.
  std::uint32_t size() const { return size_; }
  /// Appends one element of zeros and returns its index.
  std::uint32_t append() {
    reach(size_);
    return size_ - 1;
  }
  /// Makes `index` an element, with all before it.
  void reach(std::uint32_t index) {
    if (index / block_size >= max_blocks) throw std::length_error("the rule index is full");
    for (auto block = (size_ + block_size - 1) / block_size; block <= index / block_size; ++block)
      blocks_[block].store(new T[block_size](), std::memory_order_relaxed);
    if (index >= size_) size_ = index + 1;
  }

  std::size_t bytes() const {
    return (size_ + block_size - 1) / block_size * block_size * sizeof(T) + max_blocks * sizeof(T*);
  }

 private:
  static constexpr std::uint32_t block_bits = 12;
  static constexpr std::uint32_t block_size = 1U << block_bits;
  static constexpr std::uint32_t max_blocks = 1U << 14;  // 67 million elements

  std::unique_ptr<std::atomic<T*>[]> blocks_;
  std::uint32_t size_ = 0;
};

}  // namespace crier
