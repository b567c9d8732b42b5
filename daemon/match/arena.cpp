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
  const auto room = used_blocks_ * block_words - next_;
  if (used_blocks_ == 0 || room < words) {
    if (used_blocks_ == max_blocks) throw std::length_error("the rule index is full");
    const auto pages = used_blocks_ == 0 ? PageSize::small : PageSize::large;  // most indexes need little
    memory_.push_back(std::make_unique<ZeroPages>(block_words * sizeof(std::uint32_t), pages));
    blocks_[used_blocks_].store(static_cast<std::uint32_t*>(memory_.back()->data()),
                                std::memory_order_relaxed);
    next_ = used_blocks_ == 0 ? 1 : used_blocks_ * block_words;  // address 0 is no record
    ++used_blocks_;
  }
  const auto address = next_;
  next_ += words;
  return address;
}

void Arena::release(Address address, std::uint32_t words) {
  if (words >= free_.size()) free_.resize(words + 1);
  *at(address) = free_[words];
  free_[words] = address;
}

}  // namespace crier
