// Text inside mail headers: encoded words (RFC 2047), display names, folding (RFC 5322 §2.2.3).
// The building blocks of mime.cpp; pure, any thread. Input is outside data of any bytes: ill-formed UTF-8
// becomes U+FFFD, and whoever writes a header first asks check_header_value.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace crier {

/// What the lines of a header aim at, in characters without CRLF.
inline constexpr std::size_t header_line_length = 76;

/// Error for CR, LF and NUL, which could start another header, and for more than 8 KB. It begins with `name`.
Result<void> check_header_value(std::string_view name, std::string_view value);

/// A character that needs no quoting in an address or a display name (atext, RFC 5322 §3.2.3).
inline bool is_atom_char(char c) {
  static constexpr auto table = [] {
    std::array<bool, 256> atoms{};
    for (const char atom : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                            "!#$%&'*+-/=?^_`{|}~"))
      atoms[static_cast<unsigned char>(atom)] = true;
    return atoms;
  }();
  return table[static_cast<unsigned char>(c)];
}
bool is_printable_ascii(char c);

/// "…" with backslashes before quotes and backslashes. `text` must be printable ASCII.
std::string quoted_string(std::string_view text);

/// `text` as it is if that is safe and unfolds to itself, else encoded words; the first line starts at
/// `column`.
std::vector<std::string> unstructured_tokens(std::string_view text, std::size_t column);

/// A display name: bare words, a quoted string or encoded words. May hold folds of its own.
std::string phrase(std::string_view name, std::size_t column);

/// "Name: token token\r\n", folded before a token that would pass the line length.
std::string folded_header(std::string_view name, const std::vector<std::string>& tokens);

}  // namespace crier
