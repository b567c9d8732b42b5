#include "text/common_words.hpp"

#include <algorithm>
#include <array>

#include "text/stemmer.hpp"

namespace crier {
namespace {

struct CommonWords {
  std::string_view language;
  std::array<std::string_view, 16> words;  // without accents
};

constexpr std::array<CommonWords, 7> lists{{
    {"en",
     {"the", "of", "and", "to", "a", "in", "is", "for", "on", "that", "with", "it", "as", "at", "by", "was"}},
    {"de",
     {"der", "die", "das", "und", "in", "den", "von", "zu", "mit", "ist", "im", "des", "auf", "ein", "eine",
      "nicht"}},
    {"fr",
     {"le", "la", "les", "de", "des", "du", "et", "un", "une", "en", "a", "l", "d", "que", "dans", "pour"}},
    {"es",
     {"el", "la", "los", "las", "de", "del", "y", "que", "en", "a", "un", "una", "por", "con", "se", "para"}},
    {"it",
     {"il", "la", "i", "le", "di", "del", "della", "e", "che", "in", "un", "una", "a", "per", "l", "con"}},
    {"pt",
     {"o", "a", "os", "as", "de", "do", "da", "e", "que", "em", "um", "uma", "no", "na", "para", "com"}},
    {"nl",
     {"de", "het", "een", "van", "en", "in", "is", "dat", "op", "te", "voor", "met", "die", "zijn", "aan",
      "er"}},
}};

}  // namespace

bool is_common_word(std::string_view language, std::string_view exact) {
  const auto stemming = stemming_language(language);
  const auto* list = std::ranges::find_if(
      lists, [&](const CommonWords& each) { return stemming_language(each.language) == stemming; });
  return list != lists.end() && std::ranges::find(list->words, exact) != list->words.end();
}

}  // namespace crier
