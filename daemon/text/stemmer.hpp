// Stemmer: the stem of a word in a language (Snowball), remembered per thread because few words make up
// most of a text. Any thread. A rule has no language: its words are stemmed in the language of each story
// they are compared with, so that the same word always has the same stem on both sides.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace crier {

/// One of the languages that Snowball stems, or none.
struct Language {
  std::uint8_t number = 0;  ///< 0 = none: a word is its own stem

  bool operator==(const Language&) const = default;
};

/// By the first subtag of a BCP 47 tag ("en-GB" → English, "nb" → Norwegian). An empty tag and "und" count as
/// English, the language most newsrooms write in when they do not say; a language that Snowball does not know
/// is not stemmed, since the suffixes of another language would join unrelated words.
Language stemming_language(std::string_view tag);

/// The stem of a surface form (Token::surface), without accents. Accents are folded after stemming because
/// suffix rules need them (Spanish -ación). Words with digits or punctuation are their own stems.
std::string stem(Language language, std::string_view surface);

}  // namespace crier
