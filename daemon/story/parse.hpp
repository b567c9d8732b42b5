// Parsing: one face for every format a story can arrive in.
// Called by intake on a worker and by `crier parse`; pure, any thread, holds nothing between calls.
// Input is hostile: sizes, depths and counts are capped, text is cleaned, and what is doubtful is said in
// warnings. What could release a story too early (status, embargo) is never guessed: such a story is refused.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "story/charset_label.hpp"
#include "story/feed_hints.hpp"
#include "story/story.hpp"

namespace boost::json {
class object;
}

namespace crier {

constexpr std::size_t max_story_bytes = 16U << 20;
constexpr std::size_t max_stories = 10'000;  ///< of one source; the rest is left out with a warning
constexpr std::size_t max_warnings = 50;     ///< of one source; then one line says that there were more

/// The embargo of a story whose embargo field is there but empty: held until a new version says otherwise
/// (the practice of ninjs `embargoed`).
constexpr Time held_indefinitely =
    std::chrono::sys_days{std::chrono::year(9999) / 12 / 31} + std::chrono::hours(23);

/// The tags that ops configured, in any case: they separate tags that a page runs together
/// ("politicsEast Asia") and tell regions from topics.
struct Vocabulary {
  std::vector<std::string> topics;
  std::vector<std::string> regions;
};

struct ParseOptions {
  std::string file_name;  ///< named in errors and warnings; its extension is a hint
  int first_line = 0;     ///< of the text in its file, when it is a part of one
  std::string format;     ///< one of story_formats(); empty = find out
  std::string url;        ///< where the story came from, when the text does not say
  /// Of the response that the bytes came in: names in lower case. They tell charset, base URL and language.
  ResponseHeaders headers;
  const Vocabulary* vocabulary = nullptr;  ///< must outlive the call; null = only the built-in regions
  std::optional<Time> now;   ///< dates later than this by 10 minutes are dropped, with a warning
  std::string default_zone;  ///< IANA name for dates without a zone; empty = UTC, with a warning
};

struct ParsedSource {
  std::string format;
  bool bozo = false;        ///< the file breaks the rules of its format or charset, and was read all the same
  std::string bozo_reason;  ///< the first breach
  std::string encoding;     ///< what the bytes were read as, e.g. "utf-8"
  std::string title;        ///< of the feed or file, not of a story
  std::string url;
  std::string language;
  std::optional<Time> updated;
  std::string hub;                    ///< the feed's WebSub hub, absolute
  std::string self;                   ///< the feed's own name for itself, absolute
  FeedHints hints;                    ///< how often the feed asks to be read
  bool expired = false;               ///< the feed says that nothing will follow
  std::vector<Story> stories;         ///< each with an id; in the order of the source
  std::vector<std::string> warnings;  ///< "file:line:col: message", also about stories that were refused
};

/// The names of the formats, for messages and completion.
std::vector<std::string_view> story_formats();

/// Bytes in gzip are inflated first, up to max_story_bytes.
/// Error: too large, not text, unknown format, broken syntax, or not one story that can be taken (no title
/// and no id, unreadable status or embargo). It names the file, and line and column where there are any.
/// One refused story among good ones is a warning.
Result<ParsedSource> parse_stories(std::string_view bytes, const ParseOptions& options);

/// `{"source": {"format", "bozo", "encoding", …}, "stories": […]}`; missing = absent.
boost::json::object to_json(const ParsedSource& source);

}  // namespace crier
