// RuleIndex: very many rules, asked which of them a story matches. Each rule is kept under the rarest terms
// that a story must have for it, so that a story meets only a small part of the rules. Never the source of
// truth: it is rebuilt from the configuration and the database.
//
// One thread at a time adds, removes and learns (a mutex sees to it); any number of threads match at the same
// time and wait for nobody, except for the first story in a language. A rule that is added or removed while a
// story is matched is seen whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "match/rule.hpp"
#include "text/analyzer.hpp"

namespace crier {

using RuleId = std::uint32_t;

/// How much was looked at for one story.
struct MatchWork {
  std::size_t postings = 0;
  std::size_t candidates = 0;  ///< postings whose guards were true
  std::size_t programs = 0;    ///< rules that were evaluated then
};

/// What a rule costs an average story, by the stories that were learned from.
struct RuleCost {
  double postings = 0;        ///< looked at for it
  double likeliest_term = 0;  ///< the share of the stories that have the most frequent term it is kept under
};

class RuleIndex {
 public:
  /// `language`: that of most stories. It decides how fast they are matched, never what matches.
  explicit RuleIndex(Language language = stemming_language("en"));
  ~RuleIndex();
  RuleIndex(RuleIndex&&) noexcept;
  RuleIndex& operator=(RuleIndex&&) noexcept;

  static constexpr RuleId max_id = (1U << 26) - 1;

  /// Replaces the rule that has this id, if any. Ids should be small: memory is kept for all up to the
  /// largest. Returns what the rule costs: the postings that an average story looks at for it, by what
  /// learn() has seen. Throws std::length_error when the index is full or the rule larger than 4 MB.
  double add(RuleId id, const Rule& rule);
  /// An id that is not there is ignored.
  void remove(RuleId id);
  std::size_t size() const;
  /// Of a rule that is there; zero otherwise.
  RuleCost cost(RuleId id) const;

  /// The ids of the rules that are true of the story, ascending.
  std::vector<RuleId> match(const AnalyzedStory& story) const;
  /// The same into `out`, which is overwritten.
  void match(const AnalyzedStory& story, std::vector<RuleId>& out, MatchWork* work = nullptr) const;
  /// The same by trying every rule: the peer that match() is measured against.
  void scan(const AnalyzedStory& story, std::vector<RuleId>& out) const;

  /// How many stories it has learned from; the old ones count less.
  double learned() const;

  // Const, for they change how much is looked at, never what matches.

  /// Makes the terms of a published story count when anchors are chosen.
  void learn(const AnalyzedStory& story) const;
  /// Puts up to `count` rules, the next in turn, under the terms that are the rarest now.
  /// Returns how many were moved.
  std::size_t reanchor(std::size_t count) const;

  /// Memory taken, that of one reader included.
  std::size_t bytes() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace crier
