// Charset label: what a file and the response it came in say about its charset.
// Called by charset.cpp; pure, any thread. The rules are RFC 7303's as readers of feeds apply them (text/xml
// without a charset means US-ASCII to them, RFC 3023), and for HTML those of browsers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crier {

using ResponseHeaders = std::vector<std::pair<std::string, std::string>>;  ///< names in lower case

/// In lower case; empty = not said.
struct CharsetLabels {
  std::string mark;             ///< the byte order mark, or the first bytes of "<?xml" in a wide charset
  std::size_t mark_length = 0;  ///< bytes of a byte order mark
  std::string header;
  std::string document;  ///< the XML declaration, else the meta tag of HTML
  std::string assumed;   ///< what counts when nothing else is said
};

CharsetLabels find_charset_labels(std::string_view bytes, const ResponseHeaders& headers);

/// The value of a header; empty = it is not there.
std::string_view header_value(const ResponseHeaders& headers, std::string_view lower_name);

/// "Text/XML; charset=x" → "text/xml".
std::string media_type(std::string_view content_type);

}  // namespace crier
