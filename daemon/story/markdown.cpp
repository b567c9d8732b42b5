// Markdown stories: CommonMark by libcmark-gfm, its HTML cleaned as any other, so that raw HTML is as safe
// and counts as text. Without extensions, whose history of slow inputs is longer than what a story gains by
// them.

#include <algorithm>
#include <memory>
#include <string>

#include <cmark-gfm.h>
#include <fmt/core.h>

#include "story/fields.hpp"
#include "story/front_matter.hpp"
#include "story/html.hpp"
#include "story/plain_text.hpp"
#include "story/reading.hpp"

namespace crier {
namespace {

struct NodeDeleter {
  void operator()(cmark_node* node) const { cmark_node_free(node); }
};
using Node = std::unique_ptr<cmark_node, NodeDeleter>;

// Raw HTML comes along: whoever uses this cleans it.
std::string render(cmark_node* node) {
  auto* const allocator = cmark_get_default_mem_allocator();
  const std::unique_ptr<char, void (*)(void*)> html(cmark_render_html(node, CMARK_OPT_UNSAFE, nullptr),
                                                    allocator->free);
  return html.get();
}

cmark_node* first_block(cmark_node* document, cmark_node_type type) {
  auto* node = cmark_node_first_child(document);
  while (node && cmark_node_get_type(node) != type) node = cmark_node_next(node);
  return node;
}

// The first heading becomes the title when there is none, and a heading that repeats the title goes: the
// title stands above the body already.
void settle_title(Story& story, cmark_node* document) {
  auto* heading = first_block(document, CMARK_NODE_HEADING);
  if (!heading) return;
  const auto text = html_line(render(heading));
  if (story.title.empty()) story.title = text;
  if (text != story.title) return;
  cmark_node_unlink(heading);
  cmark_node_free(heading);
}

void read_body(std::string_view markdown, const std::string& url, Story& story) {
  const Node document(cmark_parse_document(markdown.data(), markdown.size(), CMARK_OPT_DEFAULT));
  settle_title(story, document.get());
  auto clean = clean_html(render(document.get()), story.url.empty() ? url : story.url);
  story.body_html = std::move(clean.html);
  story.body_text = std::move(clean.text);
  for (const auto& heading : clean.headings) add_heading(story, heading);
  if (story.image.empty()) story.image = std::move(clean.image);
  if (!story.summary.empty()) return;
  if (auto* paragraph = first_block(document.get(), CMARK_NODE_PARAGRAPH))
    story.summary = html_line(render(paragraph));
}

}  // namespace

bool has_front_matter(std::string_view text) {
  if (!text.starts_with("---")) return false;
  // A page may draw a line with "---", too; front matter has a name right under it.
  const auto second_line = text.substr(std::min(text.find('\n'), text.size() - 1) + 1);
  return second_line.substr(0, second_line.find('\n')).find(':') != std::string_view::npos;
}

Result<void> read_markdown(Reading& reading) {
  Story story;
  FieldPlaces places{{"", {1, 1}}};
  auto body = reading.text;
  if (has_front_matter(reading.text)) {
    const auto split = split_front_matter(reading.text);
    // Its status or embargo must not be taken for prose.
    if (!split)
      return reading.error(1, 1, "front matter begins here and never ends; add a line \"---\" under it");
    const auto fields = read_front_matter(split->yaml, reading);
    if (!fields) return fields.error();
    for (const auto& field : *fields) {
      const auto assigned = assign_field(field, story, reading);
      if (!assigned) return reading.error(field.line, field.column, assigned.error().message);
      places.insert_or_assign(field.name, TextPlace{field.line, field.column});
    }
    body = split->body;
  }
  if (body.size() > max_prose_bytes)
    return reading.error(
        0, 0, fmt::format("a body of {} bytes is more than the limit of {}", body.size(), max_prose_bytes));
  read_body(body, reading.options.url, story);
  reading.add(std::move(story), std::move(places));
  return {};
}

}  // namespace crier
