#include "story/article_parts.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "story/plain_text.hpp"

namespace crier::article {
namespace {

using html::NodeId;
using html::operator""_tag;
using Words = std::initializer_list<std::string_view>;

constexpr std::size_t max_name_bytes = 500;    // of a class or an id
constexpr std::size_t least_prose = 60;        // the weight of a paragraph that is one
constexpr std::size_t max_links_percent = 40;  // of a paragraph that is one

constexpr std::array<std::string_view, 44> furniture_words{
    "nav",        "navbar",          "navigation", "menu",     "menus",    "breadcrumb",    "breadcrumbs",
    "share",      "sharing",         "sharebar",   "shares",   "social",   "addtoany",      "comment",
    "comments",   "disqus",          "respond",    "related",  "recirc",   "recirculation", "recommended",
    "recommend",  "recommendations", "sidebar",    "footer",   "advert",   "advertisement", "advertising",
    "ads",        "adslot",          "outbrain",   "taboola",  "cookie",   "cookies",       "consent",
    "gdpr",       "pagination",      "pager",      "mostread", "trending", "readmore",      "masthead",
    "sharedaddy", "relatedposts"};
constexpr std::array<std::string_view, 45> doubtful_words{
    "ad",           "sponsor", "sponsored", "promo",      "promotion", "newsletter", "signup",    "subscribe",
    "subscription", "paywall", "popup",     "modal",      "overlay",   "banner",     "widget",    "tags",
    "taglist",      "byline",  "author",    "authors",    "bio",       "meta",       "timestamp", "caption",
    "captions",     "credit",  "credits",   "teaser",     "teasers",   "toolbar",    "tools",     "skip",
    "popular",      "more",    "toc",       "rating",     "poll",      "hidden",     "hide",      "tooltip",
    "kicker",       "player",  "copyright", "disclaimer", "pullquote"};
constexpr std::array<std::string_view, 9> unseen_words{"sr", "visually", "screenreader", "offscreen", "d",
                                                       "is", "u",        "screen",       "assistive"};
constexpr std::array<std::string_view, 10> story_subjects{"article", "story", "post",    "entry", "news",
                                                          "page",    "text",  "content", "main",  "single"};
constexpr std::array<std::string_view, 8> story_bodies{"body", "content", "text",     "copy",
                                                       "main", "detail",  "contents", "paragraphs"};

template <class List>
bool contains(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool is_role(std::string_view role, Words any_of) {
  return std::find(any_of.begin(), any_of.end(), role) != any_of.end();
}

void split_words(std::string_view names, const std::function<void(std::string_view)>& take) {
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) take(word);
    word.clear();
  };
  bool after_small = false;
  for (const char c : cut_text(names, max_name_bytes)) {
    const bool is_capital = c >= 'A' && c <= 'Z';
    const bool is_small = (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
    if (!is_capital && !is_small) {
      flush();
      after_small = false;
      continue;
    }
    if (is_capital && after_small) flush();
    word += is_capital ? static_cast<char>(c - 'A' + 'a') : c;
    after_small = is_small;
  }
  flush();
}

bool is_hidden(const html::Tree& tree, NodeId id) {
  if (tree.raw_attribute(id, "hidden")) return true;
  if (tree.raw_attribute(id, "aria-hidden") == "true") return true;
  const auto style = tree.raw_attribute(id, "style");
  if (!style) return false;
  std::string tight;
  for (const char c : ascii_lower(cut_text(*style, max_name_bytes)))
    if (c != ' ') tight += c;
  return tight.find("display:none") != std::string::npos ||
         tight.find("visibility:hidden") != std::string::npos;
}

bool is_furniture_tag(html::Tag tag) {
  return tag == "nav"_tag || tag == "aside"_tag || tag == "footer"_tag || tag == "button"_tag ||
         tag == "dialog"_tag || tag == "menu"_tag || tag == "label"_tag;
}

class Finder {
 public:
  explicit Finder(const html::Tree& tree)
      : tree_(tree), found_(tree.size(), false), masses_(weigh(tree, found_)) {}

  std::vector<bool> find() {
    html::walk(
        tree_, html::root,
        [&](NodeId id) {
          if (id == html::root || tree_[id].tag == html::text_tag) return true;
          if (has(tree_[id].tag, html::is_dropped)) return false;
          if (is_furniture(id)) found_[id] = true;
          return !found_[id];
        },
        [](NodeId) {});
    return std::move(found_);
  }

 private:
  bool is_furniture(NodeId id) const {
    const auto tag = tree_[id].tag;
    if (tree_[id].attribute_count > 0 && is_hidden(tree_, id)) return !holds(id, 60);
    if (tree_[id].attribute_count > 0 && tree_.raw_attribute(id, "itemprop") == "articleBody") return false;
    const auto role = tree_.raw_attribute(id, "role").value_or("");
    if (is_role(role, {"navigation", "banner", "contentinfo", "complementary", "search", "dialog", "menu",
                       "menubar", "toolbar"}))
      return !holds(id, 60);
    const auto label = tree_[id].attribute_count > 0 ? tree_.raw_attribute(id, "aria-label") : std::nullopt;
    if (label && label->size() < 20 && ascii_lower(*label).starts_with("advertis")) return !holds(id, 60);
    if (is_furniture_tag(tag)) return !holds(id, 60);
    if (tag == "header"_tag) return !masses_[id].has_heading && !holds(id, 25);
    if (tag == "form"_tag) return !holds(id, 30);  // old ASP.NET pages are one form
    switch (hint_of(tree_, id)) {
      case Hint::furniture:
        return !holds(id, 85) && !(holds(id, 60) && is_likely_whole(id));
      case Hint::doubtful:
        return !holds(id, 25);
      case Hint::story:
      case Hint::none:
        return false;
    }
    return false;
  }

