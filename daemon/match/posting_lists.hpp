// PostingLists: for each term the rules that are looked at when a story has it. A posting holds two
// conditions (guards) that are tested before anything else is read, and what it leads to: the rule itself
// when anchor and guards decide it, else its program. One writer; readers scan without locks.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>

#include "match/arena.hpp"
#include "match/dictionary.hpp"
#include "match/segmented.hpp"

namespace crier {

/// A term that a story must have, or must not have: the number of a bit in StoryTerms::truth().
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
  /// Ends one posting of a term that leads to `target`, or all of one chunk: no reader will follow them from
  /// now on. Returns the chunk that was replaced by a smaller one, if any.
  Unlinked remove(TermId term, Target target);
  void give_back(Unlinked unlinked) { arena_.release(unlinked.address, unlinked.words); }

  /// Postings of a term, dead ones included. The writer's.
  std::size_t size(TermId term) const;
  std::size_t bytes() const { return arena_.bytes() + heads_.bytes(); }

  // The readers' side. A list is read from its first chunk (0: no postings) to its last.

  Arena::Address first_chunk(TermId term) const { return heads_[term].load(std::memory_order_acquire); }
  const std::uint32_t* chunk(Arena::Address address) const { return arena_.at(address); }
  void prefetch_head(TermId term) const { __builtin_prefetch(&heads_[term]); }
  /// The rest of a chunk whose beginning is at hand, as far as the processor would not see it coming itself.
  static void prefetch_rest(const std::uint32_t* chunk) {
    constexpr std::uint32_t line_words = 16;
    constexpr std::uint32_t seen_coming = 6 * line_words;
    const auto end = std::min(header_words + posting_count(chunk) * posting_words, seen_coming);
    for (auto word = line_words; word < end + line_words; word += line_words)
      __builtin_prefetch(chunk + word);
  }

  /// Of the postings whose guards are true: the rules that these decide, and the programs to be run.
  struct Found {
    Target* rules;
    Target* programs;
  };
  /// Writes those among the first `count` of a chunk to `to`, where both have room for as many, and moves it
  /// behind them.
  static void scan(const std::uint32_t* chunk, std::uint32_t count, const std::uint64_t* truth, Found& to) {
    const auto* posting = chunk + header_words;
    for (auto left = count; left > 0; --left, posting += posting_words) {
      const auto guard1 = load(posting[0]);
      const auto guard2 = load(posting[1]);
      const auto target = posting[2];
      const auto first = truth[guard1 >> 6] >> (guard1 & 63);
      const auto second = truth[(guard2 & ~either_bit) >> 6] >> (guard2 & 63);
      const auto open = static_cast<std::uint32_t>((first & second) | ((first | second) & guard2 >> 31)) & 1;
      const auto decided = target >> 31;
      *to.rules = target & ~decided_bit;
      to.rules += open & decided;
      *to.programs = target;
      to.programs += open & ~decided;
    }
  }
  static std::uint32_t posting_count(const std::uint32_t* chunk) {
    return std::atomic_ref(const_cast<std::uint32_t&>(chunk[1])).load(std::memory_order_acquire) & count_mask;
  }
  static Arena::Address next_chunk(const std::uint32_t* chunk) {
    return std::atomic_ref(const_cast<std::uint32_t&>(chunk[0])).load(std::memory_order_acquire);
  }
  /// Lists exist for the terms below this.
  void reach(TermId term) { heads_.reach(term); }

 private:
  // A chunk: the address of the next one; the number of postings, of dead ones among them and its size class;
  // then the postings. Readers see a posting once the number says so; a dead one has a first guard that is
  // never true, and asks for both.
  static constexpr std::uint32_t header_words = 2;
  static constexpr std::uint32_t posting_words = 3;
  static constexpr std::uint32_t either_bit = 1U << 31;  // of the second guard
  static constexpr std::uint32_t count_mask = (1U << 12) - 1;

  static std::uint32_t load(const std::uint32_t& word) {
    return std::atomic_ref(const_cast<std::uint32_t&>(word)).load(std::memory_order_acquire);
  }
  std::span<std::uint32_t> words_of(std::uint32_t* chunk) const;
  Arena::Address make_chunk(std::uint32_t size_class, Arena::Address next);
  Arena::Address copy_chunk(const std::uint32_t* from, std::uint32_t size_class);
  Unlinked shrink(TermId term, Arena::Address before, Arena::Address address);

  Arena arena_;
  Segmented<std::atomic<Arena::Address>> heads_;  // by term
};

}  // namespace crier
