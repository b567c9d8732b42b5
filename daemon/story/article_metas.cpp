// The <meta> and <link> elements of a page, its <title> and its first heading: of article_sources.hpp.

#include <algorithm>
#include <array>
#include <map>

#include "story/article_sources.hpp"
#include "story/charset_label.hpp"
#include "story/plain_text.hpp"
#include "story/url_identity.hpp"

namespace crier::article {
namespace {

using html::operator""_tag;

constexpr std::size_t max_metas = 2000;  // of a page
constexpr std::size_t max_meta_bytes = 16U << 10;

// The contents of the metas that have a name, by it in lower case, in their order.
class Metas {
 public:
  explicit Metas(const html::Tree& tree) {
    std::size_t seen = 0;
    for (html::NodeId id = 0; id < tree.size() && seen < max_metas; ++id) {
      if (tree[id].tag != "meta"_tag) continue;
      ++seen;
      auto content = tree.attribute(id, "content");
      if (tidy_line(cut_text(content, 1000)).empty()) continue;
      content = cut_text(content, max_meta_bytes);
      for (const auto* key : {"property", "name", "http-equiv", "itemprop"}) {
        auto name = ascii_lower(trim(tree.attribute(id, key)));
        if (name.empty() || name.size() > 100) continue;
        by_name_[std::move(name)].push_back(content);
        break;
      }
    }
  }

  const std::vector<std::string>& all(std::string_view name) const {
    static const std::vector<std::string> none;
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? none : found->second;
  }

  /// Calls `offer` with the contents of each of the names.
  template <class Offer>
  void each(std::initializer_list<std::string_view> names, Offer&& offer) const {
    for (const auto name : names)
      for (const auto& content : all(name)) offer(content);
  }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> by_name_;
};

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty() && items.size() < 200) {
    // Chinese, Japanese and Arabic lists have commas of their own.
    auto end = text.find_first_of(",;");
    std::size_t width = 1;
    for (const std::string_view comma : {"，", "、", "،"})
      if (const auto at = text.find(comma); at < end) {
        end = at;
        width = comma.size();
      }
    items.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + width);
  }
  return items;
}

void read_texts(const Metas& metas, Draft& draft) {
  metas.each({"og:title", "twitter:title", "dc.title", "dcterms.title", "parsely-title", "sailthru.title"},
             [&](const auto& text) { draft.offer_title(text); });
  metas.each({"og:description", "twitter:description", "dc.description", "dcterms.description",
              "sailthru.description", "description"},
             [&](const auto& text) { draft.offer_summary(text); });
  metas.each({"article:section", "parsely-section", "og:section", "dc.type.section"},
             [&](const auto& text) { draft.offer_section(text); });
  metas.each({"og:site_name", "parsely-site", "application-name", "dc.publisher", "dcterms.publisher",
              "apple-mobile-web-app-title"},
             [&](const auto& text) { draft.offer_site(text); });
  metas.each({"og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src",
              "parsely-image-url", "sailthru.image.full"},
             [&](const auto& text) { draft.offer_image(text); });
}

void read_dates(const Metas& metas, Draft& draft) {
  metas.each({"article:published_time",
              "og:article:published_time",
              "article:published",
              "og:published_time",
              "parsely-pub-date",
              "sailthru.date",
              "datepublished",
              "publish_date",
              "publishdate",
              "publish-date",
              "publication_date",
              "pubdate",
              "published_time",
              "dc.date.issued",
              "dc.date.created",
              "dcterms.issued",
              "dcterms.created",
              "dc.date",
              "dcterms.date",
              "dc.issued",
              "date",
              "article.published",
              "date.published",
              "dc.date.published",
              "rnews:datepublished",
              "citation_publication_date",
              "citation_date",
              "cxenseparse:recs:publishtime",
              "iso-8601-publish-date",
              "originalpublicationdate",
              "article_date_original",
              "published_at",
              "og:pubdate",
              "bt:pubdate",
              "ptime",
              "weibo: article:create_at",
              "creation_date",
              "datecreated",
              "displaydate"},
             [&](const auto& text) { draft.offer_published(text); });
  metas.each({"article:modified_time", "og:article:modified_time", "og:updated_time", "article:modified",
              "datemodified", "dcterms.modified", "dc.date.modified", "dc.modified", "last-modified",
              "lastmod", "revised", "modified", "article:updated", "article.updated", "last_updated",
              "revision_date", "parsely-modified", "updated_time", "rnews:datemodified"},
             [&](const auto& text) { draft.offer_updated(text); });
}

void read_lists(const Metas& metas, Draft& draft) {
  for (const auto* name :
       {"author", "article:author", "og:article:author", "parsely-author", "sailthru.author", "dc.creator",
        "dcterms.creator", "byl", "twitter:creator", "article.author", "article:author_name", "og:author",
        "cxenseparse:author", "rbauthors", "citation_author", "creator", "author_name", "content_author"})
    draft.offer_authors(metas.all(name));
  draft.offer_topics(metas.all("article:tag"));
  for (const auto* name :
       {"parsely-tags", "news_keywords", "sailthru.tags", "dc.subject", "dcterms.subject", "keywords"}) {
    std::vector<std::string> topics;
    for (const auto& text : metas.all(name))
      for (auto& topic : split_list(text)) topics.push_back(std::move(topic));
    draft.offer_topics(topics);
  }
}

