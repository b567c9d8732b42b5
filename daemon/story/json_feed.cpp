// JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1). What is of a wrong type is left out with a warning; a
// feed that says neither its version nor everything else it must is read all the same.

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "base/crypto.hpp"
#include "story/fields.hpp"
#include "story/html.hpp"
#include "story/identity.hpp"
#include "story/json_members.hpp"
#include "story/plain_text.hpp"
#include "story/reading.hpp"
#include "story/url_reference.hpp"

namespace crier {
namespace {

namespace json = boost::json;

constexpr std::string_view version_site = "jsonfeed.org";

struct Feed {
  std::string base;  // of relative links
  Story defaults;    // authors and language, of items that do not say
};

// Version 1.0 has one author.
void read_authors(JsonMembers& members, Story& story) {
  members.assign_list("authors", "authors", members.texts("authors", {"name"}), story);
  if (story.authors.empty())
    members.assign_list("author", "authors", members.texts("author", {"name"}), story);
}

// Sets a URL, resolved against the feed's.
void set_url(JsonMembers& members, std::string_view name, std::string_view field, const Feed& feed,
             Story& story) {
  const auto text = members.text(name);
  if (tidy_line(text).empty()) return;
  if (auto url = resolve_url(text, feed.base))
    (field == "image" ? story.image : story.url) = *std::move(url);
  else
    members.warn(name, "is no http or https URL; ignored");
}

void read_attachments(const JsonMembers& members, const Feed& feed, Story& story) {
  const auto* list = members.list("attachments");
  if (!list) return;
  for (std::size_t i = 0; i < std::min(list->size(), max_enclosures); ++i) {
    const auto* object = (*list)[i].if_object();
    const auto text = [&](std::string_view name) {
      const auto* member = object ? object->if_contains(name) : nullptr;
      return member ? scalar_text(*member).value_or("") : std::string();
    };
    const auto* size = object ? object->if_contains("size_in_bytes") : nullptr;
    const bool has_size = size && size->is_int64() && size->get_int64() > 0;
    add_enclosure(members, fmt::format("attachments[{}]", i),
                  {resolve_url(text("url"), feed.base).value_or(""), text("mime_type"),
                   has_size ? static_cast<std::uint64_t>(size->get_int64()) : 0},
                  story);
  }
}

void read_content(const JsonMembers& members, const Feed& feed, Story& story) {
  auto clean = clean_html(members.text("content_html"), story.url.empty() ? feed.base : story.url);
  story.body_html = std::move(clean.html);
  story.body_text = std::move(clean.text);
  for (const auto& heading : clean.headings) add_heading(story, heading);
  if (story.image.empty()) story.image = std::move(clean.image);
  if (story.body_text.empty()) story.body_text = tidy_text(members.text("content_text"));
}

void read_image(JsonMembers& members, const Feed& feed, Story& story) {
  set_url(members, "image", "image", feed, story);
  if (story.image.empty()) set_url(members, "banner_image", "image", feed, story);
}

void read_item(Reading& reading, const Feed& feed, JsonMembers& members) {
  Story story;
  set_url(members, "url", "url", feed, story);
  if (story.url.empty()) set_url(members, "external_url", "url", feed, story);
  read_image(members, feed, story);
  read_content(members, feed, story);
  read_attachments(members, feed, story);
  read_authors(members, story);
  members.assign_list("tags", "topics", members.texts("tags", {"name"}), story);
  if (story.authors.empty()) story.authors = feed.defaults.authors;
  using Pair = std::pair<std::string_view, std::string_view>;
  for (const auto& [name, field] :
       {Pair{"id", "id"}, Pair{"title", "title"}, Pair{"summary", "summary"},
        Pair{"date_published", "published"}, Pair{"date_modified", "updated"}, Pair{"language", "language"}})
    if (members.find(name)) (void)members.assign(name, field, story);  // none of these refuses a story
  if (story.language.empty()) story.language = feed.defaults.language;
  for (const auto& enclosure : story.enclosures)
    if (story.image.empty() && enclosure.type.starts_with("image/")) story.image = enclosure.url;
  // A story that says nothing about itself is still a story: the feed lists it.
  if (story.id.empty() && story.url.empty() && story.title.empty()) story.id = id_by_content(story);
  reading.add(std::move(story), members.places());
}

// The first of `hubs` that speaks WebSub.
std::string websub_hub(JsonMembers& members, std::string_view base) {
  const auto* hubs = members.find("hubs");
  if (hubs == nullptr || !hubs->is_array()) return {};
  for (const auto& hub : hubs->get_array()) {
    const auto* object = hub.if_object();
    const auto* type = object ? object->if_contains("type") : nullptr;
    const auto* url = object ? object->if_contains("url") : nullptr;
    if (type == nullptr || url == nullptr || !type->is_string() || !url->is_string()) continue;
    if (ascii_lower(std::string_view(type->get_string())) == "websub")
      return resolve_url(std::string_view(url->get_string()), base).value_or("");
  }
  return {};
}

Feed read_head(Reading& reading, JsonMembers& members) {
  Feed feed;
  auto& source = reading.source;
  source.title = cut_text(tidy_line(members.text("title")), 1024);
  const auto feed_url = resolve_url(members.text("feed_url"), reading.options.url).value_or("");
  feed.base = feed_url.empty() ? reading.options.url : feed_url;
  source.url = resolve_url(members.text("home_page_url"), feed.base).value_or("");
  if (feed.base.empty()) feed.base = source.url;
  read_authors(members, feed.defaults);
  if (members.find("language")) (void)members.assign("language", "language", feed.defaults);
  source.language = feed.defaults.language;
  const auto* expired = members.find("expired");
  source.self = feed_url;
  source.hub = websub_hub(members, feed.base);
  source.expired = expired && expired->is_bool() && expired->get_bool();
  return feed;
}

}  // namespace

bool looks_like_json_feed(std::string_view text) {
  if (!looks_like_json(text)) return false;
  const auto glance = glance_at_json(text);
  if (glance.version.find(version_site) != std::string::npos) return true;
  const auto has = [](const FieldPlaces& names, std::string_view name) { return names.contains(name); };
  if (!has(glance.names, "items") || has(glance.names, "uri")) return false;
  if (has(glance.names, "home_page_url") || has(glance.names, "feed_url")) return true;
  const auto& item = glance.item_names;
  return has(item, "content_html") || has(item, "content_text") || has(item, "date_published") ||
         has(item, "external_url") || (has(item, "id") && (has(item, "url") || has(item, "title")));
}

Result<void> read_json_feed(Reading& reading) {
  auto parsed = parse_sloppy_json(reading);
  if (!parsed) return parsed.error();
  const auto root = json_root(reading.text);
  const auto* object = parsed->if_object();
  if (!object) return reading.error(root.place.line, root.place.column, "must be an object with items");
  JsonMembers members(reading, *object, root, "");
  if (members.text("version").find(version_site) == std::string::npos)
    reading.mark_bozo("version: must be https://jsonfeed.org/version/1.1");
  const auto feed = read_head(reading, members);
  const auto* items = members.list("items");
  if (!items) {
    reading.mark_bozo("items: must be a list");
    return {};
  }
  read_json_list(reading, *items, json_member(reading.text, root, "items"), "items",
                 [&](const json::object&, JsonMembers& item) { read_item(reading, feed, item); });
  return {};
}

}  // namespace crier
