// Feed draft: one item of a feed while its elements come in, in any order and more than once.
// Used by the readers of feeds and sitemaps, and for dates and languages by those of pages; pure, any thread.
// Of several elements that say the same the best counts: the lowest rank, and of equals the first.
#pragma once

#include <limits>
#include <string>
#include <string_view>

#include "story/feed_text.hpp"
#include "story/reading.hpp"
#include "story/story.hpp"

namespace crier {

struct CleanHtml;

/// Puts an item behind the others, unless it is empty, among them already, or there are `limit` of them.
void add_new(std::vector<std::string>& items, std::string item, std::size_t limit);

class FeedDraft {
 public:
  explicit FeedDraft(int line) : line_(line) {}

  void set_title(std::string_view text, FeedTextKind kind, int rank);
  void set_summary(std::string_view text, FeedTextKind kind, int rank);
  void set_body(std::string text, FeedTextKind kind, int rank, std::string_view base);
  void set_id(std::string_view text, int rank);
  /// `reference` may be relative.
  void set_url(std::string_view reference, std::string_view base, int rank);
  void set_image(std::string_view reference, std::string_view base, int rank);
  void set_published(std::string_view text, int rank);
  void set_updated(std::string_view text, int rank);
  void set_language(std::string_view tag) { language_ = tag; }
  void add_author(std::string name, int rank);
  void add_topic(std::string_view text, FeedTextKind kind);
  void add_keywords(std::string_view text);
  void add_enclosure(std::string_view reference, std::string_view base, std::string_view type,
                     std::string_view bytes);
  /// The author of the feed that the item was taken from; counts when the item names none.
  void set_source_author(std::string name) { source_author_ = std::move(name); }

  /// The story, with all that the feed says about each of its items.
  Story finish(Reading& reading, std::string_view feed_url, const Story& feed);

  int line() const { return line_; }

 private:
  static constexpr int none = std::numeric_limits<int>::max();
  struct Candidate {
    std::string text;
    int rank = none;
    FeedTextKind kind = FeedTextKind::text;
    std::string base;
  };

  static void offer(Candidate& held, std::string_view text, int rank, FeedTextKind kind,
                    std::string_view base);
  void finish_body(Story& story) const;
  CleanHtml clean_description(std::string_view base, const Story& story) const;
  void finish_places(Reading& reading, std::string_view feed_url, Story& story) const;

  Story story_;
  Candidate title_, summary_, body_, id_, url_, image_, published_, updated_;
  int author_rank_ = none;
  std::string language_, source_author_;
  int line_;
};

/// Reads a date as feeds write it; a warning when it cannot be read.
std::optional<Time> read_feed_date(Reading& reading, std::string_view text, std::string_view label, int line);

/// The language when it is a tag, else nothing and a warning.
std::string read_feed_language(Reading& reading, std::string_view text, int line);

}  // namespace crier
