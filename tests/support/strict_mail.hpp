// A strict reader of our own messages: it forgives nothing that a mail program, a relay or a filter might
// stumble over. Plain enough to be sure of, fast enough for fuzzers; Python's parser (mail_oracle.hpp) is the
// other judge.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crier::testing {

struct StrictMail {
  std::vector<std::string> header_names;  ///< in order
  std::vector<std::string> encodings;     ///< of text and HTML
  std::string text;                       ///< decoded, line ends are LF
  std::string html;
};

/// Throws std::runtime_error naming the first mistake: bytes beyond ASCII, NUL, bare CR or LF, lines above
/// 998 bytes, in bodies above 76, or with a dot in front, white space at the end of a line, anything but two
/// parts, quoted-printable or base64 that is not exactly so.
StrictMail read_strictly(std::string_view message);

}  // namespace crier::testing
