#include "story/html_entities.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include <cmark-gfm.h>
// After cmark-gfm.h, which declares what it uses.
#include <cmark-gfm/houdini.h>
#include <unicode/utf8.h>

namespace crier::html {
namespace {

constexpr std::size_t longest_name = 32;  // "CounterClockwiseContourIntegral" has 31

// What windows-1252 has at 0x80 to 0x9F; 0 = nothing.
constexpr std::array<std::uint32_t, 32> windows_1252{
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

struct Named {
  std::string_view name;
  std::string_view text;
};

// The names that old pages may write without ";" (the usual ones of that list), and those met most.
constexpr std::array usual{Named{"amp", "&"},       Named{"lt", "<"},   Named{"gt", ">"}, Named{"quot", "\""},
                           Named{"nbsp", "\u00A0"}, Named{"copy", "©"}, Named{"reg", "®"}};

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void append_character(std::string& out, std::uint32_t c) {
  if (c >= 0x80 && c <= 0x9F && windows_1252[c - 0x80] != 0) c = windows_1252[c - 0x80];
  if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) c = 0xFFFD;
  std::array<std::uint8_t, U8_MAX_LENGTH> bytes{};
  std::size_t length = 0;
  U8_APPEND_UNSAFE(bytes.data(), length, c);
  out.append(reinterpret_cast<const char*>(bytes.data()), length);
}

// `raw` begins after "&#". Returns how many bytes were taken; 0 = it is no reference.
std::size_t append_number(std::string& out, std::string_view raw) {
  const bool is_hex = !raw.empty() && (raw.front() == 'x' || raw.front() == 'X');
  const std::uint32_t base = is_hex ? 16 : 10;
  std::size_t at = is_hex ? 1 : 0;
  const auto start = at;
  std::uint32_t value = 0;
  for (; at < raw.size(); ++at) {
    const char c = raw[at];
    std::uint32_t digit = 16;
    if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A') + 10;
    if (digit >= base) break;
    value = std::min<std::uint32_t>(value * base + digit, 0x110000);
  }
  if (at == start) return 0;
  append_character(out, value);
  return at < raw.size() && raw[at] == ';' ? at + 1 : at;
}

// `name` with its ";". False: there is no such name.
bool append_listed(std::string& out, std::string_view name) {
  cmark_strbuf buffer;
  cmark_strbuf_init(cmark_get_default_mem_allocator(), &buffer, 0);
  const auto taken = houdini_unescape_ent(&buffer, reinterpret_cast<const std::uint8_t*>(name.data()),
                                          static_cast<bufsize_t>(name.size()));
  if (taken > 0) out.append(reinterpret_cast<const char*>(buffer.ptr), static_cast<std::size_t>(buffer.size));
  cmark_strbuf_free(&buffer);
  return taken > 0;
}

// A name without ";": a usual one that `run` begins with, or an accented letter of Latin-1 that it is.
std::size_t append_unfinished(std::string& out, std::string_view run, char next, Place place) {
  const bool part_of_query = place == Place::attribute && next == '=';
  for (const auto& [name, text] : usual) {
    if (!run.starts_with(name)) continue;
    if (place == Place::attribute && (part_of_query || run.size() > name.size())) return 0;
    out += text;
    return name.size();
  }
  if (part_of_query || run.size() < 3 || run.size() > 6) return 0;
  std::string character;
  const bool is_letter = append_listed(character, std::string(run) + ";") && character.size() == 2 &&
                         (character[0] == '\xC3') && run.size() >= 4;
  if (!is_letter) return 0;
  out += character;
  return run.size();
}

// `raw` begins after "&". Returns how many bytes were taken; 0 = it is no reference.
std::size_t append_named(std::string& out, std::string_view raw, Place place) {
  std::size_t length = 0;
  while (length < raw.size() && length < longest_name && is_alphanumeric(raw[length])) ++length;
  const auto run = raw.substr(0, length);
  const char next = length < raw.size() ? raw[length] : '\0';
  if (run.empty()) return 0;
  if (next != ';') return append_unfinished(out, run, next, place);
  for (const auto& [name, text] : usual) {
    if (run != name) continue;
    out += text;
    return length + 1;
  }
  if (append_listed(out, raw.substr(0, length + 1))) return length + 1;
  return append_unfinished(out, run, next, place);
}

}  // namespace

void append_decoded(std::string& out, std::string_view raw, Place place) {
  while (!raw.empty()) {
    const auto ampersand = raw.find('&');
    out += raw.substr(0, ampersand);
    if (ampersand == std::string_view::npos) return;
    raw.remove_prefix(ampersand + 1);
    const bool is_number = raw.starts_with('#');
    std::size_t taken = is_number ? append_number(out, raw.substr(1)) : append_named(out, raw, place);
    if (taken == 0)
      out += '&';
    else
      raw.remove_prefix(taken + (is_number ? 1 : 0));
  }
}

std::string decode(std::string_view raw, Place place) {
  std::string out;
  out.reserve(raw.size());
  append_decoded(out, raw, place);
  return out;
}

}  // namespace crier::html
