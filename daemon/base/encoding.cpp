#include "base/encoding.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

namespace crier {
namespace {

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode64(std::string_view bytes, std::string_view alphabet, bool pad) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto left = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) {
      if (k <= left)
        out += alphabet[group >> (18 - 6 * k) & 63];
      else if (pad)
        out += '=';
    }
  }
  return out;
}

std::optional<std::string> decode64(std::string_view text, std::string_view alphabet) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const auto value = alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    group = group << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>(group >> bits & 0xFF);
    }
  }
  if ((group & ((1U << bits) - 1)) != 0) return std::nullopt;  // left-over bits must be zero
  return out;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// Takes characters that are decomposed and folded already.
class SlugWriter {
 public:
  explicit SlugWriter(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  /// False when there is no room for more.
  bool add(UChar32 c) {
    if (c == U'’' || c == '\'') return true;
    const bool is_ascii = c < 0x80;
    if (!is_ascii && u_charType(c) == U_NON_SPACING_MARK) return true;
    const bool is_of_word = is_ascii ? (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') : u_isalnum(c) != 0;
    if (!is_of_word) {
      hyphen_owed_ = !out.empty();
      return true;
    }
    if (hyphen_owed_) {
      last_word_end_ = out.size();
      out += '-';
      hyphen_owed_ = false;
    }
    if (is_ascii)
      out += static_cast<char>(c);
    else
      icu::UnicodeString(c).toUTF8String(out);
    if (out.size() <= max_bytes_) return true;
    out.resize(last_word_end_);
    return false;
  }

  std::string out;

 private:
  std::size_t max_bytes_;
  std::size_t last_word_end_ = 0;
  bool hyphen_owed_ = false;
};

}  // namespace

std::string to_hex(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  append_hex(bytes, out);
  return out;
}

void append_hex(std::string_view bytes, std::string& out) {
  static constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
}

std::string to_base64(std::string_view bytes) {
  return encode64(bytes, standard_alphabet, true);
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int pad = 0; pad < 2 && text.ends_with('='); ++pad) text.remove_suffix(1);
  return decode64(text, standard_alphabet);
}

std::string to_base64url(std::string_view bytes) {
  return encode64(bytes, url_alphabet, false);
}

std::optional<std::string> from_base64url(std::string_view text) {
  return decode64(text, url_alphabet);
}

std::string percent_encode(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

std::string html_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string to_lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_valid_utf8(std::string_view text) {
  return find_broken_utf8(text) == std::string_view::npos;
}

std::size_t find_broken_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int64_t>(text.size());
  for (std::int64_t i = 0; i < size;) {
    if (bytes[i] < 0x80) {
      // Most text is ASCII: eight bytes at a time.
      constexpr std::uint64_t high_bits = 0x8080808080808080;
      std::uint64_t eight = 0;
      while (i + 8 <= size && (std::memcpy(&eight, bytes + i, 8), (eight & high_bits) == 0)) i += 8;
      while (i < size && bytes[i] < 0x80) ++i;
      continue;
    }
    UChar32 c = 0;
    // U8_NEXT wants 32-bit offsets; one character never needs more than four bytes.
    std::int32_t step = 0;
    const auto window = static_cast<std::int32_t>(std::min<std::int64_t>(4, size - i));
    const auto* at = bytes + i;
    U8_NEXT(at, step, window, c);
    if (c < 0) return static_cast<std::size_t>(i);
    i += step;
  }
  return std::string_view::npos;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string repair_utf8(std::string_view text) {
  if (is_valid_utf8(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int64_t>(text.size());
  for (std::int64_t i = 0; i < size;) {
    UChar32 c = 0;
    std::int32_t step = 0;
    const auto window = static_cast<std::int32_t>(std::min<std::int64_t>(4, size - i));
    const auto* at = bytes + i;
    U8_NEXT(at, step, window, c);
    if (c < 0)
      out += "\xEF\xBF\xBD";
    else
      out.append(text, static_cast<std::size_t>(i), static_cast<std::size_t>(step));
    i += step;
  }
  return out;
}

std::string to_one_line(std::string_view text, std::size_t max_bytes) {
  // A character has at most four bytes and repairing turns one byte into three: enough to fill the result.
  const auto repaired = repair_utf8(text.substr(0, std::min(text.size(), max_bytes * 4 + 4)));
  std::string out;
  bool pending_space = false;
  for (std::size_t i = 0; i < repaired.size(); ++i) {
    const char c = repaired[i];
    // U+0080 to U+009F, by which terminals are controlled, too.
    const bool is_c1 = c == '\xC2' && static_cast<unsigned char>(repaired[i + 1]) < 0xA0;
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f || is_c1) {
      pending_space = !out.empty();
      if (is_c1) ++i;
      continue;
    }
    if (pending_space) out += ' ';
    pending_space = false;
    out += c;
  }
  if (out.size() <= max_bytes) return out;
  while (max_bytes > 0 && (static_cast<unsigned char>(out[max_bytes]) & 0xC0) == 0x80) --max_bytes;
  out.resize(max_bytes);
  return out;
}

std::string to_slug(std::string_view text, std::size_t max_bytes) {
  text = text.substr(0, 4096);
  SlugWriter slug(max_bytes);
  const bool is_ascii =
      std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (is_ascii) {
    for (const char c : to_lower_ascii(text))
      if (!slug.add(c)) break;
    return std::move(slug.out);
  }
  UErrorCode status = U_ZERO_ERROR;
  static const auto* nfkd = icu::Normalizer2::getNFKDInstance(status);
  if (nfkd == nullptr) throw std::runtime_error("ICU cannot normalise text: is its data installed?");
  const auto folded =
      nfkd->normalize(icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())}),
                      status)
          .foldCase();
  for (std::int32_t i = 0; i < folded.length(); i = folded.moveIndex32(i, 1))
    if (!slug.add(folded.char32At(i))) break;
  return std::move(slug.out);
}

}  // namespace crier
