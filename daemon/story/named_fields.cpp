#include "story/named_fields.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "story/plain_text.hpp"

namespace crier {
namespace {

constexpr auto other_names = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"headline", "title"},       {"description", "summary"}, {"excerpt", "summary"},
     {"abstract", "summary"},     {"standfirst", "summary"},  {"tags", "topics"},
     {"tag", "topics"},           {"categories", "topics"},   {"keywords", "topics"},
     {"lang", "language"},        {"locale", "language"},     {"lastmod", "updated"},
     {"modified", "updated"},     {"updated_at", "updated"},  {"last_modified_at", "updated"},
     {"publishdate", "embargo"},  {"pubdate", "date"},        {"published_at", "date"},
     {"canonical_url", "url"},    {"byline", "authors"},      {"cover", "image"},
     {"featured_image", "image"}, {"feature_image", "image"}, {"thumbnail", "image"},
     {"category", "section"}});

const std::string* text_of(const Field& field) {
  return field.kind == Field::Kind::text ? &field.values.front() : nullptr;
}

// As YAML 1.1 and the generators read them.
std::optional<bool> read_boolean(const Field& field) {
  const auto* text = text_of(field);
  if (!text) return std::nullopt;
  const auto word = ascii_lower(tidy_line(*text));
  for (const std::string_view yes : {"true", "yes", "on", "y", "1"})
    if (word == yes) return true;
  for (const std::string_view no : {"false", "no", "off", "n", "0"})
    if (word == no) return false;
  return std::nullopt;
}

// `published` is a day here and a boolean for Jekyll; a day has digits.
bool may_be_date(const Field& field) {
  const auto* text = text_of(field);
  return field.kind == Field::Kind::nothing ||
         (text && text->find_first_of("0123456789") != std::string::npos && !read_boolean(field));
}

// What a field says about leaving: true = hold back; nullopt when it is about something else.
Result<std::optional<bool>> read_hold(const Field& field) {
  const bool is_release = field.name == "publish" || field.name == "published";
  if (!is_release && field.name != "draft" && field.name != "unpublished") return std::optional<bool>();
  if (field.name == "published" && may_be_date(field)) return std::optional<bool>();
  const auto value = read_boolean(field);
  if (!value) return Error{field.label + ": must be true or false"};
  return std::optional(*value != is_release);
}

// Pelican's and WordPress's words for a status.
void translate_status(Field& field) {
  const auto* text = text_of(field);
  if (field.name != "status" || !text) return;
  const auto word = ascii_lower(tidy_line(*text));
  for (const std::string_view held : {"draft", "hidden", "private", "pending", "future", "unpublished"})
    if (word == held) field.values = {"withheld"};
  for (const std::string_view free : {"publish", "published", "public"})
    if (word == free) field.values = {"usable"};
}

// A generator's name as ours, unless ours is there, too.
void translate_name(Field& field, const std::set<std::string, std::less<>>& names) {
  const auto known = std::ranges::find(other_names, field.name, [](const auto& each) { return each.first; });
  if (known != other_names.end() && !names.contains(known->second)) field.name = known->second;
}

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

// "Title: Two ports sign a pact"; nullopt for other lines.
std::optional<Field> read_open_field(std::string_view line, int number) {
  constexpr std::size_t longest_name = 24;
  const auto colon = line.find(':');
  if (colon == 0 || colon > longest_name) return std::nullopt;
  const auto name = line.substr(0, colon);
  const auto value = trim(line.substr(colon + 1));
  const bool is_field = std::ranges::all_of(name, is_name_byte) &&
                        (colon + 1 == line.size() || line[colon + 1] == ' ' || line[colon + 1] == '\t');
  if (!is_field) return std::nullopt;
  Field field;
  field.name = field.label = name;
  field.kind = value.empty() ? Field::Kind::nothing : Field::Kind::text;
  if (!value.empty()) field.values.emplace_back(value);
  field.line = number;
  field.column = 1;
  return field;
}

// A title, or two others that no sentence begins with.
bool is_plainly_about_a_story(const std::vector<Field>& fields) {
  static constexpr std::array<std::string_view, 12> telling{"author", "authors", "date",    "status",
                                                            "draft",  "tags",    "section", "topics",
                                                            "byline", "summary", "embargo", "published"};
  std::size_t found = 0;
  for (const auto& field : fields) {
    const auto name = ascii_lower(field.name);
    if (name == "title") return true;
    if (std::ranges::find(telling, name) != telling.end()) ++found;
  }
  return found >= 2;
}

}  // namespace

Result<void> assign_named_fields(std::vector<Field> fields, Story& story, FieldPlaces& places,
                                 Reading& reading) {
  const auto refusal = [&](const Field& field, std::string message) {
    return reading.error(field.line, field.column, std::move(message));
  };
  std::set<std::string, std::less<>> names;
  for (auto& field : fields) {
    field.name = ascii_lower(field.name);
    if (!names.insert(field.name).second) return refusal(field, field.label + ": the name is there twice");
  }
  bool is_held = false;
  for (auto& field : fields) {
    const auto hold = read_hold(field);
    if (!hold) return refusal(field, hold.error().message);
    if (*hold) {
      is_held = is_held || **hold;
      continue;
    }
    translate_status(field);
    translate_name(field, names);
    if (const auto assigned = assign_field(field, story, reading); !assigned)
      return refusal(field, assigned.error().message);
    places.insert_or_assign(field.name, TextPlace{field.line, field.column});
  }
  // A canceled story is held back more firmly still.
  if (is_held && story.status == StoryStatus::usable) story.status = StoryStatus::withheld;
  return {};
}

OpenFields take_open_fields(std::string_view text) {
  constexpr int most_lines = 40;
  OpenFields open;
  auto rest = text;
  for (int number = 1; number <= most_lines && !rest.empty(); ++number) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    const bool is_blank = trim(line).empty();
    if (!is_blank) {
      auto field = read_open_field(line, number);
      if (!field) return {};
      open.fields.push_back(*std::move(field));
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (is_blank && !open.fields.empty()) break;
  }
  if (!is_plainly_about_a_story(open.fields)) return {};
  open.body = rest;
  return open;
}

}  // namespace crier
