// TermRates: what share of the published stories have a term. Learned from every story whether or not a rule
// asks for its words, so that the rates are there when one does; older stories count less and less. Rules are
// kept under their rarest terms by these rates: they decide how fast matching is, never what matches.
// The writer's alone.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/analyzer.hpp"

namespace crier {

/// Names a term to the rates. Few terms share one; they share a rate then.
using RateKey = std::uint32_t;

RateKey stem_rate_key(std::uint64_t stem_hash, bool in_title);
RateKey exact_rate_key(std::uint64_t exact_hash, bool in_title);
RateKey pair_rate_key(std::uint64_t first_stem_hash, std::uint64_t second_stem_hash);
/// Of a prefix, by the hash that the dictionary has for it.
RateKey other_rate_key(std::uint64_t hash);
RateKey urgency_rate_key(int urgency);
RateKey value_rate_key(ValueField field, std::string_view folded);

class TermRates {
 public:
  TermRates();

  /// Counts the terms of one more story. `others` are the keys of what it has besides words and values.
  void learn(const AnalyzedStory& story, std::span<const RateKey> others);
  /// Between 0 and 1; small but not 0 for a term that was never seen.
  float rate(RateKey key) const;
  void prefetch(RateKey key) const { __builtin_prefetch(&counts_[key % counts_.size()]); }
  /// How many stories it has learned from; the old ones count less.
  double stories() const { return stories_; }
  std::size_t bytes() const { return counts_.size() * sizeof(float); }

 private:
  void count(RateKey key);

  double stories_ = 0;
  std::vector<float> counts_;
};

}  // namespace crier
