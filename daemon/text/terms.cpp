#include "text/terms.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>

namespace crier {
namespace {

__extension__ using Product = unsigned __int128;

// Both halves of the product depend on all bits of both factors.
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<Product>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <class Word>
std::uint64_t load(const char* bytes) {
  Word word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

struct Seeds {
  std::uint64_t first, second;

  static std::uint64_t draw() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  }
};

}  // namespace

// The short form of Wang Yi's wyhash: 16 bytes a multiplication; the last read overlaps the one before it.
std::uint64_t hash_term(std::string_view text) {
  static const Seeds seeds{Seeds::draw(), Seeds::draw()};
  const auto* bytes = text.data();
  const auto size = text.size();
  auto hash = seeds.first;
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  if (size > 16) {
    for (std::size_t at = 0; at + 16 < size; at += 16)
      hash = mix(load<std::uint64_t>(bytes + at) ^ seeds.second, load<std::uint64_t>(bytes + at + 8) ^ hash);
    a = load<std::uint64_t>(bytes + size - 16);
    b = load<std::uint64_t>(bytes + size - 8);
  } else if (size >= 8) {
    a = load<std::uint64_t>(bytes);
    b = load<std::uint64_t>(bytes + size - 8);
  } else if (size >= 4) {
    a = load<std::uint32_t>(bytes);
    b = load<std::uint32_t>(bytes + size - 4);
  } else if (size > 0) {
    a = load<std::uint8_t>(bytes) << 16 | load<std::uint8_t>(bytes + size / 2) << 8 |
        load<std::uint8_t>(bytes + size - 1);
  }
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15;
  return mix(odd ^ size, mix(a ^ seeds.second, b ^ hash));
}

void Terms::reserve(std::size_t count) {
  constexpr std::size_t usual_bytes = 8;
  pool_.reserve(count * usual_bytes);
  ends_.reserve(count);
  hashes_.reserve(count);
  if (const auto slots = std::bit_ceil(count * 2); slots > slots_.size()) rehash(slots);
}

std::string_view Terms::operator[](Id id) const {
  const auto begin = id == 0 ? 0 : ends_[id - 1];
  return {pool_.data() + begin, ends_[id] - begin};
}

std::optional<Terms::Id> Terms::find(std::string_view text) const {
  if (slots_.empty()) return std::nullopt;
  const auto id = slots_[slot_of(text, hash_term(text))].id;
  return id == none ? std::nullopt : std::optional(id);
}

Terms::Id Terms::intern(std::string_view text, std::uint64_t hash) {
  if (size() * 2 >= slots_.size()) rehash(std::max<std::size_t>(16, slots_.size() * 2));
  auto& slot = slots_[slot_of(text, hash)];
  if (slot.id == none) {
    slot = {static_cast<Id>(size()), tag_of(hash)};
    pool_ += text;
    ends_.push_back(pool_.size());
    hashes_.push_back(hash);
  }
  return slot.id;
}

// Where `text` is, or the empty slot where it would be.
std::size_t Terms::slot_of(std::string_view text, std::uint64_t hash) const {
  const auto mask = slots_.size() - 1;
  auto at = hash & mask;
  for (; slots_[at].id != none; at = (at + 1) & mask)
    if (slots_[at].tag == tag_of(hash) && (*this)[slots_[at].id] == text) break;
  return at;
}

void Terms::rehash(std::size_t slots) {
  slots_.assign(slots, {});
  const auto mask = slots - 1;
  for (Id id = 0; id < size(); ++id) {
    auto at = hashes_[id] & mask;
    while (slots_[at].id != none) at = (at + 1) & mask;
    slots_[at] = {id, tag_of(hashes_[id])};
  }
}

}  // namespace crier
