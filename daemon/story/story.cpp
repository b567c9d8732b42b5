#include "story/story.hpp"

#include <boost/json.hpp>

#include "base/crypto.hpp"

namespace crier {
namespace json = boost::json;

std::string_view to_string(StoryStatus status) {
  switch (status) {
    case StoryStatus::usable:
      return "usable";
    case StoryStatus::withheld:
      return "withheld";
    case StoryStatus::canceled:
      return "canceled";
  }
  return "usable";
}

std::optional<StoryStatus> parse_story_status(std::string_view text) {
  if (text == "usable") return StoryStatus::usable;
  if (text == "withheld") return StoryStatus::withheld;
  if (text == "canceled") return StoryStatus::canceled;
  return std::nullopt;
}

namespace {

json::array to_json(const std::vector<Enclosure>& enclosures) {
  json::array out;
  for (const auto& enclosure : enclosures) {
    json::object one;
    one["url"] = enclosure.url;
    if (!enclosure.type.empty()) one["type"] = enclosure.type;
    if (enclosure.bytes != 0) one["bytes"] = enclosure.bytes;
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

json::object to_json(const Story& story) {
  json::object out;
  const auto put_text = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) out[key] = value;
  };
  const auto put_list = [&](std::string_view key, const std::vector<std::string>& values) {
    if (!values.empty()) out[key] = json::array(values.begin(), values.end());
  };
  const auto put_time = [&](std::string_view key, const std::optional<Time>& value) {
    if (value) out[key] = to_rfc3339(*value);
  };
  put_text("id", story.id);
  if (story.version != 0) out["version"] = story.version;
  out["status"] = to_string(story.status);
  put_text("url", story.url);
  put_text("title", story.title);
  put_text("summary", story.summary);
  put_text("body_text", story.body_text);
  put_list("headings", story.headings);
  put_text("body_html", story.body_html);
  put_list("authors", story.authors);
  put_time("published", story.published);
  put_time("updated", story.updated);
  put_time("embargo", story.embargo);
  if (story.correction) out["correction"] = *story.correction;
  put_text("language", story.language);
  put_list("topics", story.topics);
  put_list("regions", story.regions);
  put_text("section", story.section);
  put_text("site", story.site);
  put_text("image", story.image);
  if (!story.enclosures.empty()) out["enclosures"] = to_json(story.enclosures);
  if (story.urgency) out["urgency"] = *story.urgency;
  put_text("source", story.source);
  return out;
}

std::string content_hash(const Story& story, Times times) {
  Story noticed = story;
  noticed.version = 0;
  if (times == Times::left_out) noticed.published.reset();
  noticed.updated.reset();
  noticed.source.clear();
  return sha256(json::serialize(to_json(noticed)));
}

bool is_told_by(std::string_view hash, const Story& story) {
  return hash == content_hash(story) || hash == content_hash(story, Times::counted);
}

}  // namespace crier
