// Guards: what a posting tests before anything else of its rule is read. Pure.
#pragma once

#include <vector>

#include "match/anchors.hpp"
#include "match/term_rates.hpp"

namespace crier {

/// What must be true of a story, beside one term, for it to match a rule.
struct Needed {
  std::vector<Literal> all;     ///< each of these
  std::vector<Literal> one_of;  ///< and at least one of these, if there are any
  bool is_everything = true;    ///< the rule asks for nothing else
};

class Guards {
 public:
  Guards(const Dictionary& dictionary, const TermRates& rates) : dictionary_(dictionary), rates_(rates) {}

  /// Adds to `needed` what can be said in literals of a condition that must be true.
  void require(const Condition& condition, Needed& needed) const;
  /// Leaves of `needed.all` the few that are true of the fewest stories: as many as choose() may want.
  void keep_best(Needed& needed) const;
  /// The postings under `term` with which stories cost the least: one or, to settle `one_of` without running
  /// the program, up to max_alternatives.
  std::vector<Anchor> choose(TermId term, Needed needed) const;

  static constexpr std::size_t max_alternatives = 16;

 private:
  void require_one_of(const Condition& condition, Needed& needed) const;
  double share(Literal literal) const;
  double share(const std::vector<Literal>& one_of) const;

  const Dictionary& dictionary_;
  const TermRates& rates_;
};

}  // namespace crier
