#include "text/terms.hpp"

#include <algorithm>
#include <cstring>
#include <random>

namespace crier {

std::uint64_t hash_term(std::string_view text) {
  static const std::uint64_t seed = [] {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  }();
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15;
  std::uint64_t hash = seed ^ (text.size() * odd);
  while (!text.empty()) {
    std::uint64_t word = 0;
    const auto size = std::min(text.size(), sizeof word);
    std::memcpy(&word, text.data(), size);
    text.remove_prefix(size);
    hash = (hash ^ word) * odd;
    hash ^= hash >> 29;
    hash = (hash + seed) * odd;
    hash ^= hash >> 32;
  }
  return hash;
}

std::string_view Terms::operator[](Id id) const {
  const auto begin = id == 0 ? 0 : ends_[id - 1];
  return std::string_view(pool_).substr(begin, ends_[id] - begin);
}

std::optional<Terms::Id> Terms::find(std::string_view text) const {
  if (slots_.empty()) return std::nullopt;
  const auto id = slots_[slot_of(text, hash_term(text))];
  return id == empty ? std::nullopt : std::optional(id);
}

Terms::Id Terms::intern(std::string_view text) {
  if (size() * 2 >= slots_.size()) grow();
  const auto hash = hash_term(text);
  auto& slot = slots_[slot_of(text, hash)];
  if (slot == empty) {
    slot = static_cast<Id>(size());
    pool_ += text;
    ends_.push_back(pool_.size());
    hashes_.push_back(hash);
  }
  return slot;
}

// Where `text` is, or the empty slot where it would be.
std::size_t Terms::slot_of(std::string_view text, std::uint64_t hash) const {
  const auto mask = slots_.size() - 1;
  auto slot = hash & mask;
  while (slots_[slot] != empty && (hashes_[slots_[slot]] != hash || (*this)[slots_[slot]] != text))
    slot = (slot + 1) & mask;
  return slot;
}

void Terms::grow() {
  slots_.assign(std::max<std::size_t>(64, slots_.size() * 2), empty);
  for (Id id = 0; id < size(); ++id) slots_[slot_of((*this)[id], hashes_[id])] = id;
}

}  // namespace crier
