// Stemmer: the forms in which a word is compared: its exact form, and its stem in a language (Snowball). They
// are remembered per thread because few words make up most of a text. Any thread. A rule has no language: its
// words are stemmed in the language of each story they are compared with, so that the same word always has
// the same stem on both sides.
#pragma once

#include <cstdint>
#include <memory>
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

/// The same for many words of one language, in the memory of the thread that made it.
class Stemmer {
 public:
  struct Forms {
    std::string_view exact;   ///< fold_accents(surface)
    std::string_view stem;    ///< stem(language, surface)
    std::uint64_t stem_hash;  ///< hash_term(stem)
  };

  explicit Stemmer(Language language);

  /// `hash` is that of the surface. Good until the thread's next word, and as long as `surface`.
  Forms forms(std::string_view surface, std::uint64_t hash);
  /// Has the memory of a word fetched that will be asked for soon.
  void prefetch(std::uint64_t hash) const;

 private:
  class Memory;
  static Memory& memory_of_this_thread();

  Language language_;
  Memory& memory_;
};

}  // namespace crier
