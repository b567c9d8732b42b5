// The normalised JSON of a story, as to_json(Story) writes it and as other people's scripts do.

#include <boost/json.hpp>
#include <fmt/core.h>

#include "story/fields.hpp"
#include "story/html.hpp"
#include "story/json_members.hpp"
#include "story/reading.hpp"

namespace crier {
namespace {

namespace json = boost::json;

void read_enclosure(const JsonMembers& members, const json::value& value, std::size_t index, Story& story) {
  const auto* object = value.if_object();
  const auto text = [&](std::string_view name) {
    const auto* member = object ? object->if_contains(name) : nullptr;
    return member ? scalar_text(*member).value_or("") : std::string();
  };
  const auto* bytes = object ? object->if_contains("bytes") : nullptr;
  const auto size = bytes && bytes->is_int64() && bytes->get_int64() > 0 ? bytes->get_int64() : 0;
  add_enclosure(members, fmt::format("enclosures[{}]", index),
                {text("url"), text("type"), static_cast<std::uint64_t>(size)}, story);
}

void read_enclosures(const JsonMembers& members, Story& story) {
  const auto* value = members.find("enclosures");
  const auto* list = value ? value->if_array() : nullptr;
  if (!list) return members.warn("enclosures", "must be a list of {url, type, bytes}; ignored");
  if (list->size() > max_enclosures)
    members.warn("enclosures", fmt::format("only the first {} are kept", max_enclosures));
  for (std::size_t i = 0; i < std::min(list->size(), max_enclosures); ++i)
    read_enclosure(members, (*list)[i], i, story);
}

// What is in the log was clean already, and stays as it is.
void read_html(Story& story) {
  if (story.body_html.empty()) return;
  auto clean = clean_html(story.body_html, story.url);
  story.body_html = std::move(clean.html);
  if (!story.body_text.empty()) return;
  story.body_text = std::move(clean.text);
  for (const auto& heading : clean.headings) add_heading(story, heading);
}

void read_story(Reading& reading, const json::object& object, JsonMembers& members) {
  Story story;
  for (const auto& pair : object) {
    if (pair.key() == "enclosures") {
      read_enclosures(members, story);
      continue;
    }
    const auto assigned = members.assign(pair.key(), pair.key(), story);
    if (!assigned) return members.refuse(assigned.error(), pair.key());
  }
  read_html(story);
  if (story.id.empty() && story.url.empty() && story.title.empty()) {
    const auto label = members.label_of("");
    return members.refuse(Error{(label.empty() ? "the object" : label) + " has neither a title nor an id"});
  }
  reading.add(std::move(story), members.places());
}

}  // namespace

bool looks_like_json(std::string_view text) {
  text = skip_json_space(text);
  if (text.empty() || (text.front() != '{' && text.front() != '[')) return false;
  // "[BREAKING] …" and "{{ … }}" are text: what follows the bracket decides.
  const auto inside = skip_json_space(text.substr(1));
  if (text.front() == '{') return inside.starts_with('"') || inside.starts_with('}');
  return inside.starts_with('{') || inside.starts_with(']');
}

Result<void> read_story_json(Reading& reading) {
  auto parsed = parse_json(reading);
  if (!parsed) return parsed.error();
  const auto root = json_root(reading.text);
  const auto read_one = [&](const json::object& object, JsonMembers& members) {
    read_story(reading, object, members);
  };
  if (const auto* list = parsed->if_array()) {
    read_json_list(reading, *list, root, "", read_one);
    return {};
  }
  const auto* object = parsed->if_object();
  if (!object)
    return reading.error(root.place.line, root.place.column,
                         "must be a story, a list of stories or {\"stories\": […]}");
  const auto* stories = object->if_contains("stories");
  if (!stories) {
    JsonMembers members(reading, *object, root, "");
    read_one(*object, members);
    return {};
  }
  const auto spot = json_member(reading.text, root, "stories");
  if (!stories->is_array())
    return reading.error(spot.place.line, spot.place.column, "stories: must be a list");
  read_json_list(reading, stories->get_array(), spot, "stories", read_one);
  return {};
}

}  // namespace crier
