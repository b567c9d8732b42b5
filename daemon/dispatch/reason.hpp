// The reason line of a message: which topics and rules brought the story, and the words they found.
// Pure; the planner asks for it once per story and set of rules.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace crier {

inline constexpr std::size_t max_quoted_words = 3;

/// A rule that brought the story.
struct FollowedBecause {
  enum class Kind { topic, own_rule };

  Kind kind = Kind::topic;
  std::string title;               ///< "China and Russia"; an own rule's query
  std::vector<std::string> words;  ///< of the story, that the rule found
};

/// "You follow China and Russia (“Putin”, “Xi Jinping”)", "You follow Harbours; your rule “chips AND Taiwan”
/// matches (“chips”, “Taiwan”)". Quotes at most max_quoted_words and stays below 140 characters: long titles
/// are cut, more rules are counted, words that do not fit are left out.
std::string reason_sentence(const std::vector<FollowedBecause>& rules);

}  // namespace crier
