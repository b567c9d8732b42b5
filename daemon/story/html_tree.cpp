#include "story/html_tree.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "story/html_entities.hpp"
#include "story/plain_text.hpp"

namespace crier::html {
namespace {

constexpr std::size_t max_all_attributes = 300'000;
constexpr std::size_t max_unknown_names = 1000;  // further ones count as one and the same

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\n\f\r") == std::string_view::npos;
}

bool is_table_part(Tag tag) {
  return tag == "table"_tag || tag == "tr"_tag || has(tag, is_row_group);
}

// What may stand in a table or row without a cell around it.
bool needs_no_cell(Tag tag) {
  return tag == "tr"_tag || tag == "caption"_tag || tag == "colgroup"_tag || tag == "col"_tag ||
         tag == "script"_tag || tag == "style"_tag || tag == "template"_tag ||
         has(tag, is_row_group | is_cell);
}

// Elements in svg or math that show that it was never closed (WHATWG HTML §13.2.6.5).
bool breaks_out(Tag tag) {
  return has(tag, is_block | is_formatting) || tag == "br"_tag || tag == "img"_tag || tag == "span"_tag;
}

}  // namespace

/// Fills a tree from tokens. The stack of open elements is at most max_depth high.
class TreeBuilder {
 public:
  TreeBuilder(Tree& tree, std::string_view source, bool is_xml)
      : tree_(tree),
        tokens_(source),
        is_xml_(is_xml),
        open_count_(known_tags.size() + max_unknown_names + 1) {
    tree_.nodes_.reserve(std::min(source.size() / 24 + 16, max_nodes));
    tree_.nodes_.push_back({.tag = root_tag});
    stack_.push_back(root);
  }

  void build() {
    std::size_t text_bytes = 0;
    while (true) {
      if (tree_.nodes_.size() + 4 > max_nodes) {
        tree_.is_cut_ = true;
        return;
      }
      const auto token = tokens_.next();
      if (token.kind == Token::Kind::done) break;
      if (token.kind == Token::Kind::text) {
        add_text(cut_text(token.text, max_tree_text_bytes - text_bytes), false);
        text_bytes += token.text.size();
        tree_.is_cut_ = text_bytes > max_tree_text_bytes;
        if (tree_.is_cut_) return;
      } else if (token.kind == Token::Kind::start)
        start(token);
      else
        end(tag_of(token.text));
    }
    while (stack_.size() > 1) pop();
  }

 private:
  Tag tag_at(std::size_t height) const { return tree_[stack_[height]].tag; }
  Tag current() const { return tag_at(stack_.size() - 1); }
  bool is_open(Tag tag) const { return open_count_[tag] > 0; }

  Tag tag_of(std::string_view name) {
    const auto lower = to_lower_ascii(name);
    if (const auto known = find_tag(lower); known != first_unknown_tag) return known;
    if (const auto found = unknown_.find(lower); found != unknown_.end()) return found->second;
    const auto next = static_cast<Tag>(known_tags.size() + std::min(unknown_.size(), max_unknown_names));
    if (unknown_.size() < max_unknown_names) unknown_.emplace(lower, next);
    return next;
  }

  NodeId add_node(Node node) {
    const auto id = static_cast<NodeId>(tree_.nodes_.size());
    auto& parent = tree_.nodes_[stack_.back()];
    node.parent = stack_.back();
    if (parent.last_child == no_node)
      parent.first_child = id;
    else
      tree_.nodes_[parent.last_child].next = id;
    parent.last_child = id;
    tree_.nodes_.push_back(node);
    return id;
  }

  void push(NodeId id) {
    stack_.push_back(id);
    ++open_count_[tree_[id].tag];
  }

  void pop() {
    const auto& node = tree_[stack_.back()];
    --open_count_[node.tag];
    if (node.holds_blocks || has(node.tag, is_block)) tree_.nodes_[node.parent].holds_blocks = true;
    stack_.pop_back();
  }

  void pop_to(std::size_t height) {
    while (stack_.size() > height) pop();
  }

  // Closes the nearest open element that `wanted` accepts, unless one that `stops` accepts is nearer.
  template <class Wanted, class Stops>
  bool close(Wanted&& wanted, Stops&& stops) {
    for (auto height = stack_.size() - 1; height > 0; --height) {
      if (wanted(tag_at(height))) {
        pop_to(height);
        return true;
      }
      if (stops(tag_at(height))) return false;
    }
    return false;
  }

  // Cells and captions keep what is in them to themselves.
  static bool is_wall(Tag tag) { return has(tag, is_cell) || tag == "table"_tag; }

  void close_paragraph() {
    if (is_open("p"_tag)) close([](Tag tag) { return tag == "p"_tag; }, is_wall);
  }

  void close_inline(std::uint16_t trait_or_zero, Tag wanted) {
    close([&](Tag tag) { return tag == wanted || (trait_or_zero != 0 && has(tag, trait_or_zero)); },
          [](Tag tag) { return has(tag, is_block); });
  }

