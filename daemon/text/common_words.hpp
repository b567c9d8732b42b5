// Common words: those that nearly every text in a language has, whatever it is about.
#pragma once

#include <string_view>

namespace crier {

/// `language` is a BCP 47 tag, empty for English; `exact` is Word::exact. Knows the most frequent words of a
/// few languages, and none of the others.
bool is_common_word(std::string_view language, std::string_view exact);

}  // namespace crier
