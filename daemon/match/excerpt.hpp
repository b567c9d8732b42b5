// Excerpts of a story around the words that a rule found, to be highlighted. Pure; any thread.
// For `crier explain`.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "match/explain.hpp"
#include "text/analyzer.hpp"

namespace crier {

/// One line of a story: without control characters, "…" where it was cut.
struct Excerpt {
  struct Mark {
    std::size_t begin = 0;
    std::size_t end = 0;  ///< bytes [begin, end) of the text
  };

  TextField field = TextField::title;
  std::string text;
  std::vector<Mark> marks;  ///< ascending, apart from each other
};

/// At most `most`, in the story's order: around the first words of each reason, with all words of all reasons
/// marked that stand there.
std::vector<Excerpt> excerpts_of(const AnalyzedStory& story, std::span<const Reason> reasons,
                                 std::size_t most);

/// The text with `before` and `after` around each mark.
std::string highlighted(const Excerpt& excerpt, std::string_view before, std::string_view after);

}  // namespace crier