  void add_text(std::string_view text, bool is_literal) {
    if (is_blank(text)) {
      if (!is_table_part(current())) add_node({.text = text});
      return;
    }
    if (current() == "head"_tag && !is_literal) pop();
    open_cell(text_tag);
    // A newline right after <pre> is for the source's reader alone.
    if (current() == "pre"_tag && tree_[stack_.back()].last_child == no_node && text.starts_with('\n'))
      text.remove_prefix(1);
    add_node({.tag = text_tag, .is_literal = is_literal, .text = text});
  }

  // What stands in a table outside its cells gets a cell (browsers move it before the table, and the reader
  // would miss its place).
  void open_cell(Tag content) {
    if (!is_table_part(current()) || needs_no_cell(content)) return;
    if (current() != "tr"_tag) push(add_node({.tag = "tr"_tag}));
    push(add_node({.tag = "td"_tag}));
  }

  void start(const Token& token) {
    const auto tag = tag_of(token.text);
    if (in_foreign_) {
      if (!breaks_out(tag)) return start_foreign(tag, token);
      close([](Tag other) { return has(other, is_foreign); }, [](Tag) { return false; });
      in_foreign_ = false;
    }
    if (tag == "html"_tag || tag == "body"_tag) return start_once(tag, token);
    if (current() == "head"_tag && !has(tag, is_head)) pop();
    if (!make_room(tag)) return;
    open_cell(tag);
    add_element(tag, token);
  }

  void start_foreign(Tag tag, const Token& token) {
    if (!token.is_closed && stack_.size() < max_depth) push(add_node({.tag = tag, .text = token.text}));
  }

  // The page has one of each; attributes of the first count, and go to the root.
  void start_once(Tag tag, const Token&) {
    if (current() == "head"_tag) pop();
    if (tag == "html"_tag && tree_[root].attribute_count == 0) take_attributes(tree_.nodes_[root]);
  }

  // Closes what cannot go on when `tag` begins. False: the tag means nothing here.
  bool make_room(Tag tag) {
    if (has(tag, is_row_group | is_cell) || tag == "tr"_tag) return make_room_in_table(tag);
    if (has(tag, is_block)) close_paragraph();
    if (has(tag, is_heading)) close_inline_heading();
    if (tag == "a"_tag && is_open(tag)) close_inline(0, tag);
    if (tag == "li"_tag && is_open(tag))
      close([](Tag other) { return other == "li"_tag; },
            [](Tag other) { return has(other, is_list) || is_wall(other); });
    if (tag == "dd"_tag || tag == "dt"_tag)
      close([](Tag other) { return other == "dd"_tag || other == "dt"_tag; },
            [](Tag other) { return has(other, is_list) || is_wall(other); });
    if (current() == tag && tag == "option"_tag) pop();
    if (tag == "rt"_tag || tag == "rp"_tag)
      close([](Tag other) { return other == "rt"_tag || other == "rp"_tag; },
            [](Tag other) { return has(other, is_block); });
    if (tag == "optgroup"_tag && current() == "option"_tag) pop();
    return true;
  }

  void close_inline_heading() {
    close([](Tag tag) { return has(tag, is_heading); }, [](Tag tag) { return has(tag, is_block); });
  }

  bool make_room_in_table(Tag tag) {
    if (!is_open("table"_tag)) {
      add_node({.text = " "});  // the cells of a torn table do not run together
      return false;
    }
    const auto stops = [](Tag other) { return other == "table"_tag; };
    const auto is_row = [](Tag other) { return other == "tr"_tag; };
    const auto is_group = [](Tag other) { return has(other, is_row_group) || other == "caption"_tag; };
    const bool is_inner_cell = has(tag, is_cell) && tag != "caption"_tag;
    close([](Tag other) { return has(other, is_cell) || other == "colgroup"_tag; }, stops);
    if (!is_inner_cell) close(is_row, stops);
    if (!is_inner_cell && tag != "tr"_tag) close(is_group, stops);
    close_to_table_part();
    if (is_inner_cell && current() != "tr"_tag) push(add_node({.tag = "tr"_tag}));
    return true;
  }

  void close_to_table_part() {
    while (stack_.size() > 1 && !is_table_part(current())) pop();
  }

  void add_element(Tag tag, const Token& token) {
    // Anchors that only name a place are written "<a name=top />" in HTML, too; one that stayed open would
    // make a link of the page.
    const bool is_place = tag == "a"_tag && token.is_closed && !has_attribute("href");
    // Feeds write "<video src=… />" as XHTML does; the rest of their text would go with it.
    const bool is_player =
        token.is_closed && has(tag, is_dropped) &&
        (!has(tag, is_raw | is_escapable) || (has_attribute("src") && !tokens_.has_end_tag(token.text)));
    const bool is_empty = has(tag, is_void) || (is_xml_ && token.is_closed) || is_place || is_player;
    // A table needs room for its groups, rows and cells.
    const std::size_t levels = tag == "table"_tag ? 4 : 1;
    if (!is_empty && stack_.size() + levels > max_depth && !has(tag, is_raw | is_escapable)) {
      ++too_deep_;
      return;
    }
    Node node{.tag = tag, .text = token.text};
    take_attributes(node);
    const auto id = add_node(node);
    if (is_empty) {
      if (has(tag, is_block)) tree_.nodes_[stack_.back()].holds_blocks = true;
      return;
    }
    if (has(tag, is_raw | is_escapable)) return add_raw(id, tag, token.text);
    push(id);
    in_foreign_ = has(tag, is_foreign);
  }

