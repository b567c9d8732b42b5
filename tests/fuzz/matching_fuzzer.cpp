// The first line is a query, the rest a story (title, then body, after a language tag): every word that the
// analysis finds lies within the text, and an explanation agrees with the match.
#include <cstdlib>

#include "match/evaluate.hpp"
#include "match/explain.hpp"
#include "match/query_parser.hpp"
#include "story/story.hpp"

namespace {

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace crier;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto query = take_line(input);
  Story story;
  story.language = take_line(input);
  story.title = take_line(input);
  story.body_text = input;
  story.topics = {story.title};
  const auto analysed = analyze(story);
  Diagnostics diagnostics;
  const auto rule = parse_query(query, {}, diagnostics);
  if (!rule) return 0;
  const auto explanation = explain(*rule, analysed);
  if (explanation.matched != matches(*rule, analysed)) std::abort();
  for (const auto& reason : explanation.because)
    for (const auto& [place, text] : reason.words)
      if (place.begin >= place.end || place.end > analysed.text(place.field).size()) std::abort();
  return 0;
}
