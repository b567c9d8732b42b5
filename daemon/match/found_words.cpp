#include "match/found_words.hpp"

#include <fmt/core.h>

namespace crier {

FoundWords words_at(Span span, const AnalyzedStory& story) {
  auto place = story.place_of(span.first);
  place.end = story.place_of(span.last).end;
  return {place, one_line(story.text(place.field).substr(place.begin, place.end - place.begin))};
}

std::vector<FoundWords> words_at(const std::vector<Span>& spans, const AnalyzedStory& story) {
  constexpr std::size_t max_words = 20;
  std::vector<FoundWords> out;
  for (const auto& span : spans) {
    if (out.size() == max_words) break;
    out.push_back(words_at(span, story));
  }
  return out;
}

std::string shown(const FoundWords& words) {
  return fmt::format("{} ({} word {})", in_quotes_if_several(words.text), to_string(words.place.field),
                     words.place.word);
}

std::string in_quotes_if_several(std::string_view text) {
  return text.find(' ') == std::string_view::npos ? std::string(text) : fmt::format("\"{}\"", text);
}

std::string one_line(std::string_view text) {
  constexpr std::size_t longest = 120;
  std::string out;
  for (const char c : text) {
    const bool is_space = static_cast<unsigned char>(c) <= ' ' || c == 0x7F;
    if (out.size() >= longest && (static_cast<unsigned char>(c) & 0xC0) != 0x80) return out + "…";
    if (!is_space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  return out;
}

}  // namespace crier
