// Markdown stories: CommonMark by libcmark-gfm, its HTML cleaned as any other, so that raw HTML is as safe
// and counts as text. Without extensions, whose history of slow inputs is longer than what a story gains by
// them.

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <cmark-gfm.h>
#include <fmt/core.h>

#include "story/fields.hpp"
#include "story/front_matter.hpp"
#include "story/html.hpp"
#include "story/identity.hpp"
#include "story/plain_text.hpp"
#include "story/reading.hpp"

namespace crier {
namespace {

constexpr std::size_t max_marks = 150'000;  // a long read has a few thousand

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

// Each may become a node of cmark's tree, of up to 500 bytes.
std::size_t count_marks(std::string_view markdown) {
  static constexpr std::string_view marks = "\n>*_[]()!`<&#-+~\\";
  return static_cast<std::size_t>(
      std::ranges::count_if(markdown, [](char c) { return marks.find(c) != std::string_view::npos; }));
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

// What site generators (Jekyll, Hugo, Zola, Eleventy) call fields that have another name here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> other_names{
    {{"description", "summary"},
     {"excerpt", "summary"},
     {"tags", "topics"},
     {"categories", "topics"},
     {"keywords", "topics"},
     {"lang", "language"},
     {"locale", "language"},
     {"lastmod", "updated"},
     {"modified", "updated"},
     {"canonical_url", "url"},
     {"byline", "authors"},
     {"cover", "image"}}};

bool is_text(const Field& field, std::string_view text) {
  return field.kind == Field::Kind::text && field.values.front() == text;
}

// A generator's field as ours, unless ours is there, too. A draft is one: it must not leave.
Field in_our_words(Field field, const std::vector<Field>& all) {
  const bool is_draft = (field.name == "draft" && is_text(field, "true")) ||
                        (field.name == "published" && is_text(field, "false"));
  if (is_draft) {
    field.name = "status";
    field.values = {"withheld"};
    return field;
  }
  if (const auto known =
          std::ranges::find(other_names, field.name, [](const auto& each) { return each.first; });
      known != other_names.end() && std::ranges::find(all, known->second, &Field::name) == all.end())
    field.name = known->second;
  return field;
}

}  // namespace

bool has_front_matter(std::string_view text) {
  const bool is_toml = text.starts_with("+++");
  if (!is_toml && !text.starts_with("---")) return false;
  // A page may draw a line like that, too; front matter has a name right under it.
  const auto second_line = text.substr(std::min(text.find('\n'), text.size() - 1) + 1);
  return second_line.substr(0, second_line.find('\n')).find(is_toml ? '=' : ':') != std::string_view::npos;
}

Result<void> read_markdown(Reading& reading) {
  Story story;
  FieldPlaces places{{"", {1, 1}}};
  auto body = reading.text;
  if (has_front_matter(reading.text)) {
    const auto split = split_front_matter(reading.text);
    // Its status or embargo must not be taken for prose.
    if (!split)
      return reading.error(1, 1,
                           fmt::format("front matter begins here and never ends; add a line \"{}\" under it",
                                       reading.text.substr(0, 3)));
    const auto fields = read_front_matter(*split, reading);
    if (!fields) return fields.error();
    for (const auto& each : *fields) {
      const auto field = in_our_words(each, *fields);
      const auto assigned = assign_field(field, story, reading);
      if (!assigned) return reading.error(field.line, field.column, assigned.error().message);
      places.insert_or_assign(field.name, TextPlace{field.line, field.column});
    }
    body = split->body;
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
