// Words of a story that a clause found, with their places, as people are shown them. Pure; any thread.
// Shared by explain, the telling words of a reason line, and excerpts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "match/spans.hpp"
#include "text/analyzer.hpp"

namespace crier {

/// Words of the story that a clause found.
struct FoundWords {
  WordPlace place;   ///< of the first word; end is the end of the last one
  std::string text;  ///< as the story spells them
};

FoundWords words_at(Span span, const AnalyzedStory& story);

/// Of the first 20.
std::vector<FoundWords> words_at(const std::vector<Span>& spans, const AnalyzedStory& story);

/// `"Ada Okoro" (body word 2)`
std::string shown(const FoundWords& words);

/// In quotation marks when it has a space in it.
std::string in_quotes_if_several(std::string_view text);

/// A piece of a story or rule within one line: white space and control characters become single spaces, long
/// pieces are cut.
std::string one_line(std::string_view text);

}  // namespace crier
