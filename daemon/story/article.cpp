// HTML pages with one article, as news sites publish them: what the page says about the article, what can be
// seen of it where the page says nothing, and its text without all that stands around it.
// A page without an article is a source without stories, as an empty feed is.

#include <algorithm>

#include "story/article_body.hpp"
#include "story/article_draft.hpp"
#include "story/article_hints.hpp"
#include "story/article_parts.hpp"
#include "story/article_sources.hpp"
#include "story/charset_label.hpp"
#include "story/feed_text.hpp"
#include "story/fields.hpp"
#include "story/html.hpp"
#include "story/html_entities.hpp"
#include "story/identity.hpp"
#include "story/language.hpp"
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

// Each line a paragraph.
std::string paragraphs_of(std::string_view text) {
  std::string out;
  const auto tidy = tidy_text(html::decode(text, html::Place::text));
  for (std::string_view rest = tidy; !rest.empty();) {
    const auto end = rest.find('\n');
    if (const auto line = tidy_line(rest.substr(0, end)); !line.empty())
      out += (out.empty() ? "" : "\n\n") + line;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return out;
}

std::string first_paragraph(const Story& story) {
  std::string_view rest = story.body_text;
  while (!rest.empty()) {
    const auto end = rest.find("\n\n");
    const std::string text(rest.substr(0, end));
    if (std::find(story.headings.begin(), story.headings.end(), text) == story.headings.end())
      return tidy_line(text);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  }
  return {};
}

// Enough text to be a story when the page does not say that it is one: less where it says when or by whom.
constexpr std::size_t least_weight = 200;
constexpr std::size_t least_weight_of_known = 80;

bool is_article(const article::Draft& draft, const article::Body& body) {
  if (draft.is_article) return true;
  const bool is_known = draft.story.published || !draft.story.authors.empty();
  return !body.is_list_of_links && !draft.story.title.empty() &&
         body.weight >= (is_known ? least_weight_of_known : least_weight);
}

// The body that the page has beside its markup counts when it is much longer than what can be seen: pages cut
// the text for those who did not pay, or write it by a script.
void take_body(article::Draft& draft, article::Body body) {
  auto& story = draft.story;
  if (story.image.empty()) story.image = std::move(body.image);
  const auto clean = looks_like_html(draft.body) ? clean_html(draft.body, draft.base()) : CleanHtml{};
  const auto text = clean.text.empty() ? paragraphs_of(draft.body) : clean.text;
  if (article::weight_of(text) > 2 * body.weight) {
    story.body_text = text;
    story.body_html = clean.html;
    if (story.image.empty()) story.image = clean.image;
    for (const auto& heading : clean.headings) add_heading(story, heading);
  } else {
    story.body_text = std::move(body.text);
    story.body_html = std::move(body.html);
    for (const auto& heading : body.headings) add_heading(story, heading);
  }
  if (story.summary.empty()) story.summary = first_paragraph(story);
}

}  // namespace

bool looks_like_html_page(std::string_view text, const ResponseHeaders& headers, bool is_named_so) {
  const auto content = skip_comments(text.substr(0, sniffed_bytes));
  if (content.empty() && text.size() < sniffed_bytes) return text.find('<') != std::string_view::npos;
  const auto lower = ascii_lower(content.substr(0, 64));
  if (lower.starts_with("<!doctype html")) return true;
  for (const auto* name : {"html", "head", "body", "title", "meta"})
    if (starts_with_tag(lower, name)) return true;
  const auto type = media_type(header_value(headers, "content-type"));
  return lower.starts_with('<') && (is_named_so || type == "text/html" || type == "application/xhtml+xml");
}

Result<void> read_html_page(Reading& reading) {
  const html::Tree tree(reading.text, reading.text.starts_with("<?xml"));
  if (tree.is_cut())
    reading.warn(0, 0, "the page has too many elements or too much text; its end is left out");
  article::Draft draft(reading, tree);
  article::read_address(draft);
  article::read_json_ld(draft);
  article::read_metas(draft);
  article::read_microdata(draft);
  article::read_page_head(draft);
  if (draft.story.url.empty()) draft.story.url = draft.page_url();
  reading.source.title = cut_text(draft.story.site, 1024);
  reading.source.language = draft.story.language;

  const auto furniture = article::find_furniture(tree);
  // Newsrooms give their own name as the author of what has none.
  std::erase(draft.story.authors, draft.story.site);
  article::read_hints(draft, furniture);
  auto body = article::find_body(tree, furniture, draft.story, draft.base());
  if (!is_article(draft, body)) {
    reading.mark_bozo("there is no article in this page");
    return {};
  }
  take_body(draft, std::move(body));
  draft.story.language = reading.source.language = language_of(draft.story, {});
  if (draft.is_paid)
    reading.warn(0, 0, "the page says that only subscribers may read all of it; the text may be cut");
  if (draft.story.id.empty() && draft.story.url.empty() && draft.story.title.empty())
    draft.story.id = id_by_content(draft.story);
  reading.add(std::move(draft.story), {{"", {1, 1}}});
  return {};
}

}  // namespace crier
