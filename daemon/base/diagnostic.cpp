#include "base/diagnostic.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/core.h>

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

std::string caret_excerpt(std::string_view text, int line, int column) {
  constexpr std::size_t max_width = 100;
  const auto whole = text;
  for (int at = 1; at < line; ++at) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (line < 1 || column < 1 || text.empty()) return {};
  if (is_in_key(whole, static_cast<std::size_t>(text.data() - whole.data()))) return {};
  if (text.find("whsec_") != std::string_view::npos) return {};
  auto caret = std::min(static_cast<std::size_t>(column - 1), text.size());
  if (text.size() > max_width) {
    auto from = caret > max_width / 2 ? caret - max_width / 2 : 0;
    auto is_continuation = [&](std::size_t at) {
      return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
    };
    while (from < caret && is_continuation(from)) ++from;
    auto end = std::min(text.size(), from + max_width);
    while (end < text.size() && end > from && is_continuation(end)) --end;
    text = text.substr(from, end - from);
    caret -= from;
  }
  std::string under;
  for (std::size_t i = 0; i < caret && i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0) == 0x80) continue;  // one caret column per character, not per byte
    under += byte == '\t' ? '\t' : ' ';
  }
  return fmt::format("  {}\n  {}^", text, under);
}

}  // namespace crier
