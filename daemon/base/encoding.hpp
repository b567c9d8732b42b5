// Encodings of bytes as text, and UTF-8 checks. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace crier {

std::string to_hex(std::string_view bytes);
void append_hex(std::string_view bytes, std::string& out);
/// Standard alphabet with padding (RFC 4648 §4).
std::string to_base64(std::string_view bytes);
/// Strict: standard alphabet, right padding, nothing else.
std::optional<std::string> from_base64(std::string_view text);
/// URL-safe alphabet without padding (RFC 4648 §5).
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

/// Percent-encodes all but RFC 3986 unreserved characters.
std::string percent_encode(std::string_view bytes);
/// Decodes %XX; "+" stays a plus. nullopt on a broken escape.
std::optional<std::string> percent_decode(std::string_view text);

/// Escapes & < > " ' for HTML text and attributes.
std::string html_escape(std::string_view text);

/// Only A to Z change: for protocol words and host names.
std::string to_lower_ascii(std::string_view text);

bool is_valid_utf8(std::string_view text);
/// The first byte of what is no UTF-8; npos when all is.
std::size_t find_broken_utf8(std::string_view text);
/// The code points of UTF-8.
std::size_t count_characters(std::string_view text);
/// Replaces each ill-formed sequence by U+FFFD.
std::string repair_utf8(std::string_view text);

/// What a stranger said, fit for a log line or a table: valid UTF-8, runs of white space and control
/// characters as one space, trimmed, at most `max_bytes`, cut between characters.
std::string to_one_line(std::string_view text, std::size_t max_bytes);

/// Lower-case ASCII letters, digits and single hyphens; other characters separate words, accents are
/// folded away, scripts without an ASCII form are kept as they are. "Putin and Xi get closer" →
/// "putin-and-xi-get-closer". At most `max_bytes`, cut at a word.
std::string to_slug(std::string_view text, std::size_t max_bytes = 80);

}  // namespace crier
