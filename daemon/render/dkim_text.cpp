#include "render/dkim_text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <fmt/core.h>

#include "base/encoding.hpp"

namespace crier {
namespace {

constexpr std::string_view crlf = "\r\n";

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_space(char c) {
  return is_blank(c) || c == '\r' || c == '\n';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// How many bytes at the front of `text`, which begins with one, are what they are in the relaxed form, too,
// whatever follows: no control characters, and spaces only one by one in the middle of a line.
std::size_t plain_run(std::string_view text) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t high_bits = ones << 7;
  // Sets the high bit of each byte below `limit`, and perhaps of those after such a byte.
  const auto below = [](std::uint64_t eight, std::uint64_t limit) {
    return (eight - ones * limit) & ~eight & high_bits;
  };
  std::size_t run = 1;
  for (std::uint64_t here = 0, next = 0; run + sizeof here < text.size(); run += sizeof here) {
    std::memcpy(&here, text.data() + run, sizeof here);
    std::memcpy(&next, text.data() + run + 1, sizeof next);
    if ((below(here, ' ') | (below(here, ' ' + 1) & below(next, ' ' + 1))) != 0) break;
  }
  const auto is_plain = [&](std::size_t i) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    return byte(i) > ' ' || (byte(i) == ' ' && i + 1 < text.size() && byte(i + 1) > ' ');
  };
  while (run < text.size() && is_plain(run)) ++run;
  return run;
}

bool is_tag_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

std::vector<std::string_view> header_fields(std::string_view header) {
  std::vector<std::string_view> fields;
  while (!header.empty() && !header.starts_with(crlf)) {
    auto end = header.find(crlf);
    while (end != std::string_view::npos && end + 2 < header.size() && is_blank(header[end + 2]))
      end = header.find(crlf, end + 2);
    const auto field = header.substr(0, end);
    if (field.find(':') != std::string_view::npos) fields.push_back(field);
    header.remove_prefix(std::min(field.size() + crlf.size(), header.size()));
  }
  return fields;
}

std::string field_name(std::string_view field) {
  auto name = field.substr(0, field.find(':'));
  while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
  return to_lower_ascii(name);
}

void append_relaxed_field(std::string_view field, std::string& out) {
  out.append(field_name(field)).append(":");
  field.remove_prefix(field.find(':') + 1);
  const auto begin = out.size();
  bool has_space = false;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field.substr(i).starts_with(crlf)) {
      ++i;
    } else if (is_blank(field[i])) {
      has_space = true;
    } else {
      if (has_space && out.size() > begin) out += ' ';
      has_space = false;
      out += field[i];
    }
  }
}

void RelaxedBody::add(std::string_view bytes, std::string& out) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (has_cr_ && c == '\n') {
      has_cr_ = has_space_ = false;
      ++breaks_;
      continue;
    }
    if (has_cr_) put_withheld(out);  // it ended no line
    if (is_blank(c)) {
      has_space_ = true;
    } else if (c == '\r') {
      has_cr_ = true;
    } else {
      put_withheld(out);
      const auto run = plain_run(bytes.substr(i));
      out.append(bytes, i, run);
      i += run - 1;
    }
  }
}

void RelaxedBody::put_withheld(std::string& out) {
  for (; breaks_ > 0; --breaks_) out += crlf;
  if (has_space_) out += ' ';
  if (has_cr_) out += '\r';
  has_space_ = has_cr_ = false;
  has_content_ = true;
}

void RelaxedBody::finish(std::string& out) {
  if (has_cr_) put_withheld(out);
  if (has_content_) out += crlf;
}

Result<std::map<std::string, std::string, std::less<>>> parse_tags(std::string_view list) {
  std::map<std::string, std::string, std::less<>> tags;
  while (!trimmed(list).empty()) {
    const auto tag = list.substr(0, list.find(';'));
    list.remove_prefix(std::min(tag.size() + 1, list.size()));
    const auto equals = tag.find('=');
    const auto name = trimmed(tag.substr(0, equals));
    if (equals == std::string_view::npos || !is_tag_name(name))
      return Error{fmt::format("\"{}\" is no tag=value", to_one_line(tag, 40))};
    if (!tags.emplace(name, trimmed(tag.substr(equals + 1))).second)
      return Error{fmt::format("{}= is there twice", to_one_line(name, 40))};
  }
  return tags;
}

std::string without_space(std::string_view value) {
  std::string out(value);
  std::erase_if(out, is_space);
  return out;
}

}  // namespace crier
