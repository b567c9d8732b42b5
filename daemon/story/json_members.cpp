#include "story/json_members.hpp"

#include <algorithm>
#include <cmath>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "story/json_repair.hpp"
#include "story/plain_text.hpp"
#include "story/url_identity.hpp"

namespace crier {

namespace json = boost::json;

namespace {

constexpr std::size_t max_depth = 64;
constexpr std::size_t max_placed_members = 1000;
constexpr std::size_t glance_bytes = 64U << 10;
constexpr std::size_t max_texts = 200;  // of one list
constexpr std::size_t max_glanced_members = 64;
constexpr std::size_t max_values = 500'000;  // of 10,000 stories 50 each

Error syntax_error(const Reading& reading, std::size_t offset, std::string_view what) {
  const auto before = reading.text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto line_start = before.rfind('\n') + 1;  // npos + 1 is 0: the first line
  return reading.error(static_cast<int>(line), static_cast<int>(offset - line_start) + 1,
                       fmt::format("not valid JSON: {}", what));
}

// Each costs some hundred bytes once it is read. A comma stands between two; those in texts do not count.
bool has_too_many_values(std::string_view text) {
  if (static_cast<std::size_t>(std::count(text.begin(), text.end(), ',')) <= max_values) return false;
  std::size_t count = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"')
      in_text = !in_text;
    else if (in_text && text[i] == '\\')
      ++i;
    else if (!in_text && text[i] == ',')
      ++count;
  }
  return count > max_values;
}

Result<json::value> parse_with(const Reading& reading, std::string_view text, bool sloppy) {
  if (has_too_many_values(text))
    return reading.error(0, 0, fmt::format("more than {} values are too many", max_values));
  json::parse_options options;
  options.max_depth = max_depth;
  options.allow_comments = sloppy;
  options.allow_trailing_commas = sloppy;
  json::stream_parser parser({}, options);
  boost::system::error_code failed;
  auto used = parser.write_some(text.data(), text.size(), failed);
  if (failed) return syntax_error(reading, used, failed.message());
  // Boost 1.81 counts past the end of a text that ends in a comment.
  used = std::min(used, text.size());
  if (const auto rest = skip_json_space(text.substr(used)); !rest.empty())
    return syntax_error(reading, text.size() - rest.size(), "something follows its end");
  parser.finish(failed);
  if (failed) return syntax_error(reading, text.size(), "it ends too early");
  return parser.release();
}

FieldPlaces places_of(std::string_view text, const JsonSpot& spot, std::size_t limit) {
  FieldPlaces places;
  // Of a name that is there twice the last counts, as for the parser.
  for (const auto& member : json_children(text, spot, limit))
    places.insert_or_assign(std::string(member.key), member.place);
  places.insert_or_assign("", spot.place);
  return places;
}

// The names of the first object in the list at `spot`.
FieldPlaces glance_at_first(std::string_view text, const JsonSpot& spot) {
  const auto first = json_children(text, spot, 1);
  if (first.empty() || text.substr(first.front().value, 1) != "{") return {};
  return places_of(text, first.front(), max_glanced_members);
}

void set_value(Field& field, const json::value& value) {
  if (value.is_null()) {
    field.kind = Field::Kind::nothing;
  } else if (auto text = scalar_text(value)) {
    field.values.push_back(*std::move(text));
  } else if (const auto* items = value.if_array()) {
    field.kind = Field::Kind::list;
    for (const auto& item : *items) {
      auto item_text = scalar_text(item);
      if (!item_text)
        field.kind = Field::Kind::unusable;
      else
        field.values.push_back(*std::move(item_text));
    }
  } else {
    field.kind = Field::Kind::unusable;
  }
}

}  // namespace

