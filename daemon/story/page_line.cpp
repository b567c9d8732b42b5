#include "story/page_line.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/core.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "story/article_date.hpp"
#include "story/article_draft.hpp"
#include "story/date_text.hpp"
#include "story/fields.hpp"
#include "story/page_words.hpp"
#include "story/plain_text.hpp"

namespace crier::page {
namespace {

constexpr std::size_t longest_label = 150;     // of a line that points to another story
constexpr std::size_t max_marker_bytes = 160;  // longer lines are prose, and need no closer look

template <class Words>
bool contains(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

template <class Words>
bool starts_with_one_of(const Words& words, std::string_view text) {
  return std::any_of(words.begin(), words.end(), [&](auto word) { return text.starts_with(word); });
}

// Takes the longest of `words` that `text` starts with off its front.
template <class Words>
bool take_one_of(const Words& words, std::string_view& text) {
  for (const auto word : words) {
    if (!text.starts_with(word)) continue;
    text.remove_prefix(word.size());
    return true;
  }
  return false;
}

UChar32 first_character(std::string_view text) {
  UChar32 c = 0;
  std::int32_t at = 0;
  const auto length = static_cast<std::int32_t>(std::min<std::size_t>(4, text.size()));
  U8_NEXT_OR_FFFD(reinterpret_cast<const std::uint8_t*>(text.data()), at, length, c);
  return c;
}

std::vector<std::string_view> split(std::string_view line,
                                    std::initializer_list<std::string_view> separators) {
  std::vector<std::string_view> parts;
  for (;;) {
    auto end = std::string_view::npos;
    std::size_t width = 0;
    for (const auto separator : separators) {
      const auto at = line.find(separator);
      if (at >= end) continue;
      end = at;
      width = separator.size();
    }
    parts.push_back(trim(line.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    line.remove_prefix(end + width);
  }
}

// Every word begins as a name does, or is one of the small words between names.
bool is_made_of_names(std::string_view text) {
  static constexpr std::array<std::string_view, 17> small{"via", "for", "of",  "the", "de",  "van",
                                                          "von", "/",   "and", "et",  "und", "och",
                                                          "og",  "y",   "e",   "en",  "и"};
  for (const auto word : split(text, {" "})) {
    if (word.empty() || contains(small, word)) continue;
    if (u_islower(first_character(word))) return false;
  }
  return true;
}

// "Agency/Jane Sample", "Agency/Jane Sample/Pool via Agency": no space at the first slash.
bool is_agency_slash_name(std::string_view line) {
  const auto slash = line.find('/');
  const bool tight = slash != std::string_view::npos && slash > 0 && slash + 1 < line.size() &&
                     line[slash - 1] != ' ' && line[slash + 1] != ' ' && line[slash + 1] != '/';
  return tight && u_isalpha(first_character(line.substr(slash + 1))) && count_words(line) <= 8 &&
         !ends_sentence(line) && is_made_of_names(line);
}

// "Jane Sample", "Jane Sample and John Sample" beside a date, where a section may stand, too ("World News").
bool is_bare_name(std::string_view part) {
  static constexpr std::array<std::string_view, 24> of_sections{
      "news",    "world",  "politics", "sport",   "sports",  "business", "opinion", "culture",
      "science", "travel", "health",   "economy", "markets", "analysis", "report",  "review",
      "live",    "local",  "national", "arts",    "life",    "climate",  "weather", "read"};
  const auto lower = ascii_lower(part);
  const auto words = split(lower, {" "});
  const bool has_mark = part.find_first_of("0123456789:/@#?!") != std::string_view::npos;
  return words.size() >= 2 && !has_mark && is_made_of_names(part) &&
         std::ranges::none_of(words, [](auto word) { return contains(of_sections, word); });
}

// "Auf Facebook teilen", "Поделиться ВКонтакте".
bool is_share_offer(std::string_view lower) {
  constexpr std::size_t most_words = 4;
  const auto words = split(lower, {" "});
  if (words.size() > most_words || ends_sentence(lower)) return false;
  const auto holds = [&](std::string_view part) { return lower.find(part) != std::string_view::npos; };
  const bool has_network = std::ranges::any_of(words, [](auto word) { return contains(networks, word); }) ||
                           std::ranges::any_of(networks_in_other_letters, holds);
  return has_network && std::ranges::any_of(share_verbs, holds);
}

// Bylines of other languages than English: "Von Jana Muster", "記者：王小明".
std::vector<std::string> other_byline(std::string_view line) {
  constexpr std::size_t most_words = 8, most_words_without_mark = 7;
  if (!article::is_byline(line)) return {};
  const bool has_mark = line.find(':') != std::string_view::npos || line.find("：") != std::string_view::npos;
  const auto words = split(line, {" "});
  if (words.size() > (has_mark ? most_words : most_words_without_mark)) return {};
  // The first word announces the names.
  if (words.size() > 1 && !is_made_of_names(line.substr(words.front().size() + 1))) return {};
  return article::names_of(line);
}

// Takes "Last updated:", "Published on" … off the front; whether it was about an update.
bool take_date_label(std::string_view& text) {
  static constexpr std::array<std::string_view, 9> labels{
      "last updated", "last modified", "first published",  "published", "updated",
      "modified",     "posted",        "publication date", "date"};
  const auto lower = ascii_lower(text);
  std::string_view rest = lower;
  const bool is_update =
      rest.starts_with("last ") || rest.starts_with("updated") || rest.starts_with("modified");
  if (!take_one_of(labels, rest)) return false;
  for (const std::string_view joint : {" on ", " at ", ":", " "})
    while (rest.starts_with(joint)) rest.remove_prefix(joint.size());
  text.remove_prefix(text.size() - rest.size());
  return is_update;
}

}  // namespace

bool is_advert(std::string_view line) {
  if (line.size() > max_marker_bytes) return false;
  const auto lower = ascii_lower(line);
  return contains(advert_lines, lower) || lower.starts_with("story continues below ") ||
         lower.starts_with("article continues below ") || lower.starts_with("advertisement - ");
}

bool is_pointer(std::string_view line) {
  if (line.size() > 2 * longest_label) return false;
  auto lower = ascii_lower(line);
  if (lower.starts_with("• ")) lower.erase(0, std::string_view("• ").size());
  return starts_with_one_of(pointer_starts, lower);
}

bool is_icon(std::string_view line) {
  // "Icon" with a capital may be a heading; "Title icon" is what pictures are called.
  return line == "icon" || line == "Icon" || (line.ends_with(" icon") && count_words(line) == 2);
}

bool is_furniture(std::string_view line) {
  if (line.size() > max_marker_bytes) return false;
  const auto lower = ascii_lower(line);
  if (contains(furniture_lines, lower) || line.starts_with("©") || lower.starts_with("copyright ©"))
    return true;
  const auto entries = split(line, {" | ", " · ", " • "});
  return entries.size() >= 3 && !ends_sentence(line) &&
         std::all_of(entries.begin(), entries.end(), [](auto entry) { return count_words(entry) <= 3; });
}

bool is_share_bar(std::string_view line, std::size_t least_words) {
  if (line.size() > max_marker_bytes) return false;
  const auto lower = ascii_lower(line);
  if (contains(share_lines, lower)) return true;
  if (is_share_offer(lower)) return true;
  std::string_view rest = lower;
  std::size_t words = 0;
  bool names_network = false;
  while (!rest.empty()) {
    if (std::string_view(" ,|/").find(rest.front()) != std::string_view::npos) {
      rest.remove_prefix(1);
      continue;
    }
    if (take_one_of(std::array<std::string_view, 2>{"•", "·"}, rest)) continue;
    if (take_one_of(share_networks, rest))
      names_network = true;
    else if (!take_one_of(share_words, rest))
      return false;
    ++words;
  }
  // Generic words alone ("Post", "This story") count only where one word is enough: among the head's lines.
  return words >= least_words && (names_network || least_words == 1);
}

std::optional<std::string_view> bullet_text(std::string_view line) {
  static constexpr std::array<std::string_view, 8> bullets{"• ", "· ", "‣ ", "▪ ", "◦ ", "– ", "* ", "- "};
  if (!take_one_of(bullets, line)) return std::nullopt;
  return trim(line);
}

std::string_view site_of_logo(std::string_view line) {
  const bool is_logo = line.ends_with(" Logo") || line.ends_with(" logo");
  if (!is_logo || count_words(line) > 6) return {};
  return trim(line.substr(0, line.size() - std::string_view("Logo").size()));
}

std::vector<std::string> byline_authors(std::string_view line) {
  if (line.size() > max_marker_bytes || ends_sentence(line)) return {};
  const auto lower = ascii_lower(line);
  std::string_view names = line;
  if (lower.starts_with("written by "))
    names.remove_prefix(11);
  else if (lower.starts_with("by ") || lower.starts_with("by:"))
    names.remove_prefix(3);
  else
    return other_byline(line);
  names = trim(names);
  // "By the numbers" is a heading.
  if (names.empty() || u_islower(first_character(names)) || !is_made_of_names(split(names, {","}).front()))
    return {};
  return split_names(names);
}

bool is_credit(std::string_view line) {
  if (line.size() > max_marker_bytes) return false;
  const auto lower = ascii_lower(line);
  return starts_with_one_of(credit_starts, lower) || contains(agencies, lower) || is_agency_slash_name(line);
}

bool is_caption(std::string_view line) {
  constexpr std::size_t most_words = 30, most_words_of_name = 4;
  if (count_words(line) > most_words) return false;
  const auto lower = ascii_lower(line);
  return std::any_of(caption_marks.begin(), caption_marks.end(), [&](auto mark) {
    const auto at = lower.rfind(mark);
    const auto name = at == std::string::npos ? std::string_view() : line.substr(at + mark.size());
    return !name.empty() && split(name, {" "}).size() <= most_words_of_name;
  });
}

bool is_name(std::string_view line) {
  return is_bare_name(line);
}

std::optional<DateLine> read_date_line(std::string_view line, const std::string& default_zone) {
  if (line.size() > max_marker_bytes) return std::nullopt;
  DateLine out;
  bool any_date = false;
  std::string_view name;
  for (auto part : split(line, {" | ", " · ", " • "})) {
    if (auto authors = byline_authors(part); !authors.empty()) {
      out.authors = std::move(authors);
      continue;
    }
    const bool is_update = take_date_label(part);
    auto date = parse_date_text(part, default_zone);
    const bool is_english = date || is_update;
    if (!date) date = article::read_lone_date(part, default_zone);
    if (!date && !resembles_date(part)) {
      // "5 min read" stands beside a date; a longer text with a date in it is a title or a sentence.
      if (count_words(part) > 4) return std::nullopt;
      if (name.empty() && is_bare_name(part)) name = part;
      continue;
    }
    any_date = true;
    if (!date) {
      out.doubts.push_back(fmt::format("cannot read the date \"{}\"; left out", part));
      continue;
    }
    if (!date->doubt.empty()) out.doubts.push_back(fmt::format("\"{}\": {}", part, date->doubt));
    const bool is_change = is_english ? is_update : article::is_about_update(part);
    (is_change ? out.updated : out.published) = date->time;
  }
  if (!any_date) return std::nullopt;
  if (out.authors.empty() && !name.empty()) out.authors = split_names(name);
  return out;
}

bool ends_sentence(std::string_view line) {
  static constexpr std::array<std::string_view, 8> closing{"”", "’", "»", "\"", "'", ")", "]", "」"};
  static constexpr std::array<std::string_view, 8> endings{".", "!", "?", "…", "。", "！", "？", "।"};
  for (bool closed = true; closed;) {
    closed = false;
    for (const auto mark : closing) {
      if (!line.ends_with(mark)) continue;
      line.remove_suffix(mark.size());
      closed = true;
    }
  }
  return std::any_of(endings.begin(), endings.end(), [&](auto ending) { return line.ends_with(ending); });
}

bool is_paragraph(std::string_view line) {
  constexpr std::size_t longest_headline = 200;
  if (line.size() > longest_headline) return true;
  if (!ends_sentence(line)) return false;
  // A headline may ask ("Will the harbour open before the elections in May?"); it hardly ever ends in a full
  // stop.
  const bool asks = line.ends_with('?') || line.ends_with('!');
  return count_words(line) >= (asks ? 20 : 8);
}

}  // namespace crier::page
