// The few words of a story that made a rule true, for the reason line of a message ("Putin", "Xi Jinping").
// Intake asks it on a worker for every rule that matched: it looks no further than it has to. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "match/rule.hpp"
#include "text/analyzer.hpp"

namespace crier {

/// At most `most` different words or phrases, in the rule's order and as the story spells them. Empty when
/// the rule is not true of the story, or asks for none (region:Asia).
std::vector<std::string> telling_words(const Rule& rule, const AnalyzedStory& story, std::size_t most);

}  // namespace crier
