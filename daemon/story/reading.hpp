// Reading: one file on its way through parse_stories, and the functions that read each format.
// Only the parsers include this. A new format is one function here and one row in the table of parse.cpp.
// Lives for one call of parse_stories.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "base/result.hpp"
#include "story/parse.hpp"

namespace crier {

/// Of page text and Markdown. A long read has 100 KB; the limit keeps the worst inputs well under a second.
constexpr std::size_t max_prose_bytes = 1U << 20;

/// Line and column count from 1; 0 = not known.
struct TextPlace {
  int line = 0;
  int column = 0;
};

/// Where the fields of a story stand, by the names they have there; the story itself has the name "".
using FieldPlaces = std::map<std::string, TextPlace, std::less<>>;

/// What a format's function gets (text, options) and fills (source).
class Reading {
 public:
  Reading(std::string_view whole_text, const ParseOptions& parse_options)
      : text(whole_text), options(parse_options) {}

  void warn(int line, int column, std::string message);
  /// A story that cannot be taken: a warning while others can, else the Error of parse_stories.
  void refuse(int line, int column, std::string message);
  /// A story that was read, and what later complaints about it can point to.
  void add(Story story, FieldPlaces places);
  /// Room for so many stories.
  void reserve(std::size_t stories);
  /// One story more than are kept, which tells that there are more.
  bool has_surplus() const { return source.stories.size() > max_stories; }
  /// Takes it off again, and says so; `line` is where reading ended.
  void drop_surplus(int line);
  /// The file is ill-formed but readable; the first reason is kept.
  void mark_bozo(std::string_view reason);
  Error error(int line, int column, std::string message) const;

  std::string_view text;  ///< clean UTF-8 (charset.hpp)
  const ParseOptions& options;
  ParsedSource source;
  std::vector<FieldPlaces> places;  ///< of each story in `source`
  std::vector<std::string> refusals;
};

/// A scraped or typed page: navigation, title, date, tags, credit, paragraphs.
Result<void> read_page_text(Reading& reading);

/// An HTML page with an article. One without has no stories and is marked.
Result<void> read_html_page(Reading& reading);
/// `is_named_so`: its file is called *.html, which makes a page of a fragment, as the header's media type
/// does.
bool looks_like_html_page(std::string_view text, const ResponseHeaders& headers, bool is_named_so);

/// Markdown (CommonMark), optionally after YAML front matter.
Result<void> read_markdown(Reading& reading);

/// The normalised JSON of a story, a list of them, or {"stories": […]}.
Result<void> read_story_json(Reading& reading);
bool looks_like_json(std::string_view text);

/// RSS and Atom in any version; `source.format` becomes the version's name.
Result<void> read_feed(Reading& reading);
bool looks_like_rss(std::string_view text);
bool looks_like_atom(std::string_view text);

/// Google News sitemaps. An index of sitemaps has no stories, only a warning.
Result<void> read_sitemap(Reading& reading);
bool looks_like_sitemap(std::string_view text);

/// NewsML-G2: a news item or a message of them.
Result<void> read_newsml(Reading& reading);
bool looks_like_newsml(std::string_view text);

/// JSON Feed 1.0 and 1.1.
Result<void> read_json_feed(Reading& reading);
bool looks_like_json_feed(std::string_view text);

/// The items of news agencies in IPTC's JSON: one, a list, or {"items": […]}.
Result<void> read_ninjs(Reading& reading);
bool looks_like_ninjs(std::string_view text);

}  // namespace crier