std::string_view skip_json_space(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

Result<json::value> parse_json(const Reading& reading) {
  return parse_with(reading, reading.text, false);
}

Result<json::value> parse_sloppy_json(Reading& reading) {
  auto parsed = parse_with(reading, reading.text, false);
  if (parsed) return parsed;
  auto again = parse_with(reading, reading.text, true);
  if (!again)
    if (const auto repaired = repair_json(reading.text)) again = parse_with(reading, *repaired, true);
  if (!again) return parsed;
  reading.mark_bozo(parsed.error().message);
  return again;
}

std::optional<std::string> scalar_text(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(text->begin(), text->end());
  if (value.is_int64() || value.is_uint64()) return json::serialize(value);
  if (value.is_double() && std::abs(value.get_double()) < 1e15) return fmt::format("{}", value.get_double());
  return std::nullopt;
}

JsonGlance glance_at_json(std::string_view text) {
  text = text.substr(0, glance_bytes);
  JsonGlance glance;
  const auto root = json_root(text);
  if (text.substr(root.value, 1) == "[") {
    glance.item_names = glance_at_first(text, root);
    return glance;
  }
  for (const auto& member : json_children(text, root, max_glanced_members)) {
    glance.names.insert_or_assign(std::string(member.key), member.place);
    if (member.key == "items") glance.item_names = glance_at_first(text, member);
    const auto value = text.substr(std::min(member.value, text.size()));
    if (member.key == "version" && value.starts_with('"'))
      glance.version = value.substr(1, std::min<std::size_t>(value.find('"', 1) - 1, 100));
  }
  return glance;
}

JsonMembers::JsonMembers(Reading& reading, const json::object& object, const JsonSpot& spot,
                         std::string label)
    : reading_(reading),
      object_(object),
      spot_(spot),
      label_(std::move(label)),
      places_(places_of(reading.text, spot, max_placed_members)) {}

const json::value* JsonMembers::find(std::string_view name) const {
  const auto* value = object_.if_contains(name);
  return value && !value->is_null() ? value : nullptr;
}

bool JsonMembers::has(std::string_view name) const {
  return object_.contains(name);
}

std::string JsonMembers::text(std::string_view name) const {
  const auto* value = find(name);
  if (!value) return {};
  auto text = scalar_text(*value);
  if (!text) warn(name, "must be one text or number; ignored");
  return std::move(text).value_or("");
}

const json::array* JsonMembers::list(std::string_view name) const {
  const auto* value = find(name);
  if (value && !value->is_array()) warn(name, "must be a list; ignored");
  return value ? value->if_array() : nullptr;
}

const json::object* JsonMembers::object(std::string_view name) const {
  const auto* value = find(name);
  if (value && !value->is_object()) warn(name, "must be an object; ignored");
  return value ? value->if_object() : nullptr;
}

std::vector<std::string> JsonMembers::texts(std::string_view name,
                                            std::initializer_list<std::string_view> names) const {
  std::vector<std::string> out;
  const auto add = [&](const json::value& value, const std::string& label) {
    const auto* object = value.if_object();
    const json::value* text = object ? nullptr : &value;
    for (const auto each : names)
      if (object && (!text || text->is_null())) text = object->if_contains(each);
    if (!text || text->is_null()) return;
    auto found = scalar_text(*text);
    if (!found) return warn(label, "must be a text; left out");
    if (!tidy_line(*found).empty()) out.push_back(*std::move(found));
  };
  const auto* value = find(name);
  const auto* list = value ? value->if_array() : nullptr;
  if (!list) {
    if (value) add(*value, std::string(name));
    return out;
  }
  for (std::size_t i = 0; i < std::min(list->size(), max_texts); ++i)
    add((*list)[i], fmt::format("{}[{}]", name, i));
  return out;
}

Field JsonMembers::make_field(std::string_view name, std::string_view field) const {
  Field made;
  const auto [line, column] = place(name);
  made.line = line;
  made.column = column;
  made.name = std::string(field);
  made.label = label_of(name);
  return made;
}

Result<void> JsonMembers::assign(std::string_view name, std::string_view field, Story& story) {
  const auto* value = object_.if_contains(name);
  if (!value) return {};
  auto made = make_field(name, field);
  set_value(made, *value);
  places_.try_emplace(std::string(field), place(name));
  return assign_field(made, story, reading_);
}

Result<void> JsonMembers::assign_text(std::string_view name, std::string_view field, std::string text,
                                      Story& story) {
  auto made = make_field(name, field);
  made.values.push_back(std::move(text));
  places_.try_emplace(std::string(field), place(name));
  return assign_field(made, story, reading_);
}

void JsonMembers::assign_list(std::string_view name, std::string_view field, std::vector<std::string> texts,
                              Story& story) {
  if (texts.empty()) return;
  auto made = make_field(name, field);
  made.kind = Field::Kind::list;
  made.values = std::move(texts);
  places_.try_emplace(std::string(field), place(name));
  (void)assign_field(made, story, reading_);  // a list refuses no story
}

void JsonMembers::warn(std::string_view name, std::string_view message) const {
  const auto [line, column] = place(name);
  reading_.warn(line, column, fmt::format("{}: {}", label_of(name), message));
}

void JsonMembers::refuse(const Error& error, std::string_view name) const {
  const auto [line, column] = place(name);
  reading_.refuse(line, column, error.message);
}

TextPlace JsonMembers::place(std::string_view name) const {
  auto found = places_.find(name);
  if (found == places_.end()) found = places_.find(name.substr(0, name.find('[')));
  return found != places_.end() ? found->second : spot_.place;
}

std::string JsonMembers::label_of(std::string_view name) const {
  const auto shown = tidy_line(cut_text(name, 60));
  if (label_.empty() || shown.empty()) return label_ + shown;
  return label_ + "." + shown;
}

void read_json_list(Reading& reading, const json::array& list, const JsonSpot& spot, std::string_view name,
                    const std::function<void(const json::object&, JsonMembers&)>& read) {
  const auto [line, column] = spot.place;
  if (list.empty()) reading.warn(line, column, "there is no story in it");
  const auto items = json_children(reading.text, spot, max_stories);
  for (std::size_t i = 0; i < std::min(list.size(), max_stories); ++i) {
    const auto& item_spot = i < items.size() ? items[i] : spot;
    const auto* object = list[i].if_object();
    if (!object) {
      reading.refuse(item_spot.place.line, item_spot.place.column,
                     fmt::format("{}[{}]: must be an object", name, i));
      continue;
    }
    JsonMembers members(reading, *object, item_spot, fmt::format("{}[{}]", name, i));
    read(*object, members);
  }
  if (list.size() > max_stories)
    reading.warn(line, column,
                 fmt::format("only the first {} of {} stories are read", max_stories, list.size()));
}

JsonSpot json_member(std::string_view text, const JsonSpot& parent, std::string_view name) {
  JsonSpot found{text.size(), text.size(), parent.place, {}};
  for (const auto& member : json_children(text, parent, max_placed_members))
    if (member.key == name) found = member;
  return found;
}

void add_enclosure(const JsonMembers& members, std::string_view name, Enclosure enclosure, Story& story) {
  if (!canonical_url(enclosure.url))
    return members.warn(name, "must have a url, absolute and http or https; left out");
  if (story.enclosures.size() == max_enclosures) return;
  enclosure.url = std::string(trim(enclosure.url));
  enclosure.type = tidy_line(cut_text(enclosure.type, max_type_bytes));
  story.enclosures.push_back(std::move(enclosure));
}

}  // namespace crier
