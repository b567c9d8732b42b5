// Evaluate: whether a rule is true of a story. A pure function for any thread; linear in the rule's clauses
// and the occurrences of their words.
#pragma once

#include <cstdint>
#include <optional>

#include "match/rule.hpp"
#include "text/analyzer.hpp"

namespace crier {

bool matches(const Rule& rule, const AnalyzedStory& story);

/// The number of the story that a Between compares; nullopt: it has none.
std::optional<std::int64_t> number_of(const AnalyzedStory& story, clause::Number number);

}  // namespace crier
