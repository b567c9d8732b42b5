// HTML tree: a page or a fragment as elements and texts, whatever its author left open, nested wrongly or
// crammed into it. Used by clean_html and the page reader; pure, any thread; views into the source, which
// must outlive the tree. Close to WHATWG HTML §13.2.6, without its repairs that take quadratic time (the
// adoption agency): bold text ends with its paragraph. Our own, because of the libraries of Debian gumbo
// reads 6 MB/s and takes seconds for 20,000 open elements, and libxml2 is quadratic in attributes and stray
// end tags.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "story/html_tags.hpp"
#include "story/html_tokens.hpp"

namespace crier::html {

constexpr std::size_t max_depth = 200;                 ///< deeper elements lose their tags, not their text
constexpr std::size_t max_nodes = 300'000;             ///< what comes after them is left out
constexpr std::size_t max_tree_text_bytes = 4U << 20;  ///< likewise; scripts and attributes do not count

using NodeId = std::uint32_t;
constexpr NodeId root = 0;
constexpr NodeId no_node = static_cast<NodeId>(-1);

struct Node {
  Tag tag = text_tag;
  bool is_literal = false;    ///< a text in which "&" is no reference
  bool holds_blocks = false;  ///< some element in it is a block
  NodeId parent = no_node;
  NodeId first_child = no_node;
  NodeId last_child = no_node;
  NodeId next = no_node;
  std::uint32_t first_attribute = 0;
  std::uint32_t attribute_count = 0;
  std::string_view text;  ///< of a text as written; of an element its name as written
};

class Tree {
 public:
  /// `is_xml`: "<div/>" is closed, as XHTML means it.
  explicit Tree(std::string_view source, bool is_xml = false);

  const Node& operator[](NodeId id) const { return nodes_[id]; }
  std::size_t size() const { return nodes_.size(); }
  bool is_cut() const { return is_cut_; }

  /// The raw value of an attribute; nullopt when it is not there. `name` in lower case.
  std::optional<std::string_view> raw_attribute(NodeId id, std::string_view name) const;
  /// Decoded; empty when it is not there.
  std::string attribute(NodeId id, std::string_view name) const;
  std::span<const Attribute> attributes(NodeId id) const;
  /// The decoded text of a text node.
  std::string text(NodeId id) const;
  /// The same without a copy where nothing is to decode; else it is kept in `decoded`.
  std::string_view text(NodeId id, std::string& decoded) const;

  /// The node after `id` in document order, within `top`; no_node at the end. `into`: also into `id` itself.
  NodeId after(NodeId id, NodeId top, bool into) const;

 private:
  friend class TreeBuilder;
  std::vector<Node> nodes_;
  std::vector<Attribute> attributes_;
  bool is_cut_ = false;
};

/// Calls enter(id) and leave(id) for every node under `top` and for `top` itself, without recursion. What
/// enter returns says whether to go into an element; leave is called in both cases, not for texts.
template <class Enter, class Leave>
void walk(const Tree& tree, NodeId top, Enter&& enter, Leave&& leave) {
  auto id = top;
  while (true) {
    const bool goes_in = enter(id);
    if (goes_in && tree[id].first_child != no_node) {
      id = tree[id].first_child;
      continue;
    }
    while (true) {
      if (tree[id].tag != text_tag) leave(id);
      if (id == top) return;
      if (tree[id].next != no_node) break;
      id = tree[id].parent;
    }
    id = tree[id].next;
  }
}

}  // namespace crier::html
