// Article parts: which parts of a page are for its story and which are furniture, by the names that their
// authors gave them and by how much they hold.
// Used by article_body.cpp and article_hints.cpp alone; pure, any thread, linear time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "story/html_tree.hpp"

namespace crier::article {

/// How much reading a text is, about its letters; an ideograph counts as three, a Hangul syllable as two,
/// white space as none. It is the same measure for every language, for words are not.
std::size_t weight_of(std::string_view text);

/// Of an element with all that is in it.
struct Mass {
  std::size_t all = 0;       ///< the weight of its text
  std::size_t links = 0;     ///< of these what is a link
  std::size_t prose = 0;     ///< of these what stands in paragraphs that are more than links and labels
  bool has_heading = false;  ///< an <h1>
};

/// By node; texts have none. What is in `left_out` counts for nothing.
std::vector<Mass> weigh(const html::Tree& tree, const std::vector<bool>& left_out);

/// What the names of an element say: its class, id, role and, for custom elements, its own name.
enum class Hint {
  none,
  story,      ///< "entry-content", "article-body"
  furniture,  ///< "share-bar", "comments", "related"
  doubtful,   ///< "widget", "meta": furniture unless much of the story is in it
};
Hint hint_of(const html::Tree& tree, html::NodeId id);

/// Calls `take` for the words of an element's class and id, in lower case, split as "article-body",
/// "article_body" and "articleBody" are.
void each_hint_word(const html::Tree& tree, html::NodeId id,
                    const std::function<void(std::string_view)>& take);

/// The nodes that are furniture, without those in them: navigation, advertising, comments, what is hidden.
std::vector<bool> find_furniture(const html::Tree& tree);

/// The same with all that is in them.
std::vector<bool> spread(const html::Tree& tree, const std::vector<bool>& tops);

}  // namespace crier::article
