// PostingLists: for each term the rules that are looked at when a story has it. The terms of a family share a
// list: few long ones are read faster than many short ones, and the bits of the family say which of its
// postings count. A posting holds two conditions (guards) that are tested before anything else is read, and
// what it leads to: the rule itself when anchor and guards decide it, else its program. One writer; readers
// scan without locks.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "match/arena.hpp"
#include "match/dictionary.hpp"
#include "match/segmented.hpp"

namespace crier {

/// A term that a story must have, or must not have: the number of a bit in StoryTerms::truth(), below 2^28.
using Literal = std::uint32_t;
constexpr Literal present(TermId term) {
  return term * 2;
}
constexpr Literal absent(TermId term) {
  return term * 2 + 1;
}
constexpr Literal always_true = present(always_term);
constexpr Literal never_true = present(never_term);

/// What a posting leads to: a rule's id, or the address of its program (top bit clear).
using Target = std::uint32_t;
constexpr Target decided_bit = 1U << 31;

struct Posting {
  Literal guard1 = always_true;
  Literal guard2 = always_true;
  bool either = false;  ///< one guard is enough
  Target target = 0;
};

class PostingLists {
 public:
  /// What was unlinked and may be given back once no reader can be in it.
  struct Unlinked {
    Arena::Address address = 0;
    std::uint32_t words = 0;
  };

  /// Appends. Returns the chunk that was replaced by a larger one, if any (address 0: none).
  Unlinked add(TermId term, const Posting& posting);
  /// Ends one posting of a term's family that leads to `target`, or all of one chunk: no reader will follow
  /// them from now on. Returns the chunk that was replaced by a smaller one, if any.
  Unlinked remove(TermId term, Target target);
  void give_back(Unlinked unlinked) { arena_.release(unlinked.address, unlinked.words); }

  std::size_t bytes() const { return arena_.bytes() + heads_.bytes(); }

  // The readers' side. A list is read from its first chunk (0: no postings) to its last.

  Arena::Address first_chunk(Family family) const { return heads_[family].load(std::memory_order_acquire); }
  const std::uint32_t* chunk(Arena::Address address) const { return arena_.at(address); }
  void prefetch_head(Family family) const { __builtin_prefetch(&heads_[family]); }
  /// The rest of a chunk whose beginning is at hand, as far as the processor would not see it coming itself.
  static void prefetch_rest(const std::uint32_t* chunk) {
    constexpr std::uint32_t line_words = 16;
    constexpr std::uint32_t seen_coming = 6 * line_words;
    const auto end = std::min(header_words + posting_count(chunk) * posting_words, seen_coming);
    for (auto word = line_words; word < end + line_words; word += line_words)
      __builtin_prefetch(chunk + word);
  }

  /// Writes what the postings lead to whose guards are true, of the first `count` of a chunk, to `to`, where
  /// there is room for as many. `family` is what is known of the terms of the list. Returns the end of what
  /// was written.
  static Target* scan(const std::uint32_t* chunk, std::uint32_t count, const FamilyTruth* truth,
                      FamilyTruth family, Target* to) {
    const auto* posting = chunk + header_words;
    for (auto left = count; left > 0; --left, posting += posting_words) {
      const auto guard1 = load(posting[0]);
      const auto guard2 = load(posting[1]);
      const auto anchor = static_cast<std::uint32_t>(family) >> (guard1 >> anchor_shift);
      const auto first = bit(truth, guard1 & literal_mask);
      const auto second = bit(truth, guard2 & literal_mask);
      *to = posting[2];
      to += anchor & (first + second + (guard2 >> 31)) >> 1;  // two of the three: one is that one is enough
    }
    return to;
  }
  static std::uint32_t posting_count(const std::uint32_t* chunk) {
    return std::atomic_ref(const_cast<std::uint32_t&>(chunk[1])).load(std::memory_order_acquire) & count_mask;
  }
  static Arena::Address next_chunk(const std::uint32_t* chunk) {
    return std::atomic_ref(const_cast<std::uint32_t&>(chunk[0])).load(std::memory_order_acquire);
  }
  /// Lists exist for the families below this.
  void reach(Family family) { heads_.reach(family); }

 private:
  // A chunk: the address of the next one; the number of postings, of dead ones among them and its size class;
  // then the postings. Readers see a posting once the number says so; a dead one has a first guard that is
  // never true, and asks for both.
  static constexpr std::uint32_t header_words = 2;
  static constexpr std::uint32_t posting_words = 3;
  // Beside the literals: of the first guard the place of the anchor's bit in its family's, of the second
  // whether one guard is enough.
  static constexpr std::uint32_t literal_mask = (1U << 28) - 1;
  static constexpr std::uint32_t anchor_shift = 28;
  static constexpr std::uint32_t either_bit = 1U << 31;
  static constexpr std::uint32_t count_mask = (1U << 12) - 1;

  static std::uint32_t load(const std::uint32_t& word) {
    return std::atomic_ref(const_cast<std::uint32_t&>(word)).load(std::memory_order_acquire);
  }
  static std::uint32_t bit(const FamilyTruth* truth, Literal literal) {
    return static_cast<std::uint32_t>(truth[literal >> 4]) >> (literal & 15) & 1;
  }
  Arena::Address make_chunk(std::uint32_t size_class, Arena::Address next);
  Arena::Address copy_chunk(const std::uint32_t* from, std::uint32_t size_class);
  Unlinked shrink(Family family, Arena::Address before, Arena::Address address);

  Arena arena_;
  Segmented<std::atomic<Arena::Address>> heads_;  // by family
};

}  // namespace crier