  bool has_attribute(std::string_view name) const {
    return std::ranges::any_of(tokens_.attributes(),
                               [&](const Attribute& one) { return same_name(one.name, name); });
  }

  void add_raw(NodeId id, Tag tag, std::string_view name) {
    const auto content = tokens_.take_raw(name);
    stack_.push_back(id);
    ++open_count_[tag];
    if (!content.empty()) add_node({.tag = text_tag, .is_literal = has(tag, is_raw), .text = content});
    pop();
  }

  void take_attributes(Node& node) {
    auto& all = tree_.attributes_;
    const auto& found = tokens_.attributes();
    if (found.empty() || all.size() + found.size() > max_all_attributes) return;
    node.first_attribute = static_cast<std::uint32_t>(all.size());
    node.attribute_count = static_cast<std::uint32_t>(found.size());
    all.insert(all.end(), found.begin(), found.end());
  }

  void end(Tag tag) {
    if (tag == "br"_tag) {
      add_node({.tag = tag});
      return;
    }
    if (tag == "html"_tag || tag == "body"_tag || has(tag, is_void)) return;
    if (too_deep_ > 0 && stack_.size() >= max_depth) {
      --too_deep_;
      return;
    }
    too_deep_ = 0;
    if (!is_open(tag)) {
      const bool ends_other_heading = has(tag, is_heading) && has(current(), is_heading);
      if (!ends_other_heading) return;
    }
    if (has(tag, is_heading))
      close([](Tag other) { return has(other, is_heading); }, is_wall);
    else if (has(tag, is_formatting) || tag == "a"_tag || tag == "span"_tag)
      end_formatting(tag);
    else if (has(tag, is_cell | is_row_group) || tag == "tr"_tag || tag == "table"_tag)
      close([&](Tag other) { return other == tag; },
            [&](Tag other) { return other == "table"_tag && tag != other; });
    else
      close([&](Tag other) { return other == tag; }, is_wall);
    in_foreign_ = in_foreign_ && (is_open("svg"_tag) || is_open("math"_tag));
  }

  // Its end tag does not close blocks that were begun in it; they and what follows lose the formatting.
  void end_formatting(Tag tag) {
    bool crosses_block = false;
    for (auto height = stack_.size() - 1; height > 0; --height) {
      if (tag_at(height) == tag) {
        if (!crosses_block) return pop_to(height);
        retag(height);
        return;
      }
      if (is_wall(tag_at(height))) return;
      crosses_block = crosses_block || has(tag_at(height), is_block);
    }
  }

  void retag(std::size_t height) {
    auto& node = tree_.nodes_[stack_[height]];
    if (node.tag == "a"_tag) return;  // a link around blocks is usual
    --open_count_[node.tag];
    node.tag = "span"_tag;
    ++open_count_[node.tag];
  }

  Tree& tree_;
  Tokenizer tokens_;
  bool is_xml_;
  bool in_foreign_ = false;
  std::size_t too_deep_ = 0;  // start tags passed over since the stack is full
  std::vector<NodeId> stack_;
  std::vector<std::uint32_t> open_count_;  // by tag
  std::unordered_map<std::string, Tag> unknown_;
};

Tree::Tree(std::string_view source, bool is_xml) {
  TreeBuilder(*this, source, is_xml).build();
}

std::span<const Attribute> Tree::attributes(NodeId id) const {
  return std::span(attributes_).subspan(nodes_[id].first_attribute, nodes_[id].attribute_count);
}

std::optional<std::string_view> Tree::raw_attribute(NodeId id, std::string_view name) const {
  for (const auto& attribute : attributes(id))
    if (same_name(attribute.name, name)) return attribute.value;
  return std::nullopt;
}

std::string Tree::attribute(NodeId id, std::string_view name) const {
  const auto raw = raw_attribute(id, name);
  return raw ? decode(*raw, Place::attribute) : std::string();
}

std::string Tree::text(NodeId id) const {
  std::string decoded;
  return std::string(text(id, decoded));
}

std::string_view Tree::text(NodeId id, std::string& decoded) const {
  const auto& node = nodes_[id];
  if (node.is_literal || node.text.find('&') == std::string_view::npos) return node.text;
  decoded.clear();
  append_decoded(decoded, node.text, Place::text);
  return decoded;
}

NodeId Tree::after(NodeId id, NodeId top, bool into) const {
  if (into && nodes_[id].first_child != no_node) return nodes_[id].first_child;
  while (id != top) {
    if (nodes_[id].next != no_node) return nodes_[id].next;
    id = nodes_[id].parent;
  }
  return no_node;
}

}  // namespace crier::html
