// Unicode text as people see it: graphemes, line breaks, direction, host names. Pure functions over ICU.
// Any thread. Input that is not UTF-8 is repaired first (encoding.hpp), so nothing here fails on bytes;
// offsets therefore hold for valid UTF-8 only, which is what every Story carries.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace crier {

/// The byte offset after each grapheme cluster (UAX #29), in order; the last one is text.size(). An emoji
/// with its joiners and a letter with its accents are one grapheme each. `text` must be valid UTF-8.
std::vector<std::size_t> grapheme_ends(std::string_view text);

/// At most `max_bytes` of `text`, cut after a whole grapheme, preferably after a word; a cut is shown by `…`,
/// which counts. `max_bytes` below 3 gives an empty string for a text that does not fit.
std::string shorten(std::string_view text, std::size_t max_bytes);

/// The columns that `text` takes on a terminal: two for wide East Asian characters, none for accents.
int display_width(std::string_view text);

/// At most `columns` of `text` on a terminal (wide East Asian characters take two), cut after a whole
/// grapheme; a cut is shown by `…`, which counts.
std::string fit_columns(std::string_view text, int columns);

/// One line for a headline, a name or a subject: runs of spaces, line ends and tabs become one space, control
/// characters and bidirectional overrides and isolates go (unclosed, they would reorder what follows them).
std::string single_line(std::string_view text);

std::string to_nfc(std::string_view text);

/// Breaks every line of `text` that is wider than `columns` (wide East Asian characters take two), at spaces
/// and where the script allows it without; words of ASCII, and so URLs, are never broken. The lines after a
/// break repeat the indentation of the first. Spaces at line ends go.
std::string wrap_lines(std::string_view text, int columns);

/// Whether a BCP 47 language is written from right to left ("ar", "ur", "az-Arab"); false for what is not
/// one.
bool is_right_to_left(std::string_view language);

/// Whether `local` can be what stands before the @ of an address: a dot-atom (RFC 5322 §3.2.3), of letters in
/// any script (RFC 6532 §3.2), without characters that nobody sees.
bool is_dot_atom(std::string_view local);

/// Whether `name` is a host name in the form that domain_to_ascii gives all of them: lower-case ASCII, no
/// A-label.
bool is_plain_host_name(std::string_view name);

/// The ASCII form of a host name (UTS #46, non-transitional): "Bücher.example" → "xn--bcher-kva.example".
/// An Error for anything that is not a host name of letters, digits, hyphens and dots afterwards.
Result<std::string> domain_to_ascii(std::string_view domain);

}  // namespace crier
