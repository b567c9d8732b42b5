// Terms: distinct strings and their small numbers, for one story. The strings lie in one buffer: 16 MB of
// words that never repeat cost little more than themselves. A value; not shared while it is being filled.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace crier {

/// Seeded once per process, so that nobody can prepare a story whose words collide.
std::uint64_t hash_term(std::string_view text);

class Terms {
 public:
  using Id = std::uint32_t;
  static constexpr Id none = ~Id{0};

  /// Makes room for so many terms of a usual length.
  void reserve(std::size_t count);
  /// The number of `text`, given out in order of first sight from 0.
  Id intern(std::string_view text) { return intern(text, hash_term(text)); }
  Id intern(std::string_view text, std::uint64_t hash);
  std::optional<Id> find(std::string_view text) const;
  std::string_view operator[](Id id) const;
  /// hash_term of the term.
  std::uint64_t hash(Id id) const { return hashes_[id]; }
  std::size_t size() const { return ends_.size(); }

 private:
  // With a part of the hash, so that hardly any other term's bytes are looked at.
  struct Slot {
    Id id = none;
    std::uint32_t tag = 0;
  };

  std::size_t slot_of(std::string_view text, std::uint64_t hash) const;
  void rehash(std::size_t slots);

  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

  std::string pool_;
  std::vector<std::size_t> ends_;  // of each term in the pool
  std::vector<std::uint64_t> hashes_;
  std::vector<Slot> slots_;  // open addressing, a power of two, at most half full
};

}  // namespace crier
