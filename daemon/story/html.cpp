#include "story/html.hpp"

#include <algorithm>

#include "story/html_tree.hpp"
#include "story/html_writer.hpp"
#include "story/plain_text.hpp"

namespace crier {
namespace {

using html::operator""_tag;

std::string first_image(const html::Tree& tree, std::string_view base_url) {
  std::string url;
  html::walk(
      tree, html::root,
      [&](html::NodeId id) {
        if (url.empty() && tree[id].tag == "img"_tag) url = html::image_url(tree, id, base_url);
        return url.empty() && !html::has(tree[id].tag, html::is_dropped);
      },
      [](html::NodeId) {});
  return url;
}

}  // namespace

CleanHtml clean_html(std::string_view html, std::string_view base_url) {
  const html::Tree tree(html);
  const html::Selection all{tree};
  const auto paragraphs = html::write_paragraphs(all, true);
  CleanHtml clean;
  clean.html = html::write_html(all, base_url);
  clean.text = html::join_paragraphs(paragraphs);
  for (const auto& paragraph : paragraphs)
    if (paragraph.is_heading) clean.headings.push_back(paragraph.text);
  clean.image = first_image(tree, base_url);
  return clean;
}

std::string html_line(std::string_view html) {
  if (html.find_first_of("<&") == std::string_view::npos) return tidy_line(html);
  const html::Tree tree(html);
  return tidy_line(html::join_paragraphs(html::write_paragraphs({tree}, true)));
}

}  // namespace crier
