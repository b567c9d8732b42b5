#include "match/excerpt.hpp"

#include <algorithm>

namespace crier {
namespace {

constexpr std::size_t context_bytes = 60;

// A stretch of a field's text.
struct Window {
  TextField field;
  std::size_t begin;
  std::size_t end;

  bool holds(const WordPlace& place) const {
    return place.field == field && begin <= place.begin && place.end <= end;
  }
};

bool is_gap(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == 0x7F;
}

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// From about context_bytes before the place to as much after it, widened to whole words where those are near.
Window window_around(const WordPlace& place, std::string_view text) {
  constexpr std::size_t longest_word = 30;
  std::size_t begin = place.begin - std::min<std::size_t>(place.begin, context_bytes);
  for (std::size_t i = 0; i < longest_word && begin > 0 && !is_gap(text[begin - 1]); ++i) --begin;
  while (begin > 0 && continues_character(text[begin])) --begin;
  std::size_t end = std::min(text.size(), place.end + context_bytes);
  for (std::size_t i = 0; i < longest_word && end < text.size() && !is_gap(text[end]); ++i) ++end;
  while (end < text.size() && continues_character(text[end])) ++end;
  return {place.field, begin, end};
}

// Those that overlap become one.
void join(std::vector<Window>& windows) {
  std::ranges::sort(windows, [](const Window& a, const Window& b) {
    return std::pair(a.field, a.begin) < std::pair(b.field, b.begin);
  });
  std::vector<Window> joined;
  for (const auto& window : windows) {
    if (!joined.empty() && joined.back().field == window.field && window.begin <= joined.back().end)
      joined.back().end = std::max(joined.back().end, window.end);
    else
      joined.push_back(window);
  }
  windows = std::move(joined);
}

std::vector<Window> choose_windows(const AnalyzedStory& story, std::span<const Reason> reasons,
                                   std::size_t most) {
  std::vector<Window> windows;
  for (const auto& reason : reasons) {
    const auto is_seen = [&](const FoundWords& words) {
      return std::ranges::any_of(windows, [&](const Window& window) { return window.holds(words.place); });
    };
    // The sides of a NEAR are two words of one reason, and both are to be seen.
    const std::size_t needed = reason.is_pair ? 2 : 1;
    for (std::size_t i = 0; i < std::min(needed, reason.words.size()); ++i) {
      const auto& words = reason.words[i];
      if (windows.size() < most && !is_seen(words))
        windows.push_back(window_around(words.place, story.text(words.place.field)));
    }
  }
  join(windows);
  return windows;
}

std::vector<Excerpt::Mark> marks_within(const Window& window, std::span<const Reason> reasons) {
  std::vector<Excerpt::Mark> marks;
  for (const auto& reason : reasons)
    for (const auto& words : reason.words)
      if (window.holds(words.place)) marks.push_back({words.place.begin, words.place.end});
  std::ranges::sort(marks, {}, &Excerpt::Mark::begin);
  std::vector<Excerpt::Mark> apart;
  for (const auto& mark : marks) {
    if (!apart.empty() && mark.begin < apart.back().end)
      apart.back().end = std::max(apart.back().end, mark.end);
    else
      apart.push_back(mark);
  }
  return apart;
}

// Whether the bytes at `at` are a control character of two bytes (U+0080 to U+009F), which some terminals
// obey.
bool is_c1_control(std::string_view text, std::size_t at) {
  return text[at] == '\xC2' && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0;
}

// The window as one line. Marks are moved along with the bytes they lie at.
Excerpt cut_out(std::string_view text, const Window& window, std::span<const Reason> reasons) {
  Excerpt excerpt;
  excerpt.field = window.field;
  auto& out = excerpt.text;
  if (window.begin > 0) out = "…";
  const auto found = marks_within(window, reasons);
  auto next = found.begin();
  bool is_open = false;
  for (std::size_t at = window.begin; at <= window.end; ++at) {
    if (is_open && at == next->end) {
      excerpt.marks.back().end = out.size();
      is_open = false;
      ++next;
    }
    if (at == window.end) break;
    if (!is_open && next != found.end() && at == next->begin) {
      excerpt.marks.push_back({out.size(), out.size()});
      is_open = true;
    }
    const bool is_control = is_c1_control(text, at);
    if (!is_control && !is_gap(text[at]))
      out += text[at];
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
    if (is_control) ++at;
  }
  if (window.end < text.size()) out += "…";
  return excerpt;
}

}  // namespace

std::vector<Excerpt> excerpts_of(const AnalyzedStory& story, std::span<const Reason> reasons,
                                 std::size_t most) {
  std::vector<Excerpt> excerpts;
  for (const auto& window : choose_windows(story, reasons, most))
    excerpts.push_back(cut_out(story.text(window.field), window, reasons));
  return excerpts;
}

std::string highlighted(const Excerpt& excerpt, std::string_view before, std::string_view after) {
  std::string out;
  std::size_t at = 0;
  const std::string_view text = excerpt.text;
  for (const auto& [begin, end] : excerpt.marks) {
    out.append(text.substr(at, begin - at))
        .append(before)
        .append(text.substr(begin, end - begin))
        .append(after);
    at = end;
  }
  return out.append(text.substr(at));
}

}  // namespace crier
