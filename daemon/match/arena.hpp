// Arena: memory for many small records, addressed by 32 bits in words of four bytes. Records never move;
// freed ones are reused for records of the same size. One writer; readers look at what was published to them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "match/zero_pages.hpp"

namespace crier {

class Arena {
 public:
  using Address = std::uint32_t;                           ///< 0 is no record
  static constexpr std::uint32_t max_words = 1U << 20;     ///< of one record: 4 MB
  static constexpr Address max_address = (1U << 31) - 1U;  ///< so that a bit is left for others

  Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  std::uint32_t* at(Address address) const {
    return blocks_[address >> block_bits].load(std::memory_order_relaxed) + (address & (block_words - 1));
  }

  /// A record of `words` words (1 to max_words); its content is anything.
  Address allocate(std::uint32_t words);
  /// Nobody may still look at the record; `words` is what it was allocated with.
  void release(Address address, std::uint32_t words);

  /// Given out so far, free records included; what was not touched yet is no memory.
  std::size_t bytes() const { return next_ > 0 ? (next_ - first_address) * sizeof(std::uint32_t) : 0; }

 private:
  static constexpr std::uint32_t block_bits = 20;  // 4 MB, of which untouched pages are no memory
  static constexpr std::uint32_t block_words = 1U << block_bits;
  static constexpr std::uint32_t max_blocks = 1U << (31 - block_bits);
  static constexpr Address first_address = block_words - (1U << 16);

  void add_block();

  std::unique_ptr<std::atomic<std::uint32_t*>[]> blocks_;
  std::vector<std::unique_ptr<ZeroPages>> memory_;  // of the blocks
  std::uint32_t used_blocks_ = 0;
  Address next_ = 0;           // in the newest block
  std::vector<Address> free_;  // by words: the first free record, whose first word is the next
};

}  // namespace crier
