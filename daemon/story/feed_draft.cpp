#include "story/feed_draft.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/core.h>

#include "story/article_parts.hpp"
#include "story/feed_date.hpp"
#include "story/fields.hpp"
#include "story/html.hpp"
#include "story/identity.hpp"
#include "story/plain_text.hpp"
#include "story/url_reference.hpp"

namespace crier {
namespace {

constexpr std::size_t max_summary_bytes = 64U << 10;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\n") == std::string_view::npos;
}

std::string_view strip(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

// "?a=1&amp;b=2", after XML's own escapes are gone: many programs escape addresses twice.
std::string address_of(std::string_view reference) {
  static constexpr std::string_view escaped = "&amp;";
  reference = strip(reference);
  std::string address;
  for (auto at = reference.find(escaped); at != std::string_view::npos; at = reference.find(escaped)) {
    address.append(reference.substr(0, at)).append("&");
    reference.remove_prefix(at + escaped.size());
  }
  return address.append(reference);
}

// Whether there may be more than one paragraph.
bool has_blocks(std::string_view html) {
  static constexpr std::array<std::string_view, 4> blocks{"p", "br", "div", "li"};
  std::size_t found = 0;
  for (auto at = html.find('<'); at != std::string_view::npos && found < 2; at = html.find('<', at + 1)) {
    const auto name = ascii_lower(html.substr(at + 1, 3));
    found += std::ranges::any_of(blocks, [&](auto block) { return name.starts_with(block); }) ? 1 : 0;
  }
  return found == 2;
}

// A text of some length in paragraphs, unlike a teaser that breaks off or a list of links.
bool is_whole_story(std::string_view text) {
  constexpr std::size_t least_prose = 600, least_of_paragraph = 80, longest_pointer = 120,
                        longest_teaser = 1500;  // weights
  text = strip(text);
  const bool breaks_off =
      std::ranges::any_of(std::to_array<std::string_view>({"…", "...", "[…]", "[...]", "(…)", "(...)", "→"}),
                          [&](auto end) { return text.ends_with(end); });
  if (breaks_off && article::weight_of(text) < longest_teaser) return false;
  std::size_t prose = 0, paragraphs = 0;
  std::string_view last;
  for (auto rest = text; !rest.empty();) {
    const auto end = rest.find("\n\n");
    last = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
    const auto weight = article::weight_of(last);
    if (weight < least_of_paragraph) continue;
    prose += weight;
    ++paragraphs;
  }
  const auto lower = article::weight_of(last) < longest_pointer ? ascii_lower(last) : "";
  const bool points_on =
      std::ranges::any_of(std::to_array<std::string_view>(
                              {"appeared first on", "read more", "continue reading", "weiterlesen",
                               "lire la suite", "seguir leyendo", "leer más", "leia mais", "leggi tutto",
                               "lees verder", "czytaj dalej", "Читать далее", "читать далее"}),
                          [&](auto pointer) { return lower.find(pointer) != std::string::npos; });
  return paragraphs >= 2 && prose >= least_prose && !points_on;
}

void take_body(CleanHtml clean, Story& story) {
  story.body_html = std::move(clean.html);
  story.body_text = std::move(clean.text);
  for (const auto& heading : clean.headings) add_heading(story, heading);
}

bool is_fit_for_id(std::string_view text) {
  const bool has_control = std::any_of(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  return !text.empty() && text.size() <= max_id_bytes && !has_control;
}

}  // namespace

void add_new(std::vector<std::string>& items, std::string item, std::size_t limit) {
  if (item.empty() || items.size() == limit || std::ranges::find(items, item) != items.end()) return;
  items.push_back(std::move(item));
}

void FeedDraft::offer(Candidate& held, std::string_view text, int rank, FeedTextKind kind,
                      std::string_view base) {
  if (rank >= held.rank || is_blank(text)) return;
  held.text = text;
  held.rank = rank;
  held.kind = kind;
  held.base = base;
}

void FeedDraft::set_title(std::string_view text, FeedTextKind kind, int rank) {
  offer(title_, text, rank, kind, {});
}
void FeedDraft::set_summary(std::string_view text, FeedTextKind kind, int rank) {
  offer(summary_, text, rank, kind, {});
}
void FeedDraft::set_body(std::string text, FeedTextKind kind, int rank, std::string_view base) {
  if (rank >= body_.rank || is_blank(text)) return;
  body_ = {std::move(text), rank, kind, std::string(base)};
}
void FeedDraft::set_id(std::string_view text, int rank) {
  if (is_fit_for_id(strip(text))) offer(id_, strip(text), rank, {}, {});
}
void FeedDraft::set_url(std::string_view reference, std::string_view base, int rank) {
  offer(url_, address_of(reference), rank, {}, base);
}
void FeedDraft::set_image(std::string_view reference, std::string_view base, int rank) {
  offer(image_, address_of(reference), rank, {}, base);
}
void FeedDraft::set_published(std::string_view text, int rank) {
  offer(published_, text, rank, {}, {});
}
void FeedDraft::set_updated(std::string_view text, int rank) {
  offer(updated_, text, rank, {}, {});
}

void FeedDraft::add_author(std::string name, int rank) {
  if (name.empty() || rank > author_rank_) return;
  if (rank < author_rank_) story_.authors.clear();
  author_rank_ = rank;
  add_new(story_.authors, std::move(name), max_list_items);
}

void FeedDraft::add_topic(std::string_view text, FeedTextKind kind) {
  add_new(story_.topics, feed_line(text, kind), max_list_items);
}

void FeedDraft::add_keywords(std::string_view text) {
  while (!text.empty()) {
    const auto comma = text.find(',');
    add_topic(text.substr(0, comma), FeedTextKind::either);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
}

void FeedDraft::add_enclosure(std::string_view reference, std::string_view base, std::string_view type,
                              std::string_view bytes) {
  auto& all = story_.enclosures;
  auto url = resolve_url(address_of(reference), base);
  if (!url || all.size() == max_enclosures) return;
  if (std::any_of(all.begin(), all.end(), [&](const Enclosure& one) { return one.url == *url; })) return;
  Enclosure enclosure{*std::move(url), tidy_line(cut_text(type, max_type_bytes)), 0};
  bytes = strip(bytes);
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), number);
  if (failed == std::errc{} && end == bytes.data() + bytes.size() && number <= INT64_MAX)
    enclosure.bytes = number;
  all.push_back(std::move(enclosure));
}

void FeedDraft::finish_body(Story& story) const {
  if (body_.rank == none || body_.kind == FeedTextKind::base64) return;
  const bool is_html =
      body_.kind == FeedTextKind::html || (body_.kind == FeedTextKind::either && looks_like_html(body_.text));
  if (!is_html) {
    story.body_text = tidy_text(body_.text);
    return;
  }
  auto clean = clean_html(body_.text, body_.base);
  if (story.image.empty()) story.image = std::move(clean.image);
  take_body(std::move(clean), story);
}

void FeedDraft::finish_places(Reading& reading, std::string_view feed_url, Story& story) const {
  const auto absolute = [&](const Candidate& reference) {
    return resolve_url(reference.text, reference.base.empty() ? feed_url : std::string_view(reference.base));
  };
  if (url_.rank != none) {
    if (auto url = absolute(url_))
      story.url = *std::move(url);
    else
      reading.warn(line_, 0, "link: must be an http or https URL, or relative to one; left out");
  }
  if (image_.rank != none) story.image = absolute(image_).value_or("");
}

// What a description holds besides a line of text: a picture, which many feeds have nowhere else, and in
// feeds without content the whole story. Empty when it can have neither.
CleanHtml FeedDraft::clean_description(std::string_view base, const Story& story) const {
  if (summary_.rank == none || summary_.kind == FeedTextKind::text || summary_.kind == FeedTextKind::base64)
    return {};
  const bool may_be_body = body_.rank == none && has_blocks(summary_.text);
  const bool may_have_image = story.image.empty() && summary_.text.find("<img") != std::string::npos;
  if (!may_be_body && !may_have_image) return {};
  return clean_html(may_be_body ? summary_.text : cut_text(summary_.text, max_summary_bytes), base);
}

Story FeedDraft::finish(Reading& reading, std::string_view feed_url, const Story& feed) {
  Story story = std::move(story_);
  story.title = feed_line(title_.text, title_.kind);
  story.summary = feed_line(cut_text(summary_.text, max_summary_bytes), summary_.kind);
  story.id = id_.text;
  finish_places(reading, feed_url, story);
  finish_body(story);
  auto description = clean_description(story.url.empty() ? feed_url : story.url, story);
  if (story.image.empty()) story.image = std::move(description.image);
  if (published_.rank != none) story.published = read_feed_date(reading, published_.text, "published", line_);
  if (updated_.rank != none) story.updated = read_feed_date(reading, updated_.text, "updated", line_);
  if (!story.published) story.published = story.updated;
  if (!language_.empty()) story.language = read_feed_language(reading, language_, line_);
  if (story.language.empty()) story.language = feed.language;
  if (story.authors.empty() && !source_author_.empty()) story.authors.push_back(source_author_);
  if (story.authors.empty()) story.authors = feed.authors;
  // A story that says nothing about itself is still a story: the feed lists it.
  if (story.id.empty() && story.url.empty() && story.title.empty()) story.id = id_by_content(story);
  if (body_.rank == none && is_whole_story(description.text)) take_body(std::move(description), story);
  return story;
}

std::optional<Time> read_feed_date(Reading& reading, std::string_view text, std::string_view label,
                                   int line) {
  const auto written = tidy_line(cut_text(text, 200));
  const auto date = parse_feed_date(written, reading.options.default_zone);
  if (!date) {
    reading.warn(line, 0,
                 fmt::format("{}: cannot read the date \"{}\"; left out", label, cut_text(written, 60)));
    return std::nullopt;
  }
  if (!date->doubt.empty()) reading.warn(line, 0, fmt::format("{}: {}", label, date->doubt));
  return date->time;
}

std::string read_feed_language(Reading& reading, std::string_view text, int line) {
  Field field;
  field.name = field.label = "language";
  field.values.emplace_back(cut_text(text, 100));
  field.line = line;
  Story story;
  static_cast<void>(assign_field(field, story, reading));
  return story.language;
}

}  // namespace crier
