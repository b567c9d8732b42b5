// Sitemap: the stories of a Google News sitemap, each with its address, title, date and publication.
// Driven by xml_source.cpp; pure, any thread, one per reading.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "story/feed_draft.hpp"
#include "story/xml_source.hpp"

namespace crier {

class SitemapReader : public XmlSourceReader {
 public:
  explicit SitemapReader(Reading& reading);

  void start(const XmlName& name, std::span<const XmlAttribute> attributes, int line) override;
  void text(std::string_view text) override;
  void end() override;
  bool is_full() const override { return reading_.has_surplus(); }
  void finish() override;

 private:
  void close(std::string_view name, std::string_view parent);
  void finish_page();

  Reading& reading_;
  std::vector<std::string> path_;  ///< local names in lower case
  std::string text_;               ///< of the innermost element
  std::optional<FeedDraft> page_;
  bool has_news_ = false;
  std::string publication_;
  std::size_t other_pages_ = 0;
  int line_ = 0;
};

}  // namespace crier
