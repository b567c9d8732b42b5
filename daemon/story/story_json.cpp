// The normalised JSON of a story, as to_json(Story) writes it and as other people's scripts do.

#include <algorithm>
#include <optional>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "story/fields.hpp"
#include "story/json_places.hpp"
#include "story/plain_text.hpp"
#include "story/reading.hpp"
#include "story/url_identity.hpp"

namespace crier {
namespace {

namespace json = boost::json;

constexpr std::size_t max_depth = 16;
constexpr std::size_t max_placed_members = 1000;
constexpr std::size_t max_enclosures = 20;
constexpr std::size_t max_type_bytes = 255;  // RFC 6838 §4.2: two names of at most 127

std::string_view skip_space(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

Error syntax_error(const Reading& reading, std::size_t offset, std::string_view what) {
  const auto before = reading.text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto line_start = before.rfind('\n') + 1;  // npos + 1 is 0: the first line
  return reading.error(static_cast<int>(line), static_cast<int>(offset - line_start) + 1,
                       fmt::format("not valid JSON: {}", what));
}

Result<json::value> parse_json(const Reading& reading) {
  json::parse_options limits;
  limits.max_depth = max_depth;
  json::stream_parser parser({}, limits);
  boost::system::error_code failed;
  auto used = parser.write_some(reading.text.data(), reading.text.size(), failed);
  if (failed) return syntax_error(reading, used, failed.message());
  if (const auto rest = skip_space(reading.text.substr(used)); !rest.empty())
    return syntax_error(reading, reading.text.size() - rest.size(), "something follows its end");
  parser.finish(failed);
  if (failed) return syntax_error(reading, reading.text.size(), "it ends too early");
  return parser.release();
}

std::optional<std::string> scalar_text(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(text->begin(), text->end());
  if (value.is_int64() || value.is_uint64()) return json::serialize(value);
  return std::nullopt;
}

Field make_field(std::string_view prefix, const json::key_value_pair& pair, TextPlace place) {
  Field field;
  field.line = place.line;
  field.column = place.column;
  field.name = std::string(pair.key());
  field.label = fmt::format("{}{}", prefix, tidy_line(cut_text(field.name, 60)));
  const auto& value = pair.value();
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
  return field;
}

void read_enclosure(Reading& reading, const json::value& value, const std::string& label, TextPlace place,
                    Story& story) {
  const auto* object = value.if_object();
  const auto* url = object ? object->if_contains("url") : nullptr;
  const auto url_text = url ? scalar_text(*url) : std::nullopt;
  if (!url_text || !canonical_url(*url_text))
    return reading.warn(place.line, place.column,
                        label + ": must have a url, absolute and http or https; left out");
  Enclosure enclosure{std::string(trim(*url_text)), {}, 0};
  if (const auto* type = object->if_contains("type"))
    enclosure.type = tidy_line(cut_text(scalar_text(*type).value_or(""), max_type_bytes));
  if (const auto* bytes = object->if_contains("bytes"))
    if (bytes->is_int64() && bytes->get_int64() > 0)
      enclosure.bytes = static_cast<std::uint64_t>(bytes->get_int64());
  story.enclosures.push_back(std::move(enclosure));
}

void read_enclosures(Reading& reading, const json::value& value, const std::string& label, TextPlace place,
                     Story& story) {
  const auto* list = value.if_array();
  if (!list)
    return reading.warn(place.line, place.column, label + ": must be a list of {url, type, bytes}; ignored");
  if (list->size() > max_enclosures)
    reading.warn(place.line, place.column,
                 fmt::format("{}: only the first {} are kept", label, max_enclosures));
  for (std::size_t i = 0; i < std::min(list->size(), max_enclosures); ++i)
    read_enclosure(reading, (*list)[i], fmt::format("{}[{}]", label, i), place, story);
}

// Of a story. A name that is written with escapes, or beyond the first thousand, has the place of its story.
FieldPlaces places_of(const Reading& reading, const JsonSpot& spot) {
  FieldPlaces places;
  // Of a name that is there twice the last counts, as for the parser.
  for (const auto& member : json_children(reading.text, spot, max_placed_members))
    places.insert_or_assign(std::string(member.key), member.place);
  places.insert_or_assign("", spot.place);
  return places;
}

void read_story(Reading& reading, const json::value& value, const JsonSpot& spot, const std::string& label) {
  const auto [line, column] = spot.place;
  const auto* object = value.if_object();
  if (!object) return reading.refuse(line, column, label + ": must be an object");
  auto places = places_of(reading, spot);
  const auto prefix = label.empty() ? label : label + ".";
  Story story;
  for (const auto& pair : *object) {
    const auto found = places.find(std::string_view(pair.key()));
    const auto place = found != places.end() ? found->second : spot.place;
    if (pair.key() == "enclosures") {
      read_enclosures(reading, pair.value(), prefix + "enclosures", place, story);
      continue;
    }
    const auto assigned = assign_field(make_field(prefix, pair, place), story, reading);
    if (!assigned) return reading.refuse(place.line, place.column, assigned.error().message);
  }
  if (!story.body_html.empty() && story.body_text.empty())
    reading.warn(line, column, prefix + "body_html: neither rules nor mails read it; give body_text, too");
  if (story.id.empty() && story.url.empty() && story.title.empty())
    return reading.refuse(line, column,
                          (label.empty() ? "the object" : label) + " has neither a title nor an id");
  reading.add(std::move(story), std::move(places));
}

// Of the list of stories; a place without children when its name cannot be found as it is written.
JsonSpot stories_spot(std::string_view text, const JsonSpot& root) {
  JsonSpot found{text.size(), text.size(), root.place, {}};
  for (const auto& member : json_children(text, root, max_placed_members))
    if (member.key == "stories") found = member;
  return found;
}

void read_list(Reading& reading, const json::array& list, const JsonSpot& spot, std::string_view name) {
  const auto [line, column] = spot.place;
  if (list.empty()) reading.warn(line, column, "there is no story in it");
  const auto items = json_children(reading.text, spot, max_stories);
  for (std::size_t i = 0; i < std::min(list.size(), max_stories); ++i)
    read_story(reading, list[i], i < items.size() ? items[i] : spot, fmt::format("{}[{}]", name, i));
  if (list.size() > max_stories)
    reading.warn(line, column,
                 fmt::format("only the first {} of {} stories are read", max_stories, list.size()));
}

}  // namespace

bool looks_like_json(std::string_view text) {
  text = skip_space(text);
  if (text.empty() || (text.front() != '{' && text.front() != '[')) return false;
  // "[BREAKING] …" and "{{ … }}" are text: what follows the bracket decides.
  const auto inside = skip_space(text.substr(1));
  if (text.front() == '{') return inside.starts_with('"') || inside.starts_with('}');
  return inside.starts_with('{') || inside.starts_with(']');
}

Result<void> read_story_json(Reading& reading) {
  auto parsed = parse_json(reading);
  if (!parsed) return parsed.error();
  const auto root = json_root(reading.text);
  if (const auto* list = parsed->if_array()) {
    read_list(reading, *list, root, "");
    return {};
  }
  const auto* object = parsed->if_object();
  if (!object)
    return reading.error(root.place.line, root.place.column,
                         "must be a story, a list of stories or {\"stories\": […]}");
  const auto* stories = object->if_contains("stories");
  if (!stories) {
    read_story(reading, *parsed, root, "");
    return {};
  }
  const auto spot = stories_spot(reading.text, root);
  if (!stories->is_array())
    return reading.error(spot.place.line, spot.place.column, "stories: must be a list");
  read_list(reading, stories->get_array(), spot, "stories");
  return {};
}

}  // namespace crier
