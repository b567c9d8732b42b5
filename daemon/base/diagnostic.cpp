#include "base/diagnostic.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/core.h>

#include "base/encoding.hpp"
#include "base/unicode.hpp"

namespace crier {

std::string to_string(const Diagnostic& diagnostic) {
  const auto& [place, message, excerpt, suggestion] = diagnostic;
  std::string out = place.file;
  if (place.line > 0) out += fmt::format(":{}:{}", place.line, std::max(place.column, 1));
  if (!out.empty()) out += ": ";
  out += message;
  if (!excerpt.empty()) out += "\n" + excerpt;
  return out;
}

void Diagnostics::add(Place place, std::string message, std::string excerpt, std::string suggestion) {
  list_.push_back({std::move(place), std::move(message), std::move(excerpt), std::move(suggestion)});
}

void Diagnostics::sort() {
  std::ranges::stable_sort(list_, {}, [](const Diagnostic& diagnostic) {
    const auto& place = diagnostic.place;
    return std::tuple(std::string_view(place.file), place.line, place.column);
  });
}

bool is_in_key(std::string_view text, std::size_t offset) {
  const auto begin = text.substr(0, text.find('\n', offset)).rfind("-----BEGIN");
  if (begin == std::string_view::npos) return false;
  const auto end = text.find("-----END", begin);
  return end == std::string_view::npos || offset <= text.find('\n', end);
}

Place place_in(std::string file, std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto line = before.substr(before.rfind('\n') + 1);  // npos + 1 = 0
  return {std::move(file), 1 + static_cast<int>(std::ranges::count(before, '\n')),
          1 + static_cast<int>(count_characters(line))};
}

namespace {

// What leads to the place below the end of `before`: blanks as wide as it, and its tabs.
std::string blanks_below(std::string_view before) {
  std::string blanks;
  for (;;) {
    const auto tab = before.find('\t');
    blanks.append(static_cast<std::size_t>(display_width(before.substr(0, tab))), ' ');
    if (tab == std::string_view::npos) return blanks;
    blanks += '\t';
    before.remove_prefix(tab + 1);
  }
}

}  // namespace

std::string caret_excerpt(std::string_view text, std::size_t offset) {
  constexpr std::size_t max_width = 100;
  if (offset > text.size() || is_in_key(text, offset)) return {};
  const auto begin = text.substr(0, offset).rfind('\n') + 1;
  auto line = text.substr(begin, text.find('\n', offset) - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty() || line.find("whsec_") != std::string_view::npos) return {};
  auto caret = std::min(offset - begin, line.size());
  if (line.size() > max_width) {
    auto from = caret > max_width / 2 ? caret - max_width / 2 : 0;
    auto is_continuation = [&](std::size_t at) {
      return (static_cast<unsigned char>(line[at]) & 0xC0) == 0x80;
    };
    while (from < caret && is_continuation(from)) ++from;
    auto end = std::min(line.size(), from + max_width);
    while (end < line.size() && end > from && is_continuation(end)) --end;
    line = line.substr(from, end - from);
    caret -= from;
  }
  return fmt::format("  {}\n  {}^", line, blanks_below(line.substr(0, caret)));
}

}  // namespace crier
