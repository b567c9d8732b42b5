// Charset: the bytes of a story file as clean UTF-8.
// Called by parse_stories before any format looks at the text; pure, any thread.
// What is said about the charset counts as far as the bytes agree (charset_label.hpp): byte order mark, HTTP
// header, XML declaration or meta tag. Then UTF-8, and windows-1252 for the bytes that are not (WHATWG
// Encoding §9.1 reads them the same way).
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "story/charset_label.hpp"

namespace crier {

struct DecodedText {
  std::string text;      ///< valid UTF-8; lines end in "\n"; of the ASCII controls only tab and newline
  std::string encoding;  ///< lower case: "utf-8", "utf-16le", "windows-1252", "utf-8+windows-1252", …
  std::string
      breach;  ///< what was said about the charset, or must hold for it, and does not; empty = all well
};

/// `bytes`: at most max_story_bytes. Error (without the file's name): empty, or not a text file, which is
/// what a NUL or more than one control character in fifty means where no markup is.
Result<DecodedText> decode_text(std::string_view bytes, const ResponseHeaders& headers = {});

/// Appends `text` (UTF-8) with U+0080 to U+009F as the characters that windows-1252 has there: nobody who
/// writes "&#146;" means a control (WHATWG HTML §13.2.5.80).
void append_repaired_controls(std::string& out, std::string_view text);

}  // namespace crier
