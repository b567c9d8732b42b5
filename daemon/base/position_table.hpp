// PositionTable: finds the position in a list by a text that each element has, at four to eight bytes an
// element; the texts stay in the list. For one thread, or for many that only find.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace crier {

class PositionTable {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  /// The position whose text is `key`; none when there is none. `text_of(position)` is the text of one.
  template <class TextOf>
  std::uint32_t find(std::string_view key, const TextOf& text_of) const {
    if (slots_.empty()) return none;
    auto slot = first_slot(key);
    while (slots_[slot] != none && text_of(slots_[slot]) != key) slot = (slot + 1) % slots_.size();
    return slots_[slot];
  }

  /// A position whose text is not there yet.
  template <class TextOf>
  void insert(std::uint32_t position, const TextOf& text_of) {
    if ((size_ + 1) * 3 > slots_.size() * 2) grow(text_of);
    put(position, text_of);
    ++size_;
  }

 private:
  std::size_t first_slot(std::string_view key) const {
    return std::hash<std::string_view>{}(key) & (slots_.size() - 1);
  }

  template <class TextOf>
  void put(std::uint32_t position, const TextOf& text_of) {
    auto slot = first_slot(text_of(position));
    while (slots_[slot] != none) slot = (slot + 1) % slots_.size();
    slots_[slot] = position;
  }

  template <class TextOf>
  void grow(const TextOf& text_of) {
    const auto before = std::move(slots_);
    slots_.assign(before.empty() ? 16 : before.size() * 2, none);
    for (const auto position : before)
      if (position != none) put(position, text_of);
  }

  std::vector<std::uint32_t> slots_;  // their number is a power of two
  std::size_t size_ = 0;
};

}  // namespace crier
