// ninjs 1.x to 3.x (iptc.org/standards/ninjs): names in lower case and single values in 1.x, camel case and
// lists in 2.x and 3.x; a member is read under any name that it has had. The editor's note is never read.

#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "base/encoding.hpp"
#include "story/fields.hpp"
#include "story/html.hpp"
#include "story/json_members.hpp"
#include "story/media_topics.hpp"
#include "story/ninjs_media.hpp"
#include "story/plain_text.hpp"
#include "story/reading.hpp"
#include "story/url_identity.hpp"

namespace crier {
namespace {

namespace json = boost::json;

constexpr std::size_t max_variants = 20;  // of a headline or a body

using Names = std::initializer_list<std::string_view>;

// The first of the names that the item has; empty when it has none of them.
std::string_view present(const JsonMembers& members, Names names) {
  const auto found = std::ranges::find_if(names, [&](auto name) { return members.find(name) != nullptr; });
  return found == names.end() ? std::string_view() : *found;
}

// One of the headlines, bodies or descriptions of an item.
struct Variant {
  std::string role;  // lower case
  bool is_html = false;
  std::string text;

  bool is_main() const {
    return role.empty() || role.ends_with("main") || role.ends_with("body") || role.ends_with("headline") ||
           role.ends_with("full");
  }
};

bool is_html_type(std::string_view type) {
  return ascii_lower(type).find("html") != std::string::npos;
}

std::string text_in(const json::object& object, Names names) {
  for (const auto name : names)
    if (const auto* value = object.if_contains(name); value && !value->is_null())
      return scalar_text(*value).value_or("");
  return {};
}

// Those that `list` has, in 2.x and 3.x, and those whose names say what they are made of, in 1.x. Main ones
// come first.
std::vector<Variant> read_variants(const JsonMembers& members, std::string_view list, Names plain,
                                   Names html) {
  std::vector<Variant> variants;
  if (const auto* items = members.list(list)) {
    for (std::size_t i = 0; i < std::min(items->size(), max_variants); ++i) {
      const auto* object = (*items)[i].if_object();
      const auto* value = object ? object->if_contains("value") : &(*items)[i];
      auto text = value ? scalar_text(*value) : std::nullopt;
      if (!text)
        members.warn(fmt::format("{}[{}]", list, i), "must have a text as its value; left out");
      else if (!object)
        variants.push_back({{}, false, *std::move(text)});
      else
        variants.push_back({ascii_lower(text_in(*object, {"role"})),
                            is_html_type(text_in(*object, {"contentType", "contenttype", "mimeType"})),
                            *std::move(text)});
    }
  }
  for (const auto name : plain)
    if (auto text = members.text(name); !text.empty()) variants.push_back({{}, false, std::move(text)});
  for (const auto name : html)
    if (auto text = members.text(name); !text.empty()) variants.push_back({{}, true, std::move(text)});
  std::ranges::stable_partition(variants, [](const Variant& one) { return one.is_main(); });
  return variants;
}

std::string line_of(const Variant& variant) {
  return variant.is_html ? html_line(variant.text) : tidy_line(variant.text);
}

void read_title(const JsonMembers& members, Story& story) {
  for (const auto& variant : read_variants(members, "headlines", {"headline"}, {"headline_html"}))
    if (story.title.empty()) story.title = line_of(variant);
  for (const auto name : {"title", "slugline", "slugLine"})
    if (story.title.empty()) story.title = tidy_line(members.text(name));
}

void read_body(const JsonMembers& members, Story& story) {
  const auto bodies = read_variants(members, "bodies", {"body_text"}, {"body_html", "body_xhtml"});
  for (const auto& body : bodies) {
    if (!body.is_main()) {
      if (story.summary.empty()) story.summary = line_of(body);
    } else if (!body.is_html) {
      if (story.body_text.empty()) story.body_text = tidy_text(body.text);
    } else if (story.body_html.empty()) {
      auto clean = clean_html(body.text, story.url);
      story.body_html = std::move(clean.html);
      if (story.image.empty()) story.image = std::move(clean.image);
      // The text of the markup knows which of its paragraphs are headings.
      if (!clean.text.empty()) story.body_text = std::move(clean.text);
      for (const auto& heading : clean.headings) add_heading(story, heading);
    }
  }
}

void read_summary(const JsonMembers& members, Story& story) {
  for (const auto& text :
       read_variants(members, "descriptions", {"description_text", "description"}, {"description_html"}))
    if (story.summary.empty()) story.summary = line_of(text);
}

void read_authors(JsonMembers& members, Story& story) {
  members.assign_list("authors", "authors", members.texts("authors", {"name"}), story);
  const auto name = present(members, {"byline", "byLine", "by"});
  if (name.empty() || !story.authors.empty()) return;
  const auto line = tidy_line(members.text(name));
  const bool has_by = ascii_lower(line.substr(0, 3)) == "by ";
  story.authors = split_names(std::string_view(line).substr(has_by ? 3 : 0));
}

// Subjects by their names; those that are a code alone by the names that we know.
void read_topics(JsonMembers& members, Story& story) {
  for (const auto name : {"subjects", "subject"}) {
    const auto* list = members.list(name);
    std::vector<std::string> topics;
    for (std::size_t i = 0; list && i < std::min<std::size_t>(list->size(), 200); ++i) {
      const auto* object = (*list)[i].if_object();
      if (!object) {
        members.warn(fmt::format("{}[{}]", name, i), "must be an object; left out");
        continue;
      }
      auto topic = text_in(*object, {"name", "literal"});
      for (const auto code : {"code", "uri", "qcode"})
        if (topic.empty()) topic = media_topic_name(text_in(*object, {code}));
      topics.push_back(std::move(topic));
    }
    members.assign_list(name, "topics", std::move(topics), story);
  }
  members.assign_list("keywords", "topics", members.texts("keywords", {"name"}), story);
  for (const auto name : {"places", "place"})
    members.assign_list(name, "regions", members.texts(name, {"name", "literal"}), story);
}

// The signals "sig:correction" and its kin. What was wrong stands in the editor's note, which is not for
// readers.
void read_signals(const JsonMembers& members, Story& story) {
  for (const auto name : {"signals", "signal"}) {
    const auto* value = members.find(name);
    if (!value) continue;
    const auto* list = value->if_array();
    const json::array one = list ? json::array() : json::array{*value};
    for (const auto& signal : list ? *list : one) {
      const auto* object = signal.if_object();
      for (const auto key : {"code", "uri", "qcode", "name", "literal"}) {
        const auto text = ascii_lower(object ? text_in(*object, {key}) : scalar_text(signal).value_or(""));
        const auto word = std::string_view(text).substr(text.find_last_of("/:#") + 1);  // npos + 1 is 0
        if (word.starts_with("correct")) story.correction = story.correction.value_or("");
      }
    }
  }
}

void read_times(JsonMembers& members, Story& story) {
  // None of these refuses a story.
  if (const auto name = present(members, {"firstCreated", "firstcreated", "contentCreated", "contentcreated",
                                          "versionCreated", "versioncreated"});
      !name.empty())
    (void)members.assign(name, "published", story);
  if (const auto name = present(members, {"versionCreated", "versioncreated"}); !name.empty())
    (void)members.assign(name, "updated", story);
}

// What decides whether and when a story may leave; guessing could publish what must not be published.
Result<void> read_lifecycle(JsonMembers& members, Story& story) {
  if (const auto name = present(members, {"pubStatus", "pubstatus"}); !name.empty()) {
    auto text = tidy_line(members.text(name));
    if (const auto colon = text.rfind(':'); colon != std::string::npos)
      text.erase(0, colon + 1);  // "stat:usable"
    if (const auto set = members.assign_text(name, "status", std::move(text), story); !set) return set;
  }
  for (const auto name : {"embargoed", "embargo"})
    if (const auto set = members.assign(name, "embargo", story); !set) return set;
  for (const auto name : {"version", "urgency", "language", "correction"})
    if (members.find(name)) (void)members.assign(name, name, story);
  read_signals(members, story);
  return {};
}

void read_identity(JsonMembers& members, Story& story) {
  if (const auto name = present(members, {"uri", "guid"}); !name.empty())
    (void)members.assign(name, "id", story);
  else
    members.warn("uri", "is missing; the story is known by its address or its title");
  if (const auto name = present(members, {"url", "webUrl", "canonicalUrl"}); !name.empty())
    (void)members.assign(name, "url", story);
  if (story.url.empty() && canonical_url(story.id)) story.url = tidy_line(story.id);
}

void read_item(Reading& reading, JsonMembers& members) {
  Story story;
  if (const auto set = read_lifecycle(members, story); !set) return members.refuse(set.error());
  read_identity(members, story);
  read_title(members, story);
  read_ninjs_media(members, story);
  read_body(members, story);
  read_summary(members, story);
  read_authors(members, story);
  read_topics(members, story);
  read_times(members, story);
  if (const auto sections = members.texts("service", {"name"}); !sections.empty())
    (void)members.assign_text("service", "section", sections.front(), story);
  if (story.id.empty() && story.url.empty() && story.title.empty())
    return members.refuse(Error{members.label_of("uri") + ": is missing, and so is a headline"});
  reading.add(std::move(story), members.places());
}

bool has_any(const FieldPlaces& places, Names names) {
  return std::ranges::any_of(names, [&](auto name) { return places.contains(name); });
}

bool is_ninjs(const FieldPlaces& names) {
  return has_any(names, {"uri", "guid"}) &&
         has_any(names, {"standard", "$standard", "pubstatus", "pubStatus", "versioncreated",
                         "versionCreated", "firstcreated", "firstCreated", "headline", "headlines", "bodies",
                         "body_xhtml", "slugline", "mimetype", "representationtype", "representationType"});
}

}  // namespace

bool looks_like_ninjs(std::string_view text) {
  if (!looks_like_json(text)) return false;
  const auto glance = glance_at_json(text);
  return is_ninjs(glance.names) || is_ninjs(glance.item_names);
}

Result<void> read_ninjs(Reading& reading) {
  auto parsed = parse_sloppy_json(reading);
  if (!parsed) return parsed.error();
  const auto root = json_root(reading.text);
  const auto read_one = [&](const json::object&, JsonMembers& members) { read_item(reading, members); };
  if (const auto* list = parsed->if_array()) {
    read_json_list(reading, *list, root, "", read_one);
    return {};
  }
  const auto* object = parsed->if_object();
  if (!object)
    return reading.error(root.place.line, root.place.column,
                         "must be an item, a list of items or {\"items\": […]}");
  JsonMembers members(reading, *object, root, "");
  const auto* items = members.find("items");
  if (items && items->is_array() && !members.has("uri"))
    read_json_list(reading, items->get_array(), json_member(reading.text, root, "items"), "items", read_one);
  else
    read_item(reading, members);
  return {};
}

}  // namespace crier
