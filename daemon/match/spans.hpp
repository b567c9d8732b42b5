// Where the words of a clause stand in a story. Linear in the occurrences of the words, which match by stem
// or exact form in the story's language. Shared by evaluate and explain, so that both mean the same.
#pragma once

#include <compare>
#include <optional>
#include <vector>

#include "match/rule.hpp"
#include "text/analyzer.hpp"

namespace crier {

/// The first and last word of an occurrence.
struct Span {
  Position first = 0;
  Position last = 0;

  auto operator<=>(const Span&) const = default;
};

/// All occurrences, ascending by their first word.
std::vector<Span> find_spans(const clause::Phrase& phrase, const AnalyzedStory& story);
std::vector<Span> find_spans(const clause::Prefix& prefix, const AnalyzedStory& story);
/// Of a side of a pair: a phrase, a prefix, or an Any of such.
std::vector<Span> find_spans(const Rule& side, const AnalyzedStory& story);

struct NearestPair {
  Span left;
  Span right;
  Position distance = 0;  ///< in words; 1 = next to each other; field_gap or more: not in the same field
};

/// The occurrences of both sides that are nearest to each other, in their order when `pair` is ordered.
/// nullopt when there are no two such.
std::optional<NearestPair> find_nearest(const clause::Near& pair, const AnalyzedStory& story);

/// The same of occurrences that are already found; both ascending.
std::optional<NearestPair> find_nearest(const std::vector<Span>& left, const std::vector<Span>& right,
                                        bool ordered);

/// Whether find_spans would find any, without looking for all.
bool occurs(const clause::Phrase& phrase, const AnalyzedStory& story);

}  // namespace crier
