// HTML pages with one article, as news sites publish them: what the page says about the article, what can be
// seen of it where the page says nothing, and its text without all that stands around it.
// A page without an article is a source without stories, as an empty feed is.

#include <fmt/core.h>

#include "story/article_draft.hpp"
#include "story/article_sources.hpp"
#include "story/charset_label.hpp"
#include "story/feed_text.hpp"
#include "story/fields.hpp"
#include "story/html.hpp"
#include "story/identity.hpp"
#include "story/plain_text.hpp"
#include "story/reading.hpp"

namespace crier {
namespace {

constexpr std::size_t sniffed_bytes = 64U << 10;

// What follows white space and comments at the beginning.
std::string_view skip_comments(std::string_view text) {
  while (true) {
    const auto first = text.find_first_not_of(" \t\n");
    if (first == std::string_view::npos) return {};
    text.remove_prefix(first);
    const bool is_declaration = text.starts_with("<?xml");
    if (!text.starts_with("<!--") && !is_declaration) return text;
    const std::string_view mark = is_declaration ? ">" : "-->";
    const auto end = text.find(mark);
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + mark.size());
  }
}

bool starts_with_tag(std::string_view lower, std::string_view name) {
  if (!lower.starts_with('<') || !lower.substr(1).starts_with(name)) return false;
  const auto rest = lower.substr(1 + name.size());
  return rest.empty() || std::string_view(" \t\n/>").find(rest.front()) != std::string_view::npos;
}

}  // namespace

bool looks_like_html_page(std::string_view text, const ResponseHeaders& headers) {
  const auto lower = ascii_lower(skip_comments(text.substr(0, sniffed_bytes)).substr(0, 64));
  if (lower.starts_with("<!doctype html")) return true;
  for (const auto* name : {"html", "head", "body", "title", "meta"})
    if (starts_with_tag(lower, name)) return true;
  const auto type = media_type(header_value(headers, "content-type"));
  return lower.starts_with('<') && (type == "text/html" || type == "application/xhtml+xml");
}

Result<void> read_html_page(Reading& reading) {
  const html::Tree tree(reading.text, reading.text.starts_with("<?xml"));
  if (tree.is_cut()) reading.warn(0, 0, "the page has too many elements; its end is left out");
  article::Draft draft(reading, tree);
  article::read_address(draft);
  article::read_json_ld(draft);
  article::read_metas(draft);
  article::read_microdata(draft);
  article::read_page_head(draft);
  if (draft.story.url.empty()) draft.story.url = draft.page_url();
  reading.source.title = cut_text(draft.story.site, 1024);
  reading.source.language = draft.story.language;
  if (!draft.is_article) {
    reading.mark_bozo("there is no article in this page");
    return {};
  }
  reading.add(std::move(draft.story), {{"", {1, 1}}});
  return {};
}

}  // namespace crier
