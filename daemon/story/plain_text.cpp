#include "story/plain_text.hpp"

#include <cstdint>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

namespace crier {
namespace {

// Hands out the characters of `text` with the bytes each was written in; ill-formed bytes come as U+FFFD.
class Characters {
 public:
  explicit Characters(std::string_view text) : text_(text) {}

  bool next() {
    if (at_ == text_.size()) return false;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text_.data()) + at_;
    // U8_NEXT counts in 32 bits; a window of one character keeps large texts safe.
    const auto window = static_cast<std::int32_t>(std::min<std::size_t>(4, text_.size() - at_));
    std::int32_t length = 0;
    U8_NEXT_OR_FFFD(bytes, length, window, character);
    written = text_.substr(at_, static_cast<std::size_t>(length));
    at_ += static_cast<std::size_t>(length);
    return true;
  }

  UChar32 character = 0;
  std::string_view written;

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool is_invisible(UChar32 c) {
  return c == 0x00AD || c == 0x200B || c == 0x2060 || c == 0xFEFF;
}

bool is_direction_change(UChar32 c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

bool is_ideograph_or_kana(UChar32 c) {
  return (c >= 0x3040 && c <= 0x30FF) || u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC);
}

}  // namespace

std::string tidy_line(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool space_owed = false;
  for (Characters at(text); at.next();) {
    if (u_isUWhiteSpace(at.character)) {
      space_owed = !out.empty();
      continue;
    }
    if (u_isISOControl(at.character) || is_invisible(at.character) || is_direction_change(at.character))
      continue;
    if (space_owed) out += ' ';
    space_owed = false;
    out += at.written;
  }
  return out;
}

std::string tidy_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool after_return = false;
  for (Characters at(text); at.next();) {
    const bool is_return = at.character == '\r';
    if (is_return || (at.character == '\n' && !after_return))
      out += '\n';
    else if (at.character == '\t' || !u_isISOControl(at.character))
      out += at.written;
    after_return = is_return;
  }
  const auto first = out.find_first_not_of(" \t\n");
  if (first == std::string::npos) return {};
  out.erase(out.find_last_not_of(" \t\n") + 1);
  out.erase(0, first);
  return out;
}

std::string_view cut_text(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  while (max_bytes > 0 && (static_cast<unsigned char>(text[max_bytes]) & 0xC0) == 0x80) --max_bytes;
  return text.substr(0, max_bytes);
}

std::string ascii_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::size_t count_words(std::string_view text) {
  std::size_t count = 0;
  bool in_word = false;
  for (Characters at(text); at.next();) {
    const bool alone = is_ideograph_or_kana(at.character);
    const bool part_of_word = !alone && u_hasBinaryProperty(at.character, UCHAR_WHITE_SPACE) == 0;
    if (alone || (part_of_word && !in_word)) ++count;
    in_word = part_of_word;
  }
  return count;
}

}  // namespace crier
