// The language of a story: what it says, else what its text is detected to be (CLD2), else the site's. Found
// once per story, when it is analysed, or when the page was read that does not say it; any thread.
#pragma once

#include <string>
#include <string_view>

namespace crier {

struct Story;

/// A BCP 47 tag; empty when neither the story nor its text nor `site_language` tells.
std::string language_of(const Story& story, std::string_view site_language);

/// The language of a text of two or three sentences; empty when that is not certain: shorter texts, mixed
/// ones and names alone are often taken for the wrong language.
std::string detect_language(std::string_view text);

}  // namespace crier
