#include "story/fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/core.h>

#include "base/suggest.hpp"
#include "story/date_text.hpp"
#include "story/plain_text.hpp"
#include "story/url_reference.hpp"

namespace crier {
namespace {

using Setter = Result<void> (*)(const Field&, Story&, Reading&);

void warn(const Field& field, Reading& reading, std::string_view message) {
  reading.warn(field.line, field.column, fmt::format("{}: {}", field.label, message));
}

// The single value; a warning and nullptr when there is none to use.
const std::string* single(const Field& field, Reading& reading) {
  if (field.kind == Field::Kind::text) return &field.values.front();
  if (field.kind != Field::Kind::nothing) warn(field, reading, "must be one text or number; ignored");
  return nullptr;
}

template <std::string Story::*Member>
Result<void> set_line(const Field& field, Story& story, Reading& reading) {
  if (const auto* text = single(field, reading)) story.*Member = tidy_line(*text);
  return {};
}

template <std::string Story::*Member>
Result<void> set_text(const Field& field, Story& story, Reading& reading) {
  if (const auto* text = single(field, reading)) story.*Member = tidy_text(*text);
  return {};
}

template <std::string Story::*Member>
Result<void> set_url(const Field& field, Story& story, Reading& reading) {
  const auto* text = single(field, reading);
  if (!text || text->empty()) return {};
  // A path is told from a slip of the pen, which "image: none" is.
  const bool is_path = text->starts_with('/') || text->starts_with("./") || text->starts_with("../");
  if (auto url = resolve_url(*text, is_path ? std::string_view(reading.options.url) : std::string_view()))
    story.*Member = std::move(*url);
  else
    warn(field, reading, "must be an absolute http or https URL; ignored");
  return {};
}

// Kept byte for byte: an id is compared, never read. identify() checks it.
Result<void> set_id(const Field& field, Story& story, Reading& reading) {
  if (const auto* text = single(field, reading)) story.id = *text;
  return {};
}

template <std::optional<Time> Story::*Member>
Result<void> set_time(const Field& field, Story& story, Reading& reading) {
  const auto* text = single(field, reading);
  if (!text || text->empty()) return {};
  const auto date = parse_date_text(tidy_line(*text), reading.options.default_zone);
  if (!date) {
    warn(field, reading,
         fmt::format("cannot read the date \"{}\"; left out", cut_text(tidy_line(*text), 60)));
    return {};
  }
  if (!date->doubt.empty()) warn(field, reading, date->doubt);
  story.*Member = date->time;
  return {};
}

Result<void> set_embargo(const Field& field, Story& story, Reading& reading) {
  const bool is_empty = field.kind == Field::Kind::nothing ||
                        (field.kind == Field::Kind::text && tidy_line(field.values.front()).empty());
  if (is_empty) {
    warn(field, reading, "is empty: the story is held until a new version says otherwise");
    story.embargo = held_indefinitely;
    return {};
  }
  const auto date = field.kind == Field::Kind::text
                        ? parse_date_text(tidy_line(field.values.front()), reading.options.default_zone)
                        : std::nullopt;
  if (!date) return Error{field.label + ": cannot be read as a date; write it as 2023-10-18T15:37:00Z"};
  if (!date->doubt.empty()) warn(field, reading, date->doubt);
  story.embargo = date->time;
  return {};
}

Result<void> set_status(const Field& field, Story& story, Reading&) {
  auto text = field.kind == Field::Kind::text ? ascii_lower(tidy_line(field.values.front())) : "";
  if (text == "cancelled") text = "canceled";  // both spellings are at home in newsrooms
  const auto status = parse_story_status(text);
  if (!status) return Error{field.label + ": must be usable, withheld or canceled"};
  story.status = *status;
  return {};
}

// There but empty means that the story is corrected, without a word about it.
Result<void> set_correction(const Field& field, Story& story, Reading& reading) {
  if (field.kind == Field::Kind::nothing)
    story.correction.emplace();
  else if (const auto* text = single(field, reading))
    story.correction = tidy_line(*text);
  return {};
}

std::optional<std::uint32_t> to_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<void> set_version(const Field& field, Story& story, Reading& reading) {
  const auto* text = single(field, reading);
  if (!text) return {};
  if (const auto number = to_number(*text); number && *number > 0)
    story.version = *number;
  else
    warn(field, reading, "must be a whole number from 1; ignored");
  return {};
}

Result<void> set_urgency(const Field& field, Story& story, Reading& reading) {
  const auto* text = single(field, reading);
  if (!text) return {};
  const auto number = to_number(*text);
  if (!number || *number < 1 || *number > 9)
    warn(field, reading, "must be a whole number from 1 to 8; ignored");
  else
    story.urgency = static_cast<int>(std::min(*number, 8U));  // 9 means lowest, too, in ninjs
  return {};
}

bool is_language_tag(std::string_view tag) {
  if (tag.size() > 35) return false;  // RFC 5646 §4.4.1
  std::size_t subtag = 0, length = 0;
  for (const char c : tag) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c == '-') {
      if (length == 0 || (subtag == 0 && length < 2)) return false;
      ++subtag;
      length = 0;
    } else if (is_letter || (subtag > 0 && c >= '0' && c <= '9')) {
      if (++length > 8) return false;
    } else {
      return false;
    }
  }
  return subtag == 0 ? length >= 2 : length >= 1;
}

