// The microdata of a page (WHATWG HTML §5, schema.org): of article_sources.hpp.

#include <algorithm>

#include "story/article_sources.hpp"
#include "story/plain_text.hpp"

namespace crier::article {
namespace {

using html::NodeId;
using html::operator""_tag;

constexpr std::size_t max_properties = 2000;  // of a page

bool is_article_type(std::string_view types) {
  return types.find("Article") != std::string_view::npos ||
         types.find("BlogPosting") != std::string_view::npos;
}

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto end = words.find_first_of(" \t\n");
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
  }
  return false;
}

// Many articles of which none has a text make a front page.
bool is_front(const html::Tree& tree) {
  constexpr std::size_t many = 4;
  std::size_t articles = 0;
  for (NodeId id = 0; id < tree.size(); ++id) {
    if (tree[id].attribute_count == 0) continue;
    if (is_article_type(tree.raw_attribute(id, "itemtype").value_or(""))) ++articles;
    if (has_word(tree.raw_attribute(id, "itemprop").value_or(""), "articleBody")) return false;
  }
  return articles >= many;
}

class Microdata {
 public:
  explicit Microdata(Draft& draft) : draft_(draft), tree_(draft.tree()) {}

  void read() {
    html::walk(
        tree_, html::root, [&](NodeId id) { return enter(id); }, [&](NodeId id) { leave(id); });
    draft_.offer_authors(authors_);
    draft_.offer_topics(topics_);
  }

 private:
  // An itemscope that is open, and as what it belongs to the one around it.
  struct Scope {
    NodeId id;
    bool is_article;
    std::string property;
  };

  bool enter(NodeId id) {
    if (tree_[id].tag == html::text_tag || tree_[id].attribute_count == 0) return true;
    const auto property = tree_.raw_attribute(id, "itemprop");
    const bool opens = tree_.raw_attribute(id, "itemscope").has_value();
    if (property && seen_ < max_properties && !scopes_.empty()) {
      ++seen_;
      if (!opens) take(id, *property);
    }
    if (opens && !is_over_ && scopes_.size() < html::max_depth) open(id, property.value_or(""));
    return true;
  }

  void open(NodeId id, std::string_view property) {
    const bool is_article = is_article_type(tree_.raw_attribute(id, "itemtype").value_or(""));
    if (is_article && scopes_.empty()) draft_.is_article = true;
    // Articles in an article are what it links to.
    const bool is_own = is_article && std::none_of(scopes_.begin(), scopes_.end(),
                                                   [](const Scope& one) { return one.is_article; });
    scopes_.push_back({id, is_own, std::string(cut_text(property, 100))});
  }

  void leave(NodeId id) {
    if (scopes_.empty() || scopes_.back().id != id) return;
    // The first article with a headline is the page's.
    if (scopes_.back().is_article && has_headline_) is_over_ = true;
    scopes_.pop_back();
  }

  void take(NodeId id, std::string_view properties) {
    const auto& scope = scopes_.back();
    if (is_over_) return;
    if (scope.is_article) return take_own(id, properties);
    const bool is_of_article = scopes_.size() >= 2 && scopes_[scopes_.size() - 2].is_article;
    if (!is_of_article) return;
    const auto& of = scope.property;
    if (has_word(properties, "name") && (has_word(of, "author") || has_word(of, "creator")))
      add_author(value(id));
    if (has_word(properties, "name") && has_word(of, "publisher")) draft_.offer_site(value(id));
    if ((has_word(properties, "url") || has_word(properties, "contentUrl")) && has_word(of, "image"))
      draft_.offer_image(value(id));
  }

  void take_own(NodeId id, std::string_view properties) {
    const auto is = [&](std::string_view name) { return has_word(properties, name); };
    if (is("headline") || (is("name") && draft_.story.title.empty())) {
      draft_.offer_title(value(id));
      has_headline_ = true;
    }
    if (is("description")) draft_.offer_summary(value(id));
    if (is("datePublished") || is("dateCreated")) draft_.offer_published(value(id));
    if (is("dateModified")) draft_.offer_updated(value(id));
    if (is("author") || is("creator")) add_author(value(id));
    if (is("image") || is("thumbnailUrl")) draft_.offer_image(value(id));
    if (is("articleSection")) draft_.offer_section(value(id));
    if (is("inLanguage")) draft_.offer_language(value(id));
    if (is("url") || is("mainEntityOfPage")) draft_.offer_url(value(id));
    if (is("keywords")) add_topics(value(id));
  }

  void add_author(std::string name) {
    if (!name.empty() && std::find(authors_.begin(), authors_.end(), name) == authors_.end())
      authors_.push_back(std::move(name));
  }

  void add_topics(std::string_view text) {
    while (!text.empty()) {
      const auto comma = text.find(',');
      topics_.emplace_back(text.substr(0, comma));
      text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
  }

  // Of a property without a scope of its own (WHATWG HTML §5.2.4).
  std::string value(NodeId id) const {
    if (tree_.raw_attribute(id, "content")) return tree_.attribute(id, "content");
    if (tree_[id].tag == "time"_tag && tree_.raw_attribute(id, "datetime"))
      return tree_.attribute(id, "datetime");
    if (tree_[id].tag == "img"_tag) return tree_.attribute(id, "src");
    if (tree_[id].tag == "link"_tag) return tree_.attribute(id, "href");
    if (auto text = text_in(tree_, id, 4000); !text.empty()) return text;
    return tree_.attribute(id, "href");
  }

  Draft& draft_;
  const html::Tree& tree_;
  std::vector<Scope> scopes_;
  std::vector<std::string> authors_, topics_;
  std::size_t seen_ = 0;
  bool has_headline_ = false;
  bool is_over_ = false;
};

}  // namespace

void read_microdata(Draft& draft) {
  if (!is_front(draft.tree())) Microdata(draft).read();
}

}  // namespace crier::article
