#include "render/header_text.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/encoding.hpp"
#include "base/unicode.hpp"

namespace crier {
namespace {

constexpr std::size_t line_length = header_line_length;
constexpr std::size_t encoded_word_length = 75;  // RFC 2047 §2
constexpr std::string_view crlf = "\r\n";

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// The characters that stand for themselves in every place where an encoded word may be (§5, rule 3).
bool is_plain_in_word(char c) {
  return is_alphanumeric(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

std::string q_encode(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain_in_word(c))
      out += c;
    else if (c == ' ')
      out += '_';
    else
      out.append({'=', digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

struct WordCoder {
  char letter;
  std::size_t overhead = std::string_view("=?utf-8?Q?" /* text */ "?=").size();

  std::size_t size_of(std::string_view text) const {
    return overhead + (letter == 'B' ? (text.size() + 2) / 3 * 4 : q_encode(text).size());
  }
  std::string encode(std::string_view text) const {
    return fmt::format("=?utf-8?{}?{}?=", letter, letter == 'B' ? to_base64(text) : q_encode(text));
  }
};

// The units that a word is never cut inside: graphemes, or the code points of one too long for any word.
std::vector<std::string_view> uncut_units(std::string_view text) {
  constexpr std::size_t longest_unit = 39;  // bytes of base64 that fit beside the name of any header of ours
  std::vector<std::string_view> units;
  std::size_t from = 0;
  for (const auto end : grapheme_ends(text)) {
    while (end - from > longest_unit) {
      auto cut = from + longest_unit;
      while ((static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
      units.push_back(text.substr(from, cut - from));
      from = cut;
    }
    units.push_back(text.substr(from, end - from));
    from = end;
  }
  return units;
}

// Encoded words folded onto lines; the first begins at `column` of the current line.
std::string to_encoded_words(std::string_view text, std::size_t column) {
  const auto units = uncut_units(text);
  const auto widest = std::max_element(
      units.begin(), units.end(), [](auto a, auto b) { return q_encode(a).size() < q_encode(b).size(); });
  const WordCoder q{'Q'};
  const WordCoder b{'B'};
  // A first word that does not fit beside the header's name would leave a line of nothing but white space.
  const auto first_room = std::min(encoded_word_length, line_length - std::min(column, line_length));
  const bool q_fits = widest == units.end() || q.size_of(*widest) <= first_room;
  const auto& coder = q_fits && q.size_of(text) <= b.size_of(text) ? q : b;
  std::string out;
  std::size_t from = 0;
  std::size_t length = 0;
  for (const auto unit : units) {
    const auto room = std::min(encoded_word_length, line_length - std::min(column, line_length));
    if (coder.size_of(text.substr(from, length + unit.size())) > room) {
      if (length > 0) out += coder.encode(text.substr(from, length));
      out += "\r\n ";
      column = 1;
      from += length;
      length = 0;
    }
    length += unit.size();
  }
  return out + coder.encode(text.substr(from, length));
}

// Whether a header may carry `text` as it is: what a reader unfolds must be what was written.
bool is_plain_text(std::string_view text) {
  constexpr std::size_t longest_word = 60;  // fits beside any header name within the line length
  if (!std::all_of(text.begin(), text.end(), is_printable_ascii)) return false;
  if (text.starts_with(' ') || text.ends_with(' ') || text.find("  ") != std::string_view::npos) return false;
  if (text.find("=?") != std::string_view::npos) return false;
  std::size_t word = 0;
  for (const char c : text) {
    word = c == ' ' ? 0 : word + 1;
    if (word > longest_word) return false;
  }
  return true;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace

Result<void> check_header_value(std::string_view name, std::string_view value) {
  constexpr std::size_t max_value = 8U << 10;
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
    return Error{fmt::format("{}: a header value cannot hold a line end or a NUL", name)};
  if (value.size() > max_value) return Error{fmt::format("{}: the value is longer than 8 KB", name)};
  return {};
}

bool is_printable_ascii(char c) {
  return c >= 0x20 && c < 0x7F;
}

std::string quoted_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::vector<std::string> unstructured_tokens(std::string_view text, std::size_t column) {
  const auto clean = repair_utf8(text);
  if (is_plain_text(clean)) return words_of(clean);
  return {to_encoded_words(clean, column)};
}

std::string phrase(std::string_view name, std::size_t column) {
  constexpr std::size_t longest_quoted = 60;
  auto clean = repair_utf8(name);
  if (!is_plain_text(clean) || clean.size() > longest_quoted) return to_encoded_words(clean, column);
  const auto bare = [](char c) { return is_atom_char(c) || c == ' '; };
  if (std::all_of(clean.begin(), clean.end(), bare)) return clean;
  return quoted_string(clean);
}

std::string folded_header(std::string_view name, const std::vector<std::string>& tokens) {
  std::string out = std::string(name) + ":";
  auto column = out.size();
  bool first = true;
  for (const auto& token : tokens) {
    // A token may bring folds of its own; its first line is what has to fit here.
    const auto first_line = std::min(token.find(crlf), token.size());
    if (!first && column + 1 + first_line > line_length) {
      out += crlf;
      column = 0;
    }
    out += ' ';
    out += token;
    const auto last_fold = token.rfind(crlf);
    column =
        last_fold == std::string::npos ? column + 1 + token.size() : token.size() - last_fold - crlf.size();
    first = false;
  }
  return out.append(crlf);
}

}  // namespace crier
