#include "story/article_body.hpp"

#include <algorithm>
#include <array>

#include "story/article_date.hpp"
#include "story/article_draft.hpp"
#include "story/article_parts.hpp"
#include "story/article_sources.hpp"
#include "story/html_writer.hpp"
#include "story/page_line.hpp"
#include "story/plain_text.hpp"

namespace crier::article {
namespace {

using html::no_node;
using html::NodeId;
using html::operator""_tag;

constexpr std::size_t longest_label = 150;  // the weight of a line that may be furniture
constexpr std::size_t longest_head = 15;    // lines between title and text
constexpr std::size_t max_fragments = 20;   // that one text is cut into

constexpr std::array<std::string_view, 24> advert_lines{
    "anzeige", "werbung", "publicité", "publicidad", "publicidade", "pubblicità", "advertentie", "annons",
    "annonse", "annonce", "reklam",    "reklama",    "реклама",     "διαφήμιση",  "إعلان",       "اعلان",
    "विज्ञापन", "বিজ্ঞাপন", "โฆษณา",     "iklan",      "quảng cáo",   "広告",       "广告",        "廣告"};
bool is_label(std::string_view text) {
  return weight_of(cut_text(text, 1000)) <= longest_label && text.size() <= 1000;
}

// A line among the paragraphs that is none of the story's.
bool is_furniture_line(std::string_view text) {
  if (!is_label(text)) return false;
  if (page::is_advert(text) || page::is_share_bar(text, 2) || page::is_furniture(text) ||
      page::is_credit(text))
    return true;
  const auto lower = ascii_lower(text);
  return std::find(advert_lines.begin(), advert_lines.end(), lower) != advert_lines.end() ||
         page::is_pointer(text);
}

// "October 18, 2023 at 9:37 a.m." ends as a sentence does, and is none.
bool ends_in_clock(std::string_view text) {
  return text.ends_with("a.m.") || text.ends_with("p.m.");
}

// What a body repeats that is told elsewhere.
struct Told {
  std::string title;
  const std::vector<std::string>& authors;
};

// What stands at the head of an article between its title and its text.
bool is_head_line(std::string_view text, const Told& told) {
  if (text == told.title || std::ranges::find(told.authors, text) != told.authors.end()) return true;
  if (!is_label(text) || weight_of(text) > 90) return false;
  if (page::ends_sentence(text) && !ends_in_clock(text)) return false;
  return is_byline(text) || find_date(text, "", "").has_value();
}

class BodyFinder {
 public:
  BodyFinder(const html::Tree& tree, const std::vector<bool>& furniture, const Story& story,
             std::string_view base_url)
      : tree_(tree),
        told_{tidy_line(story.title), story.authors},
        base_url_(base_url),
        left_out_(furniture),
        hidden_(spread(tree, furniture)),
        masses_(weigh(tree, furniture)) {}

  Body find() {
    top_ = whole_element(choose_top());
    Body body;
    body.is_list_of_links = is_list_of_links();
    leave_out_blocks();
    leave_out_lines();
    const html::Selection selection{tree_, top_, &left_out_};
    auto paragraphs = html::write_paragraphs(selection, false);
    std::erase_if(paragraphs, [&](const auto& one) { return is_furniture_line(one.text); });
    while (!paragraphs.empty() && paragraphs.back().is_heading) paragraphs.pop_back();
    for (const auto& paragraph : paragraphs)
      if (paragraph.is_heading) body.headings.push_back(paragraph.text);
    body.text = html::join_paragraphs(paragraphs);
    // Furniture alone, or captions alone, are no body.
    if (!body.text.empty()) body.html = html::write_html(selection, base_url_);
    body.weight = weight_of(body.text);
    body.image = first_image();
    return body;
  }

 private:
  std::size_t prose(NodeId id) const { return masses_[id].prose; }
  bool holds(NodeId id, std::size_t percent) const {
    return prose(id) > 0 && prose(id) * 100 >= prose(html::root) * percent;
  }

  enum Rank : std::size_t { is_said, is_named, is_article, is_main, rank_count };

  std::optional<Rank> rank_of(NodeId id) const {
    const auto tag = tree_[id].tag;
    if (tree_[id].attribute_count > 0) {
      const auto property = tree_.raw_attribute(id, "itemprop");
      if (property && property->find("articleBody") != std::string_view::npos) return is_said;
      if (hint_of(tree_, id) == Hint::story) return is_named;
    }
    if (tag == "article"_tag) return is_article;
    if (tag == "main"_tag || tree_.raw_attribute(id, "role") == "main") return is_main;
    return std::nullopt;
  }

