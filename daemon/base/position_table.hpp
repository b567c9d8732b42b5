// PositionTable: finds the position in a list by a text that each element has, at six to twelve bytes an
// element, five when it is full; the texts stay in the list. For one thread, or for many that only find.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
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
    while (slots_[slot] != none && text_of(slots_[slot]) != key) slot = after(slot);
    return slots_[slot];
  }

  /// A position whose text is not there yet.
  template <class TextOf>
  void insert(std::uint32_t position, const TextOf& text_of) {
    if ((size_ + 1) * 3 > slots_.size() * 2) resize(std::max<std::size_t>(16, slots_.size() * 2), text_of);
    put(position, text_of);
    ++size_;
  }

  /// When nothing more comes soon: takes no more memory than finding needs.
  template <class TextOf>
  void fit(const TextOf& text_of) {
    resize(size_ + size_ / 3 + 1, text_of);
  }

 private:
  // The high half of the product spreads hashes over any number of slots.
  std::size_t first_slot(std::string_view key) const {
    const auto hash = std::hash<std::string_view>{}(key);
    return static_cast<std::size_t>((static_cast<unsigned __int128>(hash) * slots_.size()) >> 64U);
  }
  std::size_t after(std::size_t slot) const { return slot + 1 == slots_.size() ? 0 : slot + 1; }

  template <class TextOf>
  void put(std::uint32_t position, const TextOf& text_of) {
    auto slot = first_slot(text_of(position));
    while (slots_[slot] != none) slot = after(slot);
    slots_[slot] = position;
  }

  template <class TextOf>
  void resize(std::size_t slots, const TextOf& text_of) {
    const auto before = std::exchange(slots_, std::vector<std::uint32_t>(slots, none));
    for (const auto position : before)
      if (position != none) put(position, text_of);
  }

  std::vector<std::uint32_t> slots_;
  std::size_t size_ = 0;
};

}  // namespace crier
