// Plain text: the cleaning that every word of a story goes through, whatever format it came in.
// Called by the parsers; pure functions over valid UTF-8, any thread.
// Stories come from scraped pages and other people's software: invisible characters would hide words from
// the rules, and control or direction-changing characters would travel into subjects and logs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace crier {

/// One line: each run of whitespace (Unicode's, so no-break spaces and line separators too) becomes one
/// space, none at the ends. Controls, zero-width spaces, soft hyphens, byte order marks and bidirectional
/// embeddings, overrides and isolates are dropped; joiners stay, Persian and emoji need them.
std::string tidy_line(std::string_view text);

/// Many lines: "\r\n" and "\r" become "\n"; other controls than tab are dropped; no blank ends.
std::string tidy_text(std::string_view text);

/// The end of the words that begin at `at` and that tidy_line and HTML's escaping leave as they are, with
/// single spaces between them; `at` when there is none. It may end early: it is there to copy much text at
/// once.
std::size_t end_of_plain_words(std::string_view text, std::size_t at);

/// At most `max_bytes`, never through the middle of a character.
std::string_view cut_text(std::string_view text, std::size_t max_bytes);

/// Lower case for A-Z alone: enough to compare with words that we list ourselves.
std::string ascii_lower(std::string_view text);

/// `text` without ASCII spaces and tabs at its ends.
std::string_view trim(std::string_view text);

/// Words between spaces; an ideograph or kana counts as a word of its own, its script has no spaces.
std::size_t count_words(std::string_view text);

}  // namespace crier
