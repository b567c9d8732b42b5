#include "story/sitemap.hpp"

#include <fmt/core.h>

#include "story/charset.hpp"
#include "story/plain_text.hpp"

namespace crier {
namespace {
constexpr std::size_t max_text_bytes = 64U << 10;  // of one element
}

// Room for all pages at once: moving stories about takes longer than to read them.
SitemapReader::SitemapReader(Reading& reading) : reading_(reading) {
  constexpr std::string_view page = "<url>";
  std::size_t pages = 0;
  for (auto at = reading.text.find(page); at != std::string_view::npos && pages <= max_stories;
       at = reading.text.find(page, at + page.size()))
    ++pages;
  reading.reserve(pages);
}

void SitemapReader::start(const XmlName& name, std::span<const XmlAttribute>, int line) {
  line_ = line;
  path_.push_back(ascii_lower(name.local));
  text_.clear();
  if (path_.size() == 1 && path_.front() == "sitemapindex")
    reading_.warn(line, 0, "this is an index of sitemaps, with no story in it; name one of its sitemaps");
  if (path_.back() == "url") {
    finish_page();
    page_.emplace(line);
  } else if (path_.back() == "news" && page_) {
    has_news_ = true;
  }
}

void SitemapReader::text(std::string_view text) {
  if (text_.size() < max_text_bytes) append_repaired_controls(text_, text);
}

void SitemapReader::end() {
  const auto name = std::move(path_.back());
  path_.pop_back();
  if (name == "url")
    finish_page();
  else if (page_)
    close(name, path_.empty() ? std::string_view() : std::string_view(path_.back()));
  text_.clear();
}

void SitemapReader::close(std::string_view name, std::string_view parent) {
  const auto& base = reading_.options.url;
  if (name == "loc" && parent == "url")
    page_->set_url(text_, base, 0);
  else if (name == "loc" && parent == "image")
    page_->set_image(text_, base, 0);
  else if (name == "lastmod")
    page_->set_updated(text_, 0);
  else if (name == "publication_date")
    page_->set_published(text_, 0);
  else if (name == "title" && parent == "news")
    page_->set_title(text_, FeedTextKind::either, 0);
  else if (name == "language")
    page_->set_language(trim(text_));
  else if (name == "name" && parent == "publication")
    publication_ = feed_line(text_, FeedTextKind::either);
  else if (name == "keywords")
    page_->add_keywords(text_);
}

void SitemapReader::finish_page() {
  if (!page_) return;
  if (has_news_ && !is_full()) {
    auto story = page_->finish(reading_, {}, {});
    story.site = publication_;
    auto& source = reading_.source;
    if (source.title.empty()) source.title = publication_;
    if (source.language.empty()) source.language = story.language;
    reading_.add(std::move(story), {{"", {page_->line(), 0}}});
  } else if (!has_news_) {
    ++other_pages_;
  }
  page_.reset();
  has_news_ = false;
  publication_.clear();
}

void SitemapReader::finish() {
  finish_page();
  reading_.source.format = "news-sitemap";
  if (other_pages_ > 0)
    reading_.warn(0, 0, fmt::format("{} pages without news:news are left out", other_pages_));
  reading_.drop_surplus(line_);
}

}  // namespace crier
