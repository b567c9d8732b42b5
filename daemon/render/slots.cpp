#include "render/slots.hpp"

#include <algorithm>
#include <utility>

#include "base/encoding.hpp"
#include "base/unicode.hpp"
#include "render/content.hpp"
#include "render/mail.hpp"

namespace crier {
namespace {

// What html_escape and, but for its spaces, single_line leave as it is.
bool is_plain_in_html(std::string_view text) {
  static constexpr auto table = [] {
    std::array<bool, 256> plain{};
    for (unsigned byte = 0x20; byte < 0x7F; ++byte)
      plain[byte] = std::string_view("&<>\"'").find(static_cast<char>(byte)) == std::string_view::npos;
    return plain;
  }();
  return std::ranges::all_of(text, [](char c) { return table[static_cast<unsigned char>(c)]; });
}

bool is_plain_name(std::string_view name) {
  return is_plain_in_html(name) && !name.starts_with(' ') && !name.ends_with(' ') &&
         name.find("  ") == std::string_view::npos;
}

void substitute(std::string_view text, std::string_view name, std::string_view link, std::string& out) {
  out.clear();
  for (;;) {
    const auto slot = find_slot(text);
    out += text.substr(0, slot);
    if (slot == std::string_view::npos) return;
    out += text[slot] == name_slot ? name : link;
    text.remove_prefix(slot + 1);
  }
}

// `line` with its end.
std::string_view filled_line(std::string_view line, const SlotTexts& texts, std::string& place) {
  substitute(line, texts.name, texts.link, place);
  const auto filled = std::string_view(place).substr(0, place.find('\n'));
  const bool fits = std::cmp_less_equal(filled.size(), text_columns) && !filled.ends_with(' ');
  const bool is_one_line = filled.size() + 1 == place.size();
  if (!fits || !is_one_line) place = wrap_lines(place, text_columns);
  return place;
}

}  // namespace

SlotTexts slot_texts(const SlotValues& values, std::array<std::string, 4>& places) {
  auto& [name, html_name, link, html_link] = places;
  SlotTexts texts{values.name, values.name, values.unsubscribe_url, values.unsubscribe_url};
  if (!is_plain_name(values.name)) {
    texts.name = name = single_line(values.name);
    texts.html_name = html_name = html_escape(name);
  }
  if (!is_plain_web_link(values.unsubscribe_url)) {
    texts.link = link = web_link(values.unsubscribe_url);
    texts.html_link = texts.link;
  }
  if (!is_plain_in_html(texts.link)) texts.html_link = html_link = html_escape(texts.link);
  return texts;
}

std::string_view filled_html(std::string_view piece, const SlotTexts& texts, std::string& place) {
  if (piece.size() == 1 && is_personal(piece))
    return piece.front() == name_slot ? texts.html_name : texts.html_link;
  substitute(piece, texts.html_name, texts.html_link, place);
  return place;
}

std::string_view filled_lines(std::string_view lines, const SlotTexts& texts, std::string& place) {
  if (lines.find('\n') + 1 == lines.size()) return filled_line(lines, texts, place);
  // Each by itself, and what has no slot as it is: how a line is wrapped must not depend on those beside it.
  std::string filled, line_place;
  while (!lines.empty()) {
    const auto line = lines.substr(0, std::min(lines.find('\n'), lines.size() - 1) + 1);
    lines.remove_prefix(line.size());
    filled += is_personal(line) ? filled_line(line, texts, line_place) : line;
  }
  place = std::move(filled);
  return place;
}

}  // namespace crier
