// NewsML-G2: the news items of agencies (IPTC NewsML-G2 2.x), one or a message of many.
// Driven by xml_source.cpp; pure, any thread, one per reading. Status and embargo are never guessed: an item
// whose status or embargo cannot be read is refused. The editor's note is never read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "story/fields.hpp"
#include "story/xml_source.hpp"

namespace crier {

/// One item while it is read.
struct NewsmlItem {
  Story story;
  int line = 0;
  std::string refusal;  ///< why it cannot be taken; empty = it can
  std::string item_class, first_created, version_created, creator;
  std::string title;  ///< of the item's metadata, for one without a headline
  bool has_main_headline = false, has_body = false;
};

class NewsmlReader : public XmlSourceReader {
 public:
  explicit NewsmlReader(Reading& reading) : reading_(reading) {}

  void start(const XmlName& name, std::span<const XmlAttribute> attributes, int line) override;
  void text(std::string_view text) override;
  void end() override;
  bool is_full() const override { return reading_.has_surplus(); }
  void finish() override;

 private:
  using Attributes = std::span<const XmlAttribute>;
  void open_item(Attributes attributes, int line);
  void open(const std::string& name, Attributes attributes);
  void open_body(const std::string& name, Attributes attributes);
  void close(std::string_view name, std::string_view parent);
  void close_body();
  void finish_item();
  void finish_dates();
  /// Into the story by the rules that all formats share.
  void assign(std::string_view field, std::string_view value);

  Reading& reading_;
  std::vector<std::string> path_;  ///< local names in lower case
  std::string text_;
  std::optional<NewsmlItem> item_;
  std::size_t ignored_depth_ = 0;  ///< of an item that is no news item; 0 = not in one
  std::size_t body_depth_ = 0;     ///< of the inline content; 0 = not in one
  std::size_t wanted_depth_ = 0;   ///< of the part of it that is the body; 0 = all of it
  bool body_is_over_ = false, body_is_html_ = false;
  std::string code_, name_, role_;  ///< of the element that is open
  bool is_place_ = false;           ///< whether the subject that is open is one
  int line_ = 0;
};

}  // namespace crier
