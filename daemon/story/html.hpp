// HTML: what a feed, an agency or a page wrote, as safe HTML and as the plain paragraphs that rules read.
// Called by the parsers; pure, any thread. The input is hostile: nothing executable survives, relative links
// become absolute, depth and size are capped, time is linear.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crier {

struct CleanHtml {
  std::string html;  ///< allow-listed elements, attributes and URL schemes alone; well nested
  std::string text;  ///< paragraphs separated by an empty line, no markup
  std::vector<std::string> headings;  ///< which of these paragraphs are headings
  std::string image;                  ///< URL of the first picture; empty = none
};

/// `html`: a fragment (the inside of a description or a body) in UTF-8; `base_url` resolves its relative
/// links, and when that is empty they are dropped, their text stays.
CleanHtml clean_html(std::string_view html, std::string_view base_url);

/// The text alone, in one line: for titles and names that hold markup or entities.
std::string html_line(std::string_view html);

}  // namespace crier
