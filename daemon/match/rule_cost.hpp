// What a rule costs to try on a story, as far as its text tells: for `crier topics`. Pure.
#pragma once

#include <cstddef>

#include "match/rule.hpp"

namespace crier {

/// The words and conditions of the rule, a prefix counting as eight and a NEAR as two more: those look at
/// many words of a story. An estimate to compare rules by, not a time.
std::size_t estimate_cost(const Rule& rule);

}  // namespace crier
