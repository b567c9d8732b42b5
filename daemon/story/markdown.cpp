// Markdown stories: CommonMark by libcmark-gfm in its safe mode (raw HTML and javascript: links are left
// out), without its extensions, whose history of slow inputs is longer than what a story gains by them.

#include <algorithm>
#include <memory>

#include <cmark-gfm.h>
#include <fmt/core.h>

#include "story/fields.hpp"
#include "story/front_matter.hpp"
#include "story/plain_text.hpp"
#include "story/reading.hpp"

namespace crier {
namespace {

struct NodeDeleter {
  void operator()(cmark_node* node) const { cmark_node_free(node); }
};
using Node = std::unique_ptr<cmark_node, NodeDeleter>;

struct IteratorDeleter {
  void operator()(cmark_iter* iterator) const { cmark_iter_free(iterator); }
};
using Iterator = std::unique_ptr<cmark_iter, IteratorDeleter>;

// The text of a tree as paragraphs: code and link texts stay, images, HTML and rules go.
class TextBuilder {
 public:
  std::vector<std::string> paragraphs;
  std::vector<std::string> headings;  // those of the paragraphs that are headings

  void build(cmark_node* root) {
    const Iterator walk(cmark_iter_new(root));
    for (auto event = cmark_iter_next(walk.get()); event != CMARK_EVENT_DONE;
         event = cmark_iter_next(walk.get())) {
      auto* node = cmark_iter_get_node(walk.get());
      if (event == CMARK_EVENT_ENTER)
        enter(node);
      else if (event == CMARK_EVENT_EXIT)
        leave(node);
    }
    flush(false);
  }

  std::string text() const {
    std::string out;
    for (const auto& paragraph : paragraphs) {
      if (!out.empty() && !paragraph.empty()) out += "\n\n";
      out += paragraph;
    }
    return out;
  }

 private:
  void enter(cmark_node* node) {
    const auto type = cmark_node_get_type(node);
    const char* literal = cmark_node_get_literal(node);
    if (type == CMARK_NODE_IMAGE)
      ++images_;
    else if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK)
      line_ += ' ';
    else if ((type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE) && images_ == 0 && literal)
      line_ += literal;
    else if (type == CMARK_NODE_ITEM)
      bullet_ = true;
    else if (type == CMARK_NODE_CODE_BLOCK && literal)
      paragraphs.push_back(tidy_text(literal));
  }

  void leave(cmark_node* node) {
    const auto type = cmark_node_get_type(node);
    if (type == CMARK_NODE_IMAGE)
      --images_;
    else if (type == CMARK_NODE_PARAGRAPH || type == CMARK_NODE_HEADING)
      flush(type == CMARK_NODE_HEADING);
    else if (type == CMARK_NODE_ITEM)
      bullet_ = false;
  }

  void flush(bool is_heading) {
    auto paragraph = tidy_line(line_);
    line_.clear();
    if (paragraph.empty()) return;
    paragraphs.push_back((bullet_ ? "• " : "") + paragraph);
    if (is_heading) headings.push_back(paragraphs.back());
    bullet_ = false;
  }

  std::string line_;
  int images_ = 0;
  bool bullet_ = false;
};

std::string text_of(cmark_node* node) {
  TextBuilder text;
  text.build(node);
  return text.text();
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
  const auto text = tidy_line(text_of(heading));
  if (story.title.empty()) story.title = text;
  if (text != story.title) return;
  cmark_node_unlink(heading);
  cmark_node_free(heading);
}

void read_body(std::string_view markdown, Story& story) {
  constexpr int options = CMARK_OPT_DEFAULT;
  const Node document(cmark_parse_document(markdown.data(), markdown.size(), options));
  settle_title(story, document.get());
  auto* const allocator = cmark_get_default_mem_allocator();
  const std::unique_ptr<char, void (*)(void*)> html(cmark_render_html(document.get(), options, nullptr),
                                                    allocator->free);
  story.body_html = tidy_text(html.get());
  TextBuilder text;
  text.build(document.get());
  story.body_text = text.text();
  for (const auto& heading : text.headings) add_heading(story, heading);
  if (!story.summary.empty()) return;
  if (auto* paragraph = first_block(document.get(), CMARK_NODE_PARAGRAPH)) story.summary = text_of(paragraph);
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
  read_body(body, story);
  reading.add(std::move(story), std::move(places));
  return {};
}

}  // namespace crier