  // Whether so many percent of the page's prose are in it.
  bool holds(NodeId id, std::size_t percent) const {
    const auto whole = masses_[html::root].prose;
    return whole > 0 && masses_[id].prose * 100 >= whole * percent;
  }

  bool is_likely_whole(NodeId id) const {
    return masses_[id].has_heading || !masses_[html::root].has_heading;
  }

  const html::Tree& tree_;
  std::vector<bool> found_;
  std::vector<Mass> masses_;
};

}  // namespace

std::size_t weight_of(std::string_view text) {
  std::size_t weight = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0xE3 && byte <= 0xE9)
      weight += 3;  // U+3000 to U+9FFF
    else if (byte >= 0xEA && byte <= 0xF4)
      weight += 2;
    else if (byte > 0x20 && (byte < 0x80 || byte >= 0xC2))
      ++weight;
  }
  return weight;
}

std::vector<Mass> weigh(const html::Tree& tree, const std::vector<bool>& left_out) {
  std::vector<Mass> masses(tree.size());
  // What stands right in each block that is open, without what stands in blocks in it.
  struct Block {
    NodeId id;
    std::size_t all = 0, links = 0;
  };
  std::vector<Block> blocks{{html::root}};
  int open_links = 0;
  html::walk(
      tree, html::root,
      [&](NodeId id) {
        const auto& node = tree[id];
        if (node.tag == html::text_tag) {
          const auto weight = weight_of(node.text);
          blocks.back().all += weight;
          masses[node.parent].all += weight;
          if (open_links > 0) {
            blocks.back().links += weight;
            masses[node.parent].links += weight;
          }
          return false;
        }
        if (node.tag == "a"_tag) ++open_links;
        if (has(node.tag, html::is_block)) blocks.push_back({id});
        return !has(node.tag, html::is_dropped) && !left_out[id];
      },
      [&](NodeId id) {
        const auto& node = tree[id];
        if (node.tag == "a"_tag) --open_links;
        auto& mass = masses[id];
        if (node.tag == "h1"_tag) mass.has_heading = true;
        if (blocks.back().id == id) {
          const auto [_, all, links] = blocks.back();
          if (all >= least_prose && links * 100 <= all * max_links_percent &&
              !has(node.tag, html::is_heading))
            mass.prose += all - links;
          if (id != html::root) blocks.pop_back();
        }
        if (id == html::root) return;
        auto& parent = masses[node.parent];
        parent.all += mass.all;
        parent.links += mass.links;
        parent.prose += mass.prose;
        parent.has_heading = parent.has_heading || mass.has_heading;
      });
  return masses;
}

void each_hint_word(const html::Tree& tree, NodeId id, const std::function<void(std::string_view)>& take) {
  for (const auto* name : {"class", "id", "data-component"})
    if (const auto value = tree.raw_attribute(id, name)) split_words(*value, take);
}

Hint hint_of(const html::Tree& tree, NodeId id) {
  bool is_furniture = false, is_doubtful = false, is_body = false, is_of_body = false;
  std::string last;
  const auto take = [&](std::string_view word) {
    // "no-sidebar", "has-comments" tell how the page looks.
    const bool is_negated = last == "no" || last == "has" || last == "with" || last == "without";
    is_furniture = is_furniture || (contains(furniture_words, word) && !is_negated) ||
                   (last == "read" && (word == "next" || word == "more" || word == "also"));
    is_doubtful = is_doubtful || (contains(doubtful_words, word) && !is_negated) ||
                  ((word == "only" || word == "hidden" || word == "none") && contains(unseen_words, last)) ||
                  (word == "only" && last == "print");
    is_of_body = is_of_body || (contains(story_subjects, last) && contains(story_bodies, word));
    is_body = is_body || word == "articlebody" || word == "storybody" || word == "bodytext" ||
              word == "storytext" || word == "articletext" || word == "maincontent" ||
              word == "articlecontent";
    last = word;
  };
  if (tree[id].attribute_count > 0) each_hint_word(tree, id, take);
  if (tree[id].tag >= html::first_unknown_tag) split_words(tree[id].text, take);
  // "article-body share-enabled" may be either.
  if (is_furniture) return is_of_body || is_body ? Hint::doubtful : Hint::furniture;
  if (is_of_body || is_body) return Hint::story;
  return is_doubtful ? Hint::doubtful : Hint::none;
}

std::vector<bool> find_furniture(const html::Tree& tree) {
  return Finder(tree).find();
}

std::vector<bool> spread(const html::Tree& tree, const std::vector<bool>& tops) {
  auto out = tops;
  // A parent comes before its children.
  for (NodeId id = 1; id < tree.size(); ++id)
    if (out[tree[id].parent]) out[id] = true;
  return out;
}

}  // namespace crier::article
