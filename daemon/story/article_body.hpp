// Article body: the text of a page's article, without navigation, advertising, share bars, comments, links to
// other stories and captions.
// Called by article.cpp; pure, any thread, linear time. Nothing in it knows a site: the container of the text
// is what the page marks as such, when most of its prose is there, else the smallest element that holds it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "story/html_tree.hpp"
#include "story/story.hpp"

namespace crier::article {

struct Body {
  std::string html;  ///< safe (html.hpp)
  std::string text;  ///< paragraphs separated by an empty line
  std::vector<std::string> headings;
  std::string image;              ///< of the first picture
  std::size_t weight = 0;         ///< of the text (weight_of)
  bool is_list_of_links = false;  ///< what would be the text leads to other pages, as a front page does
};

/// `furniture` as of find_furniture. Title and authors of `story`, as far as they are known, are left out
/// where the body repeats them at its head.
Body find_body(const html::Tree& tree, const std::vector<bool>& furniture, const Story& story,
               std::string_view base_url);

/// The lines that readers can see, in their order: for bylines and dates.
std::vector<std::string> seen_lines(const html::Tree& tree, const std::vector<bool>& furniture);

}  // namespace crier::article
