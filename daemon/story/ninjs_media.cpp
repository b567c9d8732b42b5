#include "story/ninjs_media.hpp"

#include <algorithm>
#include <functional>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "story/json_members.hpp"
#include "story/plain_text.hpp"
#include "story/url_identity.hpp"

namespace crier {
namespace {

namespace json = boost::json;

constexpr std::size_t max_looked_at = 50;  // associations of an item, renditions of one

// Calls `take` with name and object of each entry: a mapping in 1.x, a list of objects with names in 2.x.
void for_each_named(const json::value* value,
                    const std::function<void(std::string_view, const json::object&)>& take) {
  if (!value) return;
  std::size_t seen = 0;
  if (const auto* mapping = value->if_object()) {
    for (const auto& pair : *mapping)
      if (const auto* object = pair.value().if_object(); object && ++seen <= max_looked_at)
        take(std::string_view(pair.key()), *object);
  } else if (const auto* list = value->if_array()) {
    for (const auto& item : *list)
      if (const auto* object = item.if_object(); object && ++seen <= max_looked_at) {
        const auto* name = object->if_contains("name");
        take(name ? scalar_text(*name).value_or("") : std::string(), *object);
      }
  }
}

std::string text_of(const json::object& object, std::initializer_list<std::string_view> names) {
  for (const auto name : names)
    if (const auto* value = object.if_contains(name)) return scalar_text(*value).value_or("");
  return {};
}

std::int64_t number_of(const json::object& object, std::initializer_list<std::string_view> names) {
  for (const auto name : names)
    if (const auto* value = object.if_contains(name); value && value->is_int64()) return value->get_int64();
  return 0;
}

// The widest rendition; without a URL when there is none.
Enclosure best_rendition(const json::value* renditions) {
  Enclosure best;
  std::int64_t best_width = -1;
  for_each_named(renditions, [&](std::string_view, const json::object& rendition) {
    auto url = text_of(rendition, {"href"});
    const auto width = number_of(rendition, {"width"});
    if (width <= best_width || !canonical_url(url)) return;
    best_width = width;
    const auto bytes = number_of(rendition, {"sizeinbytes", "sizeInBytes"});
    best = {std::string(trim(url)), text_of(rendition, {"mimetype", "mimeType", "contentType"}),
            bytes > 0 ? static_cast<std::uint64_t>(bytes) : 0};
  });
  return best;
}

bool stands_for_story(std::string_view name) {
  const auto lower = ascii_lower(name);
  return lower.starts_with("feature") || lower.starts_with("main") || lower.starts_with("hero");
}

bool is_picture(const std::string& type, const Enclosure& file) {
  return type == "picture" || type == "graphic" || type == "image" || file.type.starts_with("image/");
}

}  // namespace

void read_ninjs_media(const JsonMembers& members, Story& story) {
  const auto own = best_rendition(members.find("renditions"));
  const auto own_type = ascii_lower(members.text("type"));
  if (!own.url.empty() && is_picture(own_type, own))
    story.image = own.url;
  else if (!own.url.empty())
    add_enclosure(members, "renditions", own, story);
  bool has_main = !story.image.empty();
  for_each_named(members.find("associations"), [&](std::string_view name, const json::object& item) {
    const auto file = best_rendition(item.if_contains("renditions"));
    if (file.url.empty()) return;
    if (!is_picture(ascii_lower(text_of(item, {"type"})), file))
      return add_enclosure(members, "associations", file, story);
    const bool is_main = stands_for_story(name);
    if (!story.image.empty() && (has_main || !is_main)) return;
    story.image = file.url;
    has_main = is_main;
  });
}

}  // namespace crier