  bool is_within(NodeId id, NodeId outer) const {
    while (id != no_node && id != outer) id = tree_[id].parent;
    return id == outer;
  }

  NodeId common_parent(NodeId one, NodeId other) const {
    // A parent has a lower number than its children.
    while (one != other) (one > other ? one : other) = tree_[std::max(one, other)].parent;
    return one;
  }

  // Of one rank: the element with most prose, or what holds all of the fragments.
  struct Choice {
    NodeId best = no_node;
    NodeId all = no_node;
    NodeId last = no_node;
    std::size_t fragments = 0;
    std::size_t sum = 0;
  };

  void offer(Choice& choice, NodeId id) const {
    const bool is_inner = choice.last != no_node && is_within(id, choice.last);
    if (!is_inner) {
      choice.last = id;
      ++choice.fragments;
      choice.sum += prose(id);
      choice.all = choice.all == no_node ? id : common_parent(choice.all, id);
    }
    const bool is_better =
        choice.best == no_node || prose(id) > prose(choice.best) ||
        (is_inner && prose(id) * 100 >= prose(choice.best) * 80 && is_within(id, choice.best));
    if (is_better) choice.best = id;
  }

  NodeId choose_top() const {
    std::array<Choice, rank_count> choices;
    for (NodeId id = 1; id < tree_.size(); ++id) {
      if (hidden_[id] || prose(id) == 0) continue;
      if (const auto rank = rank_of(id)) offer(choices[*rank], id);
    }
    static constexpr std::array<std::size_t, rank_count> least_percent{20, 40, 40, 60};
    for (std::size_t rank = 0; rank < rank_count; ++rank) {
      const auto& choice = choices[rank];
      if (choice.best == no_node) continue;
      const bool is_cut = rank <= is_named && choice.fragments > 1 && choice.fragments <= max_fragments &&
                          prose(choice.best) * 100 < choice.sum * 70;
      auto top = is_cut ? choice.all : choice.best;
      // A name that only the first part of a text has.
      const auto article = choices[is_article].best;
      if (rank == is_named && article != no_node && is_within(top, article) &&
          prose(top) * 100 < prose(article) * 65)
        top = article;
      if (holds(top, least_percent[rank])) return descend(top, 100);
    }
    return descend(html::root, 80);
  }

  // What is written is what is in the element, without itself: rows would lose their table, items their list.
  NodeId whole_element(NodeId id) const {
    const auto is_part = [](html::Tag tag) {
      return tag == "table"_tag || tag == "tr"_tag || tag == "pre"_tag || tag == "ruby"_tag ||
             tag == "a"_tag ||
             html::has(tag, html::is_row_group | html::is_list | html::is_heading | html::is_formatting);
    };
    while (is_part(tree_[id].tag)) id = tree_[id].parent;
    return id;
  }

  // Into the child that holds so much of the prose, as often as there is one.
  NodeId descend(NodeId top, std::size_t percent) const {
    const auto whole = prose(top);
    for (auto child = tree_[top].first_child; child != no_node && whole > 0;) {
      const bool holds_it = prose(child) * 100 >= whole * percent && tree_[child].holds_blocks;
      if (holds_it) top = child;
      child = holds_it ? tree_[child].first_child : tree_[child].next;
    }
    return top;
  }

  bool is_list_of_links() const {
    const auto& mass = masses_[top_];
    if (mass.all > 0 && mass.links * 100 > mass.all * 55) return true;
    std::size_t headings = 0, links = 0, articles = 0;
    for (auto id = tree_.after(top_, top_, true); id != no_node; id = tree_.after(id, top_, true)) {
      if (hidden_[id]) continue;
      const auto& one = masses_[id];
      if (tree_[id].tag == "article"_tag && one.all > 0) ++articles;
      if (!has(tree_[id].tag, html::is_heading) || one.all == 0) continue;
      ++headings;
      if (one.links * 100 >= one.all * 80 || tree_[tree_[id].parent].tag == "a"_tag) ++links;
    }
    return (links >= 3 && links * 2 >= headings) || (articles >= 4 && links >= 2);
  }

