#include "story/plain_text.hpp"

#include <array>
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

// Printable ASCII but the space, and UTF-8 but for the first bytes of what tidy_line drops or takes for white
// space (U+0080…, U+1680, U+2000…, U+3000, U+FEFF) and, for HTML, what is escaped.
constexpr std::array<bool, 256> make_plain_bytes() {
  std::array<bool, 256> plain{};
  for (unsigned byte = 0x21; byte < plain.size(); ++byte) plain[byte] = true;
  for (const unsigned byte : {0x7F, 0xC2, 0xE1, 0xE2, 0xE3, 0xEF}) plain[byte] = false;
  for (const char c : {'&', '<', '>', '"'}) plain[static_cast<unsigned char>(c)] = false;
  return plain;
}

constexpr auto plain_bytes = make_plain_bytes();

bool is_plain(char c) {
  return plain_bytes[static_cast<unsigned char>(c)];
}

constexpr std::size_t block_bytes = 32;

// Whether a block holds plain words with single spaces between them; it looks at one byte more. Without a
// table, so that the compiler compares many bytes at once.
bool is_block_of_words(const char* block) {
  unsigned char any = 0;
  for (std::size_t i = 0; i < block_bytes; ++i) {
    const auto byte = static_cast<unsigned char>(block[i]);
    const auto next = static_cast<unsigned char>(block[i + 1]);
    any |= static_cast<unsigned char>((byte < 0x20) | ((byte == 0x20) & (next == 0x20)) | (byte == '&') |
                                      (byte == '<') | (byte == '>') | (byte == '"') | (byte == 0x7F) |
                                      (byte == 0xC2) | ((byte >= 0xE1) & (byte <= 0xE3)) | (byte == 0xEF));
  }
  return any == 0;
}

bool is_ideograph_or_kana(UChar32 c) {
  return (c >= 0x3040 && c <= 0x30FF) || u_hasBinaryProperty(c, UCHAR_IDEOGRAPHIC);
}

}  // namespace

std::size_t end_of_plain_words(std::string_view text, std::size_t at) {
  if (at == text.size() || !is_plain(text[at])) return at;
  while (true) {
    while (at + block_bytes < text.size() && is_block_of_words(&text[at])) at += block_bytes;
    while (at < text.size() && is_plain(text[at])) ++at;
    const bool goes_on = at + 1 < text.size() && text[at] == ' ' && is_plain(text[at + 1]);
    // A block may end in a space, which belongs to the words only when one follows.
    if (!goes_on) return text[at - 1] == ' ' ? at - 1 : at;
    ++at;
  }
}

std::string tidy_line(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool space_owed = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = end_of_plain_words(text, at);
    if (end > at) {
      if (space_owed) out += ' ';
      space_owed = false;
      out.append(text, at, end - at);
      at = end;
      continue;
    }
    Characters one(text.substr(at));
    one.next();
    at += one.written.size();
    const auto c = one.character;
    // Beyond U+3000 there is no white space and only one character to drop.
    if (c <= 0x3000 && u_isUWhiteSpace(c)) {
      space_owed = !out.empty();
      continue;
    }
    if ((c < 0xA0 && u_isISOControl(c)) || is_invisible(c) || is_direction_change(c)) continue;
    if (space_owed) out += ' ';
    space_owed = false;
    out += one.written;
  }
  return out;
}

std::string tidy_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool after_return = false;
  for (std::size_t at = 0; at < text.size();) {
    auto end = at;
    while (end < text.size() && (is_plain(text[end]) || text[end] == ' ')) ++end;
    if (end > at) {
      out.append(text, at, end - at);
      at = end;
      after_return = false;
      continue;
    }
    Characters one(text.substr(at));
    one.next();
    at += one.written.size();
    const bool is_return = one.character == '\r';
    if (is_return || (one.character == '\n' && !after_return))
      out += '\n';
    else if (one.character == '\t' || !u_isISOControl(one.character))
      out += one.written;
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