void read_nature(const Metas& metas, Draft& draft) {
  metas.each({"og:type"}, [&](const auto& type) {
    const auto lower = ascii_lower(trim(type));
    if (lower == "article" || lower.ends_with(":article")) draft.is_article = true;
  });
  if (!metas.all("article:published_time").empty() || !metas.all("parsely-pub-date").empty())
    draft.is_article = true;
  metas.each({"article:content_tier"}, [&](const auto& tier) {
    if (const auto lower = ascii_lower(trim(tier)); lower == "locked" || lower == "metered")
      draft.is_paid = true;
  });
}

html::NodeId first_of(const html::Tree& tree, html::Tag tag) {
  for (html::NodeId id = 0; id < tree.size(); ++id)
    if (tree[id].tag == tag) return id;
  return html::no_node;
}

std::string host_of(std::string_view url) {
  const auto begin = url.find("://");
  if (begin == std::string_view::npos) return {};
  const auto rest = url.substr(begin + 3);
  return std::string(rest.substr(0, rest.find_first_of("/:?")));
}

struct Heading {
  std::string text;
  bool is_linked = false;
};

// The first heading that has a text and is no logo.
Heading first_heading(const html::Tree& tree) {
  for (html::NodeId id = 0; id < tree.size(); ++id) {
    if (tree[id].tag != "h1"_tag) continue;
    auto text = text_in(tree, id);
    if (count_words(text) < 2) continue;
    bool is_linked = tree[tree[id].parent].tag == "a"_tag;
    for (auto at = tree.after(id, id, true); at != html::no_node; at = tree.after(at, id, true))
      is_linked = is_linked || tree[at].tag == "a"_tag;
    return {std::move(text), is_linked};
  }
  return {};
}

// Whether the title is the heading, or has the name of a site before or behind it.
bool is_heading_of(std::string_view heading, std::string_view title) {
  static constexpr std::array<std::string_view, 9> marks{
      " | ", " - ", " – ", " — ", " :: ", " · ", " • ", " » ", " « "};
  if (title.starts_with(heading)) {
    const auto rest = title.substr(heading.size());
    return rest.empty() || std::ranges::any_of(marks, [&](auto mark) { return rest.starts_with(mark); });
  }
  if (!title.ends_with(heading)) return false;
  const auto before = title.substr(0, title.size() - heading.size());
  return std::ranges::any_of(marks, [&](auto mark) { return before.ends_with(mark); });
}

// Blogs have their headlines in <h2> under a logo: the heading that the page's title begins or ends with.
std::string heading_in_title(const html::Tree& tree, std::string_view title) {
  constexpr std::size_t most_headings = 20;
  std::size_t seen = 0;
  for (html::NodeId id = 0; id < tree.size() && seen < most_headings; ++id) {
    if (tree[id].tag != "h2"_tag && tree[id].tag != "h3"_tag) continue;
    ++seen;
    auto text = text_in(tree, id);
    if (text.size() >= 12 && is_heading_of(text, title)) return text;
  }
  return {};
}

}  // namespace

std::string text_in(const html::Tree& tree, html::NodeId id, std::size_t max_bytes) {
  std::string text;
  constexpr std::size_t max_nodes = 1000;
  std::size_t seen = 0;
  for (auto at = id; at != html::no_node && text.size() < max_bytes && ++seen <= max_nodes;) {
    if (tree[at].tag == html::text_tag)
      text += tree.text(at);
    else if (has(tree[at].tag, html::is_block) || tree[at].tag == "br"_tag)
      text += ' ';
    const bool into = at == id || !has(tree[at].tag, html::is_dropped);
    at = tree.after(at, id, into);
  }
  return tidy_line(cut_text(text, max_bytes));
}

void read_address(Draft& draft) {
  const auto& tree = draft.tree();
  for (html::NodeId id = 0; id < tree.size(); ++id)
    if (tree[id].tag == "link"_tag && ascii_lower(tree.attribute(id, "rel")) == "canonical") {
      draft.offer_url(tree.attribute(id, "href"));
      break;
    }
  for (html::NodeId id = 0; id < tree.size(); ++id)
    if (tree[id].tag == "meta"_tag && ascii_lower(tree.attribute(id, "property")) == "og:url") {
      draft.offer_url(tree.attribute(id, "content"));
      break;
    }
}

void read_metas(Draft& draft) {
  const Metas metas(draft.tree());
  read_nature(metas, draft);
  read_texts(metas, draft);
  read_dates(metas, draft);
  read_lists(metas, draft);
  metas.each({"og:locale", "dc.language", "dcterms.language", "content-language", "language"},
             [&](const auto& tag) { draft.offer_language(tag.substr(0, tag.find(','))); });
}

void read_page_head(Draft& draft) {
  const auto& tree = draft.tree();
  for (const auto* name : {"lang", "xml:lang"}) draft.offer_language(tree.attribute(html::root, name));
  const auto header = header_value(draft.reading().options.headers, "content-language");
  draft.offer_language(header.substr(0, header.find(',')));
  const auto& url = draft.page_url();
  const auto title_at = first_of(tree, "title"_tag);
  const auto title = title_at == html::no_node ? std::string() : text_in(tree, title_at);
  auto [heading, is_linked] = first_heading(tree);
  // A heading that leads somewhere may be the site's name, which stands in the title, too.
  if (heading.empty() || is_linked)
    if (auto lesser = heading_in_title(tree, title); !lesser.empty()) heading = std::move(lesser);
  // What both say is the headline; a page's title alone may have the site's name around it.
  if (!heading.empty() && (title.empty() || title.find(heading) != std::string::npos))
    draft.offer_title(heading);
  draft.offer_title(cut_site(title, draft.story.site, host_of(url)));
  draft.offer_title(heading);
  draft.cut_site_off_title(heading);
}

}  // namespace crier::article
