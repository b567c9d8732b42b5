// Folding: the forms in which words are compared, whatever the spelling, the case or the accents.
// Pure functions for any thread; stories and rules go through the same ones.
#pragma once

#include <string>
#include <string_view>

namespace crier {

bool is_ascii(std::string_view text);

/// NFKC with case folding and without invisible characters (Unicode TR 44, NFKC_Casefold). Accents stay,
/// digits of every script become 0-9. Takes UTF-8; ill-formed bytes become U+FFFD.
std::string fold_case(std::string_view text);

/// Removes from the result of fold_case what writers leave out: Latin and Greek accents ("müller" → "muller",
/// also "ø" → "o", "ł" → "l"), Hebrew points, Arabic vowels and tatweel (alef, hamza and yeh become one
/// form each), "ё" → "е". Marks that make another letter stay: Cyrillic "й", kana voicing, Indic vowels.
std::string fold_accents(std::string_view folded);

}  // namespace crier
