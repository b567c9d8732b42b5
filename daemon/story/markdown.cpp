// Markdown stories: CommonMark by libcmark-gfm, its HTML cleaned as any other, so that raw HTML is as safe
// and counts as text. Of GitHub's extensions there are tables, which stories have; a row that is short of
// cells gets them, so a table is read only as far as all of them stay few.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <fmt/core.h>

#include "story/fields.hpp"
#include "story/front_matter.hpp"
#include "story/html.hpp"
#include "story/identity.hpp"
#include "story/named_fields.hpp"
#include "story/plain_text.hpp"
#include "story/reading.hpp"

namespace crier {
namespace {

constexpr std::size_t max_marks = 150'000;  // a long read has a few thousand
constexpr std::size_t max_cells = 50'000;

struct NodeDeleter {
  void operator()(cmark_node* node) const { cmark_node_free(node); }
};
using Node = std::unique_ptr<cmark_node, NodeDeleter>;

struct ParserDeleter {
  void operator()(cmark_parser* parser) const { cmark_parser_free(parser); }
};

// At most as many cells as a table in it could get: no row is longer than the line with most bars.
std::size_t count_cells(std::string_view markdown) {
  std::size_t lines = 0, most_bars = 0;
  while (!markdown.empty()) {
    const auto end = std::min(markdown.find('\n'), markdown.size());
    const auto bars = std::ranges::count(markdown.substr(0, end), '|');
    most_bars = std::max(most_bars, static_cast<std::size_t>(bars));
    lines += bars > 0 ? 1 : 0;
    markdown.remove_prefix(std::min(end + 1, markdown.size()));
  }
  return lines * (most_bars + 1);
}

// Registered once: the library's list of extensions has no lock.
cmark_syntax_extension* table_extension() {
  static cmark_syntax_extension* const table = [] {
    cmark_gfm_core_extensions_ensure_registered();
    return cmark_find_syntax_extension("table");
  }();
  return table;
}

Node parse_document(std::string_view markdown) {
  const std::unique_ptr<cmark_parser, ParserDeleter> parser(cmark_parser_new(CMARK_OPT_DEFAULT));
  if (count_cells(markdown) <= max_cells)
    cmark_parser_attach_syntax_extension(parser.get(), table_extension());
  cmark_parser_feed(parser.get(), markdown.data(), markdown.size());
  return Node(cmark_parser_finish(parser.get()));
}

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

// Each may become a node of cmark's tree, of up to 500 bytes.
std::size_t count_marks(std::string_view markdown) {
  static constexpr std::string_view marks = "\n>*_[]()!`<&#-+~\\";
  return static_cast<std::size_t>(
      std::ranges::count_if(markdown, [](char c) { return marks.find(c) != std::string_view::npos; }));
}

void read_body(std::string_view markdown, const std::string& url, Story& story) {
  const auto document = parse_document(markdown);
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

Error endless_front_matter(const Reading& reading) {
  const auto fence_at = reading.text.find_first_not_of(" \t\n");
  const auto lines_above = std::ranges::count(reading.text.substr(0, fence_at), '\n');
  return reading.error(static_cast<int>(lines_above) + 1, 1,
                       fmt::format("front matter begins here and never ends; add a line \"{}\" under it",
                                   reading.text.substr(fence_at, 3)));
}

}  // namespace

Result<void> read_markdown(Reading& reading) {
  Story story;
  FieldPlaces places{{"", {1, 1}}};
  auto body = reading.text;
  if (has_front_matter(reading.text)) {
    const auto split = split_front_matter(reading.text);
    // Its status or embargo must not be taken for prose.
    if (!split) return endless_front_matter(reading);
    auto fields = read_front_matter(*split, reading);
    if (!fields) return fields.error();
    if (const auto assigned = assign_named_fields(*std::move(fields), story, places, reading); !assigned)
      return assigned.error();
    body = split->body;
  } else if (auto open = take_open_fields(reading.text); !open.fields.empty()) {
    if (const auto assigned = assign_named_fields(std::move(open.fields), story, places, reading); !assigned)
      return assigned.error();
    body = open.body;
  }
  if (body.size() > max_prose_bytes)
    return reading.error(
        0, 0, fmt::format("a body of {} bytes is more than the limit of {}", body.size(), max_prose_bytes));
  if (count_marks(body) > max_marks)
    return reading.error(0, 0, fmt::format("more than {} marks of Markdown are too many", max_marks));
  read_body(body, reading.options.url, story);
  const bool is_nameless =
      story.id.empty() && story.url.empty() && reading.options.url.empty() && story.title.empty();
  if (is_nameless && !story.body_text.empty()) story.id = id_by_content(story);
  reading.add(std::move(story), std::move(places));
  return {};
}

}  // namespace crier
