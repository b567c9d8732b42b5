// Story: a published article as every part of crier sees it, and its normalised JSON form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace boost::json {
class object;
}

namespace crier {

enum class StoryStatus { usable, withheld, canceled };

std::string_view to_string(StoryStatus status);
std::optional<StoryStatus> parse_story_status(std::string_view text);

/// A file that comes with a story: a photo, a recording.
struct Enclosure {
  std::string url;          ///< absolute, http or https
  std::string type;         ///< media type, e.g. "audio/mpeg"; empty = not said
  std::uint64_t bytes = 0;  ///< 0 = not said
};

/// Empty strings, empty lists and nullopt mean: the source did not say. All text is valid UTF-8.
struct Story {
  std::string id;             ///< stable over versions; never empty after parsing
  std::uint32_t version = 0;  ///< 0 = the source does not number them; the story log then does
  StoryStatus status = StoryStatus::usable;
  std::string url;
  std::string title;
  std::string summary;
  std::string body_text;              ///< paragraphs separated by an empty line, no markup
  std::vector<std::string> headings;  ///< which of these paragraphs are headings, by their text
  std::string body_html;              ///< as the source gave it: hostile, never sent as it is
  std::vector<std::string> authors;
  std::optional<Time> published;
  std::optional<Time> updated;
  std::optional<Time> embargo;  ///< not to leave crier before this time
  /// Set when this version corrects a mistake: what the source says about it, perhaps nothing.
  std::optional<std::string> correction;
  std::string language;  ///< BCP 47, e.g. "en"
  std::vector<std::string> topics;
  std::vector<std::string> regions;
  std::string section;
  std::string site;
  std::string image;
  std::vector<Enclosure> enclosures;
  std::optional<int> urgency;  ///< 1 (flash) … 8; nullopt counts as 5 (normal)
  std::string source;          ///< the name of the source it came by
};

/// The normalised JSON of the design: missing = absent, times in RFC 3339 UTC.
boost::json::object to_json(const Story& story);

enum class Times {
  left_out,
  counted,  ///< that of publication: tells apart what has nothing else
};

/// SHA-256 over everything a reader would notice: all fields but version, source, updated and, unless it is
/// counted, published. Many sources tell the time of a change for that of publication, or tell a new one with
/// nothing changed.
std::string content_hash(const Story& story, Times times = Times::left_out);
/// Whether `hash` is the story's; an earlier crier counted the time.
bool is_told_by(std::string_view hash, const Story& story);

}  // namespace crier