Result<void> set_language(const Field& field, Story& story, Reading& reading) {
  const auto* text = single(field, reading);
  if (!text || text->empty()) return {};
  auto tag = tidy_line(*text);
  std::replace(tag.begin(), tag.end(), '_', '-');  // "en_GB", as operating systems write it
  if (is_language_tag(tag))
    story.language = std::move(tag);
  else
    warn(field, reading, "must be a language tag such as \"en\" or \"pt-BR\"; ignored");
  return {};
}

// Adds a new item; false, with a warning, when the list is full.
bool add_item(const Field& field, std::vector<std::string>& items, std::string_view text, Reading& reading) {
  auto item = tidy_line(text);
  if (item.empty() || std::find(items.begin(), items.end(), item) != items.end()) return true;
  if (items.size() == max_list_items) {
    warn(field, reading, fmt::format("only the first {} are kept", max_list_items));
    return false;
  }
  items.push_back(std::move(item));
  return true;
}

// A list; or one text with the items between commas.
template <std::vector<std::string> Story::*Member>
Result<void> set_list(const Field& field, Story& story, Reading& reading) {
  auto& items = story.*Member;
  if (field.kind == Field::Kind::unusable) {
    warn(field, reading, "must be a list of texts; ignored");
  } else if (field.kind == Field::Kind::list) {
    for (const auto& value : field.values)
      if (!add_item(field, items, value, reading)) break;
  } else if (field.kind == Field::Kind::text) {
    std::string_view rest = field.values.front();
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      if (!add_item(field, items, rest.substr(0, comma), reading)) break;
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
  }
  return {};
}

Result<void> set_authors(const Field& field, Story& story, Reading& reading) {
  if (field.kind != Field::Kind::text) return set_list<&Story::authors>(field, story, reading);
  for (const auto& name : split_names(field.values.front()))
    if (!add_item(field, story.authors, name, reading)) break;
  return {};
}

struct Known {
  std::string_view name;
  Setter set;
};

constexpr std::array known_fields{
    Known{"id", set_id},
    Known{"version", set_version},
    Known{"status", set_status},
    Known{"url", set_url<&Story::url>},
    Known{"title", set_line<&Story::title>},
    Known{"summary", set_line<&Story::summary>},
    Known{"body_text", set_text<&Story::body_text>},
    Known{"headings", set_list<&Story::headings>},
    Known{"body_html", set_text<&Story::body_html>},
    Known{"authors", set_authors},
    Known{"author", set_authors},
    Known{"published", set_time<&Story::published>},
    Known{"date", set_time<&Story::published>},
    Known{"updated", set_time<&Story::updated>},
    Known{"embargo", set_embargo},
    Known{"embargoed", set_embargo},
    Known{"correction", set_correction},
    Known{"language", set_language},
    Known{"topics", set_list<&Story::topics>},
    Known{"regions", set_list<&Story::regions>},
    Known{"section", set_line<&Story::section>},
    Known{"site", set_line<&Story::site>},
    Known{"image", set_url<&Story::image>},
    Known{"urgency", set_urgency},
    Known{"source", set_line<&Story::source>},
};

}  // namespace

Result<void> assign_field(const Field& field, Story& story, Reading& reading) {
  const auto known = std::find_if(known_fields.begin(), known_fields.end(),
                                  [&](const Known& candidate) { return candidate.name == field.name; });
  if (known != known_fields.end()) return known->set(field, story, reading);
  std::array<std::string_view, known_fields.size()> names;
  std::transform(known_fields.begin(), known_fields.end(), names.begin(),
                 [](const Known& one) { return one.name; });
  warn(field, reading, "unknown field, ignored" + did_you_mean(field.name, names));
  return {};
}

void add_heading(Story& story, const std::string& text) {
  constexpr std::size_t longest = 1024;
  auto& headings = story.headings;
  const bool is_line = text == tidy_line(text);  // code that stands in a heading keeps its tabs
  if (text.size() > longest || headings.size() == max_list_items || !is_line) return;
  if (std::ranges::find(headings, text) == headings.end()) headings.push_back(text);
}

std::vector<std::string> split_names(std::string_view text) {
  static constexpr std::array<std::string_view, 8> roles{
      "reporter", "editor", "correspondent", "writer", "columnist", "chief", "producer", "contributor"};
  auto line = tidy_line(cut_text(text, 1024));
  for (const std::string_view joint : {" and ", " & ", ";"})
    for (auto at = line.find(joint); at != std::string::npos; at = line.find(joint, at))
      line.replace(at, joint.size(), ",");
  std::vector<std::string> names;
  std::string_view rest = line;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    const auto name = trim(rest.substr(0, comma));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    const auto lower = ascii_lower(name);
    const bool is_role =
        std::any_of(roles.begin(), roles.end(), [&](auto role) { return lower.ends_with(role); });
    const bool is_there = std::ranges::find(names, name) != names.end();
    if (!name.empty() && !is_role && !is_there) names.emplace_back(name);
  }
  return names;
}

}  // namespace crier
