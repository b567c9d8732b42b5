// Feed: the stories of an RSS or Atom document, of any version and in any mixture of both.
// Driven by xml_source.cpp; pure, any thread, one per reading. docs/sources.md says what maps to what.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "story/feed_draft.hpp"
#include "story/feed_hints.hpp"
#include "story/feed_names.hpp"
#include "story/xml_source.hpp"

namespace crier {

class FeedReader : public XmlSourceReader {
 public:
  explicit FeedReader(Reading& reading);

  void start(const XmlName& name, std::span<const XmlAttribute> attributes, int line) override;
  void text(std::string_view text) override;
  void end() override;
  bool is_full() const override;
  void finish() override;

 private:
  struct Frame {
    FeedName name;
    bool captures = false;      ///< its text is a value
    bool takes_markup = false;  ///< elements within are a part of its text
    bool has_markup = false;    ///< and there are some: the text is HTML already
    bool is_markup = false;     ///< an element within such a text
    bool is_void = false;       ///< of these: has no end tag in HTML
    bool is_hidden = false;     ///< of these: the div around an Atom text, which does not count
    bool is_aside = false;      ///< it and what it holds is about something else than the story
    bool opens_item = false;
    bool is_permalink = false;
    bool is_encoded = false;  ///< base64
    bool is_xhtml = false;
    FeedTextKind kind = FeedTextKind::either;
    std::size_t text_from = 0;  ///< in text_
    std::string local;          ///< of markup
  };
  struct Scope {
    std::size_t depth;
    std::string value;
  };
  struct Person {
    std::string name, email;
  };
  using Attributes = std::span<const XmlAttribute>;

  Frame make_frame(const XmlName& name) const;
  void enter_scopes(const Frame& frame, Attributes attributes, int line);
  void name_version(const XmlName& root, Attributes attributes);
  void name_rdf_version(std::string_view vocabulary);
  void start_markup(Frame& frame, const XmlName& name, Attributes attributes);
  void open(Frame& frame, const XmlName& name, Attributes attributes, int line);
  void open_item(Frame& frame, const XmlName& name, Attributes attributes, int line);
  void open_link(Frame& frame, Attributes attributes);
  void open_media(FeedElement element, Attributes attributes);
  void open_text(Frame& frame, const XmlName& name, Attributes attributes);
  void open_markup(const XmlName& name, Attributes attributes);
  void close(Frame& frame, std::string value);
  void close_text(const Frame& frame, std::string value);
  void open_feed_link(std::string_view relation, std::string_view href);
  void close_hint(FeedElement element, std::string_view value);
  void close_author(const Frame& frame, std::string_view own_text);
  void finish_item();
  bool is_atom_name(const XmlName& name) const;
  std::string absolute_id(std::string_view id) const;

  std::string_view base() const { return bases_.empty() ? std::string_view() : bases_.back().value; }
  std::string_view language() const {
    return languages_.empty() ? std::string_view() : std::string_view(languages_.back().value);
  }
  bool is_atom() const { return format_.starts_with("atom"); }
  /// What is described at this place: an item, or else the feed.
  FeedDraft& about() { return item_ ? *item_ : feed_draft_; }

  Reading& reading_;
  std::vector<Frame> frames_;
  std::vector<Scope> bases_, languages_;
  std::string text_;  ///< of the elements that are open
  std::optional<FeedDraft> item_;
  std::deque<FeedDraft> items_;  ///< they are finished when the whole feed is known
  std::optional<Person> person_;
  Story feed_;  ///< what the feed says about all of its items
  FeedDraft feed_draft_{0};
  FeedHintWords hints_;
  std::string hub_, self_;
  std::string format_;
  int line_ = 0;
};

}  // namespace crier
