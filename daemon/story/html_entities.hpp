// HTML entities: "&eacute;", "&#8217;", "&nbsp" as the characters they mean.
// Called by the HTML tree's readers; pure, any thread. Names come from libcmark-gfm, which has the full list
// of HTML (WHATWG HTML §13.5).
#pragma once

#include <string>
#include <string_view>

namespace crier::html {

enum class Place { text, attribute };

/// Appends `raw` with its character references decoded. What is none stays as it is. Numbers follow WHATWG
/// HTML §13.2.5.80: 128 to 159 mean windows-1252, impossible ones U+FFFD. In an attribute "&copy=1" is no
/// reference, so that query strings stay whole.
void append_decoded(std::string& out, std::string_view raw, Place place);

std::string decode(std::string_view raw, Place place);

}  // namespace crier::html
