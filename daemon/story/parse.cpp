#include "story/parse.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/compression.hpp"
#include "base/encoding.hpp"
#include "base/suggest.hpp"
#include "story/charset.hpp"
#include "story/front_matter.hpp"
#include "story/identity.hpp"
#include "story/plain_text.hpp"
#include "story/reading.hpp"
#include "story/url_identity.hpp"
#include "story/url_reference.hpp"

namespace crier {
namespace {

namespace json = boost::json;

constexpr std::size_t max_line_bytes = 1024;          // title, section, site, a name, a topic
constexpr std::size_t max_summary_bytes = 16U << 10;  // a mail shows a few hundred characters of it
constexpr Duration clock_tolerance = std::chrono::minutes(10);

bool has_extension(const Reading& reading, std::initializer_list<std::string_view> extensions) {
  const auto lower = ascii_lower(reading.options.file_name);
  std::string_view name = lower;
  if (name.ends_with(".gz")) name.remove_suffix(3);
  return std::any_of(extensions.begin(), extensions.end(), [&](auto end) { return name.ends_with(end); });
}

bool is_json_feed(const Reading& reading) {
  return looks_like_json_feed(reading.text);
}

bool is_ninjs(const Reading& reading) {
  return looks_like_ninjs(reading.text);
}

bool is_json(const Reading& reading) {
  return has_extension(reading, {".json"}) || looks_like_json(reading.text);
}

// "# Two ports sign a pact": no scraped page begins so.
bool begins_with_heading(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return false;
  const auto line = text.substr(first, text.find('\n', first) - first);
  const auto level = line.find_first_not_of('#');
  return level >= 1 && level <= 6 && line[level] == ' ' && line.size() > level + 1;
}

bool is_sitemap(const Reading& reading) {
  return looks_like_sitemap(reading.text);
}

bool is_newsml(const Reading& reading) {
  return looks_like_newsml(reading.text);
}

bool is_rss(const Reading& reading) {
  return looks_like_rss(reading.text);
}

bool is_atom(const Reading& reading) {
  return looks_like_atom(reading.text);
}

bool is_html_page(const Reading& reading) {
  const bool is_named_so = has_extension(reading, {".html", ".htm", ".xhtml"});
  return looks_like_html_page(reading.text, reading.options.headers, is_named_so);
}

bool is_markdown(const Reading& reading) {
  return has_extension(reading, {".md", ".markdown"}) || has_front_matter(reading.text) ||
         (begins_with_heading(reading.text) && !has_extension(reading, {".html", ".htm", ".xhtml"}));
}

bool is_any_text(const Reading&) {
  return true;
}

struct Format {
  std::string_view name;
  bool (*recognises)(const Reading&);
  Result<void> (*read)(Reading&);
  bool is_feed = false;  ///< where it came from is not where its story is
};

// Asked in this order; the last takes whatever is left.
constexpr std::array formats{
    Format{"json-feed", is_json_feed, read_json_feed, true},
    Format{"ninjs", is_ninjs, read_ninjs},
    Format{"json", is_json, read_story_json},
    Format{"news-sitemap", is_sitemap, read_sitemap, true},
    Format{"newsml-g2", is_newsml, read_newsml},
    Format{"rss", is_rss, read_feed, true},
    Format{"atom", is_atom, read_feed, true},
    Format{"markdown", is_markdown, read_markdown},
    Format{"html", is_html_page, read_html_page},
    Format{"page-text", is_any_text, read_page_text},
};

// "rss20" and "atom10" are what a feed is called, and select its family.
std::string_view family(std::string_view name) {
  if (!name.starts_with("rss") && !name.starts_with("atom")) return name;
  return name.substr(0, name.find_last_not_of("0123456789") + 1);
}

Result<const Format*> choose_format(const Reading& reading) {
  const auto& wanted = reading.options.format;
  const auto chosen = std::find_if(formats.begin(), formats.end(), [&](const Format& format) {
    return wanted.empty() ? format.recognises(reading) : format.name == family(wanted);
  });
  if (chosen != formats.end()) return &*chosen;
  const auto names = story_formats();
  return Error{fmt::format("there is no format \"{}\"{}; the formats are {}", wanted,
                           did_you_mean(wanted, names), fmt::join(names, ", "))};
}

// Where a field stands, under any of the names it may have there; else where its story begins.
TextPlace place_of(const FieldPlaces& places, std::string_view name) {
  const std::string_view other = name == "published" ? "date" : name == "authors" ? "author" : "";
  for (const auto each : {name, other, std::string_view()})
    if (const auto found = places.find(each); found != places.end()) return found->second;
  return {};
}

void clip(Reading& reading, const FieldPlaces& places, std::string& value, std::string_view name,
          std::size_t max_bytes) {
  if (value.size() <= max_bytes) return;
  const auto [line, column] = place_of(places, name);
  reading.warn(line, column, fmt::format("{}: cut to {} bytes from {}", name, max_bytes, value.size()));
  value = cut_text(value, max_bytes);
}

void clip(Reading& reading, const FieldPlaces& places, Story& story) {
  const auto clip_one = [&](std::string& value, std::string_view name) {
    clip(reading, places, value, name, max_line_bytes);
  };
  clip_one(story.title, "title");
  clip(reading, places, story.summary, "summary", max_summary_bytes);
  clip_one(story.section, "section");
  clip_one(story.site, "site");
  clip_one(story.source, "source");
  for (auto& author : story.authors) clip_one(author, "authors");
  for (auto& topic : story.topics) clip_one(topic, "topics");
  for (auto& region : story.regions) clip_one(region, "regions");
}

void drop_future(Reading& reading, const FieldPlaces& places, std::optional<Time>& time,
                 std::string_view name) {
  const auto& now = reading.options.now;
  if (!time || !now || *time <= *now + clock_tolerance) return;
  const auto [line, column] = place_of(places, name);
  reading.warn(line, column,
               fmt::format("{}: {} is in the future and left out; use embargo to hold a story", name,
                           to_rfc3339(*time)));
  time.reset();
}

// Addresses as every format's may be written: with what a URL may not hold percent-encoded.
void encode_addresses(Story& story) {
  for (auto* url : {&story.url, &story.image}) *url = resolve_url(*url, {}).value_or("");
  for (auto& enclosure : story.enclosures) enclosure.url = resolve_url(enclosure.url, {}).value_or("");
  std::erase_if(story.enclosures, [](const Enclosure& enclosure) { return enclosure.url.empty(); });
}

// What every format has in common once its own reading is done: limits, identity, believable dates.
void finish_stories(Reading& reading, bool is_feed) {
  auto& stories = reading.source.stories;
  if (!is_feed && stories.size() == 1 && stories.front().url.empty() && !reading.options.url.empty()) {
    if (canonical_url(reading.options.url))
      stories.front().url = reading.options.url;
    else
      reading.warn(0, 0, "the given URL is not an absolute http or https URL and is left out");
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < stories.size(); ++i) {
    auto& story = stories[i];
    const auto& places = reading.places[i];
    clip(reading, places, story);
    encode_addresses(story);
    // Before dates are dropped: an id must not depend on when the file was read.
    auto id = identify(story);
    if (!id) {
      const auto [line, column] = place_of(places, "id");
      reading.refuse(line, column, id.error().message);
      continue;
    }
    story.id = *std::move(id);
    drop_future(reading, places, story.published, "published");
    drop_future(reading, places, story.updated, "updated");
    if (kept < i) stories[kept] = std::move(story);
    ++kept;
  }
  stories.resize(kept);
}

}  // namespace

void Reading::warn(int line, int column, std::string message) {
  auto& warnings = source.warnings;
  if (warnings.size() > max_warnings) return;
  if (warnings.size() == max_warnings) {
    warnings.push_back(error(0, 0, "further warnings are left out").message);
    return;
  }
  warnings.push_back(error(line, column, std::move(message)).message);
}

void Reading::refuse(int line, int column, std::string message) {
  warn(line, column, "story refused: " + message);
  if (refusals.empty()) refusals.push_back(error(line, column, std::move(message)).message);
}

void Reading::add(Story story, FieldPlaces its_places) {
  source.stories.push_back(std::move(story));
  places.push_back(std::move(its_places));
}

void Reading::reserve(std::size_t stories) {
  source.stories.reserve(stories);
  places.reserve(stories);
}

void Reading::drop_surplus(int line) {
  if (!has_surplus()) return;
  source.stories.resize(max_stories);
  places.resize(max_stories);
  warn(line, 0, fmt::format("only the first {} stories are read", max_stories));
}

void Reading::mark_bozo(std::string_view reason) {
  if (!source.bozo) source.bozo_reason = tidy_line(repair_utf8(reason));  // it may quote any bytes
  source.bozo = true;
}

Error Reading::error(int line, int column, std::string message) const {
  if (options.first_line > 0) line = options.first_line + (line > 0 ? line - 1 : 0);
  return {to_string(Diagnostic{{repair_utf8(options.file_name), line, column}, std::move(message), {}})};
}

std::vector<std::string_view> story_formats() {
  std::vector<std::string_view> names(formats.size());
  std::transform(formats.begin(), formats.end(), names.begin(), [](const Format& one) { return one.name; });
  return names;
}

Result<ParsedSource> parse_stories(std::string_view bytes, const ParseOptions& given) {
  auto options = given;
  // Where it came from is said by whoever fetched it, or by the response itself (RFC 9110 §8.7).
  if (options.url.empty())
    options.url = resolve_url(header_value(options.headers, "content-location"), "").value_or("");
  Reading reading({}, options);
  if (bytes.size() > max_story_bytes)
    return reading.error(0, 0,
                         fmt::format("{} bytes is more than the limit of {}", bytes.size(), max_story_bytes));
  std::string inflated;
  if (is_gzip(bytes)) {
    auto unpacked = gunzip(bytes, max_story_bytes);
    if (!unpacked) return reading.error(0, 0, unpacked.error().message);
    inflated = *std::move(unpacked);
    bytes = inflated;
  }
  auto decoded = decode_text(bytes, options.headers);
  if (!decoded) return reading.error(0, 0, decoded.error().message);
  reading.text = decoded->text;
  reading.source.encoding = decoded->encoding;
  if (!decoded->breach.empty()) reading.mark_bozo(decoded->breach);

  const auto format = choose_format(reading);
  if (!format) return reading.error(0, 0, format.error().message);
  reading.source.format = (*format)->name;
  if (const auto read = (*format)->read(reading); !read) return read.error();
  finish_stories(reading, (*format)->is_feed);
  if (reading.source.stories.empty() && !reading.refusals.empty()) return Error{reading.refusals.front()};
  return std::move(reading.source);
}

json::object to_json(const ParsedSource& source) {
  json::object about;
  about["format"] = source.format;
  about["bozo"] = source.bozo;
  if (source.bozo) about["bozo_reason"] = source.bozo_reason;
  about["encoding"] = source.encoding;
  if (!source.title.empty()) about["title"] = source.title;
  if (!source.url.empty()) about["url"] = source.url;
  if (!source.language.empty()) about["language"] = source.language;
  if (source.updated) about["updated"] = to_rfc3339(*source.updated);
  if (source.expired) about["expired"] = true;
  if (!source.warnings.empty())
    about["warnings"] = json::array(source.warnings.begin(), source.warnings.end());
  json::array stories;
  stories.reserve(source.stories.size());
  for (const auto& story : source.stories) stories.push_back(to_json(story));
  return {{"source", std::move(about)}, {"stories", std::move(stories)}};
}

}  // namespace crier
