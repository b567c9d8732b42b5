// HTML writer: a tree as safe HTML and as plain paragraphs.
// Called by clean_html and the page reader; pure, any thread. Whatever the tree holds, only what is listed
// here and in html_tags.hpp is written, everything quoted and escaped, so that the outcome means the same to
// every parser and reads as itself again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "story/html.hpp"
#include "story/html_tree.hpp"

namespace crier::html {

struct Selection {
  const Tree& tree;
  NodeId top = root;                            ///< what is in it, not itself
  const std::vector<bool>* left_out = nullptr;  ///< by node, with what is in it; null = nothing
};

/// Elements without content are not written. Relative links are resolved, those that cannot be lose their
/// tag. Links carry rel="nofollow noopener": crier does not vouch for what others link to.
std::string write_html(const Selection& selection, std::string_view base_url);

struct Paragraph {
  std::string text;  ///< tidy lines with "\n" between them
  bool is_heading = false;
  NodeId node = root;  ///< the innermost block around it
};

/// List items begin with "• " or their number, the cells of a row stand between " | ".
/// `with_captions`: also what is written under pictures.
std::vector<Paragraph> write_paragraphs(const Selection& selection, bool with_captions);

std::string join_paragraphs(const std::vector<Paragraph>& paragraphs);

/// The absolute URL of an <img>, also of one that a script would load later; empty for pixels that count
/// readers and for what is no http or https URL.
std::string image_url(const Tree& tree, NodeId image, std::string_view base_url);

}  // namespace crier::html
