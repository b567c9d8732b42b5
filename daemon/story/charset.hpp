// Charset: the bytes of a story file as clean UTF-8.
// Called by parse_stories before any format looks at the text; pure, any thread.
// Nothing declares the charset of a dropped file, so it is found out: byte order mark, then UTF-8, then
// windows-1252 for the bytes that are not UTF-8 (WHATWG Encoding §9.1 reads them the same way).
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace crier {

struct DecodedText {
  std::string text;       ///< valid UTF-8; lines end in "\n"; of the ASCII controls only tab and newline
  std::string encoding;   ///< lower case: "utf-8", "utf-16le", "windows-1252", "utf-8+windows-1252", …
  bool repaired = false;  ///< some bytes were not what the encoding promised
};

/// `bytes`: at most max_story_bytes. Error (without the file's name): empty, or not a text file, which is
/// what a NUL or more than one control character in fifty means.
Result<DecodedText> decode_text(std::string_view bytes);

}  // namespace crier