  // Elements that are mostly links, and the head with the title.
  void leave_out_blocks() {
    bool seen_title = false;
    for (auto id = tree_.after(top_, top_, true); id != no_node;) {
      const auto tag = tree_[id].tag;
      const auto& mass = masses_[id];
      bool is_out = left_out_[id];
      if (tag == "h1"_tag && !seen_title) is_out = seen_title = true;
      // When an entry of a live blog was written stands between its blocks.
      if (tag == "time"_tag && tree_[tree_[id].parent].holds_blocks) is_out = true;
      if (tag == "header"_tag && prose(id) * 100 < prose(top_) * 25) is_out = true;
      const bool is_block =
          has(tag, html::is_block) && !html::has(tag, html::is_heading | html::is_cell | html::is_row_group);
      if (is_block && tag != "blockquote"_tag && mass.links > 0 && mass.links * 100 >= mass.all * 65 &&
          prose(id) * 100 <= prose(top_) * 20)
        is_out = true;
      if (is_out) left_out_[id] = true;
      id = tree_.after(id, top_, !is_out);
    }
  }

  // Single lines: advertising, pointers to other stories, and what the head of the article says in words.
  void leave_out_lines() {
    const auto paragraphs = html::write_paragraphs({tree_, top_, &left_out_}, true);
    std::size_t first_prose = 0;
    while (first_prose < std::min(paragraphs.size(), longest_head) && is_label(paragraphs[first_prose].text))
      ++first_prose;
    bool after_byline = false;
    for (std::size_t i = 0; i < paragraphs.size(); ++i) {
      const auto& [text, is_heading, node] = paragraphs[i];
      const bool is_head = i < std::max<std::size_t>(first_prose, 3) && is_head_line(text, told_);
      const bool is_role = after_byline && i < first_prose && !is_heading && is_role_line(text);
      if (is_head || is_role || is_furniture_line(text)) leave_out(node);
      if (i < 3 && (tree_[node].holds_blocks || is_label(text))) leave_out_head(node);
      after_byline = is_head && text != told_.title;
    }
    leave_out_idle_headings();
  }

  // Old pages have byline and date in one block with the text: <font> by <font>, or <span> by <span>.
  void leave_out_head(NodeId block) {
    std::size_t seen = 0;
    for (auto id = tree_[block].first_child; id != no_node && ++seen <= longest_head; id = tree_[id].next)
      if (tree_[id].tag != html::text_tag && !left_out_[id] && is_head_line(text_in(tree_, id, 300), told_))
        left_out_[id] = true;
  }

  // Under a name: "Political reporter", "BBC News, Lindholm".
  static bool is_role_line(std::string_view text) {
    return weight_of(text) <= 45 && count_words(text) <= 6 && !page::ends_sentence(text);
  }

  void leave_out(NodeId node) {
    if (node != top_ && !tree_[node].holds_blocks && is_within(node, top_)) left_out_[node] = true;
  }

  // A heading of which all was left out, or that nothing follows.
  void leave_out_idle_headings() {
    const auto gone = spread(tree_, left_out_);
    NodeId heading = no_node;
    bool was_gone = false;
    for (auto id = tree_.after(top_, top_, true); id != no_node; id = tree_.after(id, top_, true)) {
      const auto& node = tree_[id];
      if (gone[id]) {
        was_gone = true;
      } else if (has(node.tag, html::is_heading)) {
        if (heading != no_node && was_gone) left_out_[heading] = true;
        heading = masses_[id].all > 0 ? id : heading;
        was_gone = false;
      } else if (node.tag == html::text_tag && heading != no_node && weight_of(node.text) > 0 &&
                 !is_within(id, heading)) {
        heading = no_node;
      }
    }
    if (heading != no_node) left_out_[heading] = true;
  }

  std::string first_image() const {
    const auto gone = spread(tree_, left_out_);
    for (auto id = tree_.after(top_, top_, true); id != no_node; id = tree_.after(id, top_, true))
      if (tree_[id].tag == "img"_tag && !gone[id])
        if (auto url = html::image_url(tree_, id, base_url_); !url.empty()) return url;
    return {};
  }

  const html::Tree& tree_;
  Told told_;
  std::string_view base_url_;
  std::vector<bool> left_out_;
  std::vector<bool> hidden_;  // by furniture, with all that is in it
  std::vector<Mass> masses_;
  NodeId top_ = html::root;
};

}  // namespace

Body find_body(const html::Tree& tree, const std::vector<bool>& furniture, const Story& story,
               std::string_view base_url) {
  return BodyFinder(tree, furniture, story, base_url).find();
}

std::vector<std::string> seen_lines(const html::Tree& tree, const std::vector<bool>& furniture) {
  std::vector<std::string> lines;
  for (auto& paragraph : html::write_paragraphs({tree, html::root, &furniture}, true))
    lines.push_back(std::move(paragraph.text));
  return lines;
}

}  // namespace crier::article
