// Anchors: under which terms a rule is kept so that no story it is true of can miss it, as few stories as
// possible lead to it, and as little as possible is left to test then. Pure.
#pragma once

#include <vector>

#include "match/condition.hpp"
#include "match/posting_lists.hpp"
#include "match/term_rates.hpp"

namespace crier {

struct Anchor {
  TermId term = always_term;
  Literal guard1 = always_true;
  Literal guard2 = always_true;
  bool either = false;   ///< one guard is enough
  bool decides = false;  ///< term and guards together are the whole rule, as far as this anchor leads to it
};

struct Anchors {
  std::vector<Anchor> list;  ///< none: the rule is never true
  double rate = 0;           ///< postings that an average story touches for this rule
};

/// A rule that nothing must be in a story for (it only excludes, or asks for a date) is anchored under
/// always_term: every story leads to it.
Anchors choose_anchors(const Condition& condition, const Dictionary& dictionary, const TermRates& rates);

}  // namespace crier
