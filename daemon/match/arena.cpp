#include "match/arena.hpp"

#include <stdexcept>

namespace crier {

Arena::Arena() : blocks_(new std::atomic<std::uint32_t*>[max_blocks]()) {}

Arena::Address Arena::allocate(std::uint32_t words) {
  if (words < free_.size() && free_[words] != 0) {
    const auto address = free_[words];
    free_[words] = *at(address);
    return address;
  }
  while (used_blocks_ * block_words - next_ < words) add_block();
  const auto address = next_;
  next_ += words;
  return address;
}

void Arena::add_block() {
  if (used_blocks_ == max_blocks) throw std::length_error("the rule index is full");
  // Most indexes need little: of the first block only the end is given out, in small pages.
  const bool is_first = used_blocks_ == 0;
  memory_.push_back(std::make_unique<ZeroPages>(block_words * sizeof(std::uint32_t),
                                                is_first ? PageSize::small : PageSize::large));
  blocks_[used_blocks_].store(static_cast<std::uint32_t*>(memory_.back()->data()), std::memory_order_relaxed);
  next_ = is_first ? first_address : used_blocks_ * block_words;
  ++used_blocks_;
}

void Arena::release(Address address, std::uint32_t words) {
  if (words >= free_.size()) free_.resize(words + 1);
  *at(address) = free_[words];
  free_[words] = address;
}

}  // namespace crier
