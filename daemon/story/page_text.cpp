// Page text: a news page as its text was scraped or copied, without markup.
// Such a page has a head (menus, logo, label, title, date, tags, byline, credit, share buttons, in no fixed
// order) and a body that starts at the first full paragraph. page_line.hpp judges single lines; here their
// order decides: the title stands before the date, tags right under it, whatever came before the title is no
// part of the story.

#include <algorithm>
#include <unordered_set>

#include <fmt/core.h>

#include "base/encoding.hpp"
#include "story/fields.hpp"
#include "story/html.hpp"
#include "story/identity.hpp"
#include "story/named_fields.hpp"
#include "story/page_line.hpp"
#include "story/page_tags.hpp"
#include "story/plain_text.hpp"
#include "story/reading.hpp"

namespace crier {
namespace {

constexpr std::size_t max_head_lines = 300;  // what a page puts before its story; more is text

struct Line {
  int number;  // from 1
  bool after_blank;
  std::string text;  // tidy, never empty
};

enum class Role { plain, paragraph, bullet, date, byline, credit, share, tags, noise };

struct Block {
  enum class Kind { paragraph, heading, item };
  Kind kind;
  std::string text;
};

std::vector<Line> split_lines(std::string_view text, int first_number) {
  std::vector<Line> lines;
  bool after_blank = true;
  for (int number = first_number; !text.empty(); ++number) {
    const auto end = text.find('\n');
    auto line = tidy_line(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const bool blank = line.empty();
    if (!blank) lines.push_back({number, after_blank, std::move(line)});
    after_blank = blank;
  }
  return lines;
}

// Whether a program that fills lines up to `width` would have broken between these two.
bool breaks_at_width(const std::string& line, const std::string& next, std::size_t width) {
  return line.size() + 1 + std::min(next.find(' '), next.size()) > width;
}

// "1. Close the gates", "2) Call the pilot": of a list that is counted.
bool is_numbered(std::string_view line) {
  const auto digits = std::min(line.find_first_not_of("0123456789"), line.size());
  return digits > 0 && digits <= 3 && digits + 1 < line.size() &&
         (line[digits] == '.' || line[digits] == ')') && line[digits + 1] == ' ';
}

// Puts paragraphs together again that were broken at some 72 columns, as mail and wires do. A text with
// longer lines has a paragraph a line and stays as it is.
void join_wrapped(std::vector<Line>& lines) {
  std::size_t width = 0;
  for (const auto& line : lines) width = std::max(width, line.text.size());
  if (width < 45 || width > 110) return;
  std::vector<Line> joined;
  for (std::size_t from = 0; from < lines.size();) {
    auto to = from + 1;
    while (to < lines.size() && !lines[to].after_blank &&
           breaks_at_width(lines[to - 1].text, lines[to].text, width))
      ++to;
    const bool is_paragraph = page::ends_sentence(lines[to - 1].text) && !page::bullet_text(lines[from].text);
    joined.push_back(std::move(lines[from]));
    for (auto at = from + 1; at < to; ++at) {
      if (is_paragraph)
        joined.back().text += " " + lines[at].text;
      else
        joined.push_back(std::move(lines[at]));
    }
    from = to;
  }
  lines = std::move(joined);
}

class PageReader {
 public:
  /// `text` is all of the reading's, or what is left of it from `first_line` on.
  PageReader(Reading& reading, std::string_view text, int first_line)
      : reading_(reading), tag_reader_(reading.options.vocabulary), lines_(split_lines(text, first_line)) {
    join_wrapped(lines_);
  }

  Story read() {
    judge_head();
    choose_title();
    return read_lines();
  }

  /// Of a text whose title is known: it has no head.
  Story read_lines() {
    for (std::size_t i = 0; i < head_roles_.size(); ++i) read_head_line(i);
    for (auto i = head_roles_.size(); i < lines_.size(); ++i) read_body_line(i);
    settle_headings();
    write_body();
    return std::move(story_);
  }

  FieldPlaces places() const {
    FieldPlaces places{{"", {1, 1}}};
    if (title_at_ != none) places["title"] = {lines_[title_at_].number, 1};
    if (date_at_ != none) places["published"] = places["updated"] = {lines_[date_at_].number, 1};
    return places;
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  Role judge(const Line& line) {
    const std::string_view text = line.text;
    if (page::is_advert(text) || page::is_icon(text) || !page::site_of_logo(text).empty()) return Role::noise;
    if (page::read_date_line(text, reading_.options.default_zone)) return Role::date;
    if (!page::byline_authors(text).empty()) return Role::byline;
    if (page::is_share_bar(text, 1)) return Role::share;
    if (page::is_furniture(text)) return Role::noise;
    if (page::is_credit(text) || page::is_caption(text)) return Role::credit;
    if (page::is_pointer(text)) return Role::noise;
    if (page::bullet_text(text)) return Role::bullet;
    if (tag_reader_.knows(text)) return Role::tags;
    return page::is_paragraph(text) ? Role::paragraph : Role::plain;
  }

  // The head ends at the first paragraph that is not a standfirst.
  void judge_head() {
    const auto limit = std::min(lines_.size(), max_head_lines);
    for (std::size_t i = 0; i < limit; ++i) {
      const auto role = judge(lines_[i]);
      if (role == Role::paragraph && !is_standfirst(i)) return;
      head_roles_.push_back(role);
      if (role == Role::date && date_at_ == none) date_at_ = i;
    }
  }

  // A sentence under the title: date or byline follow it within three lines.
  bool is_standfirst(std::size_t at) {
    if (date_at_ != none || at == 0) return false;
    for (auto i = at + 1; i < std::min(at + 4, lines_.size()); ++i) {
      const auto role = judge(lines_[i]);
      if (role == Role::paragraph) return false;
      if (role == Role::date || role == Role::byline) return true;
    }
    return false;
  }

  // Where what belongs to the title begins: the date, else byline, credit or share buttons.
  std::size_t find_anchor() const {
    if (date_at_ != none) return date_at_;
    for (std::size_t i = 0; i < head_roles_.size(); ++i)
      if (head_roles_[i] == Role::byline || head_roles_[i] == Role::credit || head_roles_[i] == Role::share)
        return i;
    return none;
  }

  // "Harbour Post Briefing"; a headline about the site itself is longer.
  bool is_label_of_site(const std::string& text) const {
    return !story_.site.empty() && text.starts_with(story_.site) &&
           count_words(text) <= count_words(story_.site) + 2;
  }

  bool is_candidate(std::size_t at) const {
    return head_roles_[at] == Role::plain && !is_label_of_site(lines_[at].text);
  }

  void choose_title() {
    for (std::size_t i = 0; i < head_roles_.size() && story_.site.empty(); ++i)
      story_.site = page::site_of_logo(lines_[i].text);
    anchor_ = find_anchor();
    if (anchor_ != none) title_at_ = last_candidate(anchor_);
    if (title_at_ == none) title_at_ = first_candidate();
    if (title_at_ == none && head_roles_.empty() && !lines_.empty()) {
      // A text of paragraphs alone; its first is the title when it is short enough to be one.
      constexpr std::size_t longest_title = 200;
      if (lines_.front().text.size() > longest_title) return;
      head_roles_.push_back(Role::plain);
      title_at_ = 0;
    }
    if (title_at_ != none) story_.title = lines_[title_at_].text;
  }

  // Labels come before the title, so the last line before the date is the one; a short sentence there is a
  // standfirst when a title stands above it, and a label of one or two words gives way to a longer line.
  std::size_t last_candidate(std::size_t before) const {
    std::size_t last = none, last_long = none;
    for (std::size_t i = 0; i < before; ++i) {
      if (!is_candidate(i)) continue;
      const auto& text = lines_[i].text;
      const bool is_sentence = text.ends_with('.') && last_long != none;
      if (is_sentence) continue;
      last = i;
      // Of letters that need no spaces a name has four, and each counts as a word.
      const bool is_spaced = text.find(' ') != std::string::npos;
      if (count_words(text) >= (is_spaced ? 3U : 7U)) last_long = i;
    }
    return last_long != none ? last_long : last;
  }

  std::size_t first_candidate() const {
    std::size_t first = none;
    for (std::size_t i = 0; i < head_roles_.size(); ++i) {
      if (!is_candidate(i)) continue;
      if (count_words(lines_[i].text) >= 3) return i;
      if (first == none) first = i;
    }
    return first;
  }

  void read_head_line(std::size_t i) {
    const auto& line = lines_[i];
    switch (head_roles_[i]) {
      case Role::date:
        return read_date(line);
      case Role::byline:
        return add_authors(page::byline_authors(line.text));
      case Role::tags:
        return add_tags(line.text);
      case Role::paragraph:
        story_.summary = line.text;
        return;
      case Role::bullet:
        return read_head_bullet(i);
      case Role::plain:
        return read_plain_head_line(i);
      case Role::credit:
      case Role::share:
      case Role::noise:
        return;
    }
  }

  void read_plain_head_line(std::size_t i) {
    const auto& line = lines_[i];
    const bool above_title = title_at_ == none || i < title_at_;
    const bool above_anchor = anchor_ != none && i < anchor_;
    if (i == title_at_) return;
    if (!above_title && date_at_ == i + 1 && page::is_name(line.text))
      add_authors({line.text});
    else if (!above_title && above_anchor && page::ends_sentence(line.text))
      story_.summary = line.text;
    else if (above_title || above_anchor)
      labels_.insert(line.text);
    else if (date_at_ != none && i == date_at_ + 1 && !line.after_blank &&
             tag_reader_.resembles_tags(line.text))
      add_tags(line.text);
    else
      read_body_line(i);
  }

  void read_head_bullet(std::size_t i) {
    const bool above_title = title_at_ == none || i < title_at_ || (anchor_ != none && i < anchor_);
    if (!above_title) return read_body_line(i);
    if (const auto entry = page::bullet_text(lines_[i].text)) menu_.emplace(*entry);
  }

  void read_date(const Line& line) {
    auto date = page::read_date_line(line.text, reading_.options.default_zone);
    if (!date) return;
    if (!story_.published) story_.published = date->published;
    if (!story_.updated) story_.updated = date->updated;
    for (auto& doubt : date->doubts) reading_.warn(line.number, 1, std::move(doubt));
    add_authors(std::move(date->authors));
  }

  void add_authors(std::vector<std::string> names) {
    for (auto& name : names)
      if (std::find(story_.authors.begin(), story_.authors.end(), name) == story_.authors.end())
        story_.authors.push_back(std::move(name));
  }

  void add_tags(const std::string& text) {
    const auto add = [](std::vector<std::string>& to, std::vector<std::string>&& tags) {
      for (auto& tag : tags)
        if (std::find(to.begin(), to.end(), tag) == to.end()) to.push_back(std::move(tag));
    };
    auto tags = tag_reader_.read(text);
    add(story_.topics, std::move(tags.topics));
    add(story_.regions, std::move(tags.regions));
  }

  bool is_body_noise(const std::string& text) const {
    return page::is_advert(text) || page::is_icon(text) || page::is_share_bar(text, 2) ||
           page::is_furniture(text) || page::is_credit(text) || page::is_pointer(text) ||
           text == story_.title || labels_.contains(text) || is_own_logo(text) || is_slogan(text);
  }

  bool is_own_logo(const std::string& text) const {
    const auto site = page::site_of_logo(text);
    return !site.empty() && site == story_.site;
  }

  // "Harbour Briefing: all that matters by the sea." under a label "Harbour Briefing".
  bool is_slogan(const std::string& text) const {
    constexpr std::size_t longest_slogan = 15;  // words
    const auto name = text.substr(0, std::min(text.find(':'), text.size()));
    const bool is_own_name = labels_.contains(name) || (!name.empty() && name == story_.site);
    return name.size() < text.size() && is_own_name && count_words(text) <= longest_slogan;
  }

  void read_body_line(std::size_t i) {
    const auto& text = lines_[i].text;
    if (is_body_noise(text)) return;
    if (const auto item = page::bullet_text(text)) {
      if (!item->empty() && !menu_.contains(std::string(*item)))
        blocks_.push_back({Block::Kind::item, std::string(*item)});
      return;
    }
    constexpr std::size_t longest_heading = 10;  // words
    const bool open_end =
        !page::ends_sentence(text) && std::string_view(":;,").find(text.back()) == std::string_view::npos;
    const bool is_heading =
        !is_numbered(text) && (open_end || text.ends_with('?')) && count_words(text) <= longest_heading;
    blocks_.push_back({is_heading ? Block::Kind::heading : Block::Kind::paragraph, text});
  }

  // A heading with nothing under it was a link to something else; where all are headings, none is.
  void settle_headings() {
    const auto is_heading = [](const Block& block) { return block.kind == Block::Kind::heading; };
    if (std::all_of(blocks_.begin(), blocks_.end(), is_heading))
      for (auto& block : blocks_) block.kind = Block::Kind::paragraph;
    while (!blocks_.empty() && is_heading(blocks_.back())) blocks_.pop_back();
  }

  void write_body() {
    bool in_list = false;
    const auto add_html = [&](std::string_view line) {
      if (!story_.body_html.empty()) story_.body_html += '\n';
      story_.body_html += line;
    };
    for (const auto& block : blocks_) {
      const bool is_item = block.kind == Block::Kind::item;
      if (is_item != in_list) add_html(is_item ? "<ul>" : "</ul>");
      in_list = is_item;
      const std::string_view tag = is_item ? "li" : block.kind == Block::Kind::heading ? "h2" : "p";
      add_html(fmt::format("<{0}>{1}</{0}>", tag, html_escape(block.text)));
      if (!story_.body_text.empty()) story_.body_text += "\n\n";
      story_.body_text += (is_item ? "• " : "") + block.text;
      if (block.kind == Block::Kind::heading) add_heading(story_, block.text);
      if (story_.summary.empty() && block.kind == Block::Kind::paragraph) story_.summary = block.text;
    }
    if (in_list) add_html("</ul>");
    story_.body_html = clean_html(story_.body_html, {}).html;  // in the one form that crier's HTML has
  }

  Reading& reading_;
  page::TagReader tag_reader_;
  std::vector<Line> lines_;
  std::vector<Role> head_roles_;  // of the first lines; the body begins after them
  std::size_t date_at_ = none;
  std::size_t anchor_ = none;
  std::size_t title_at_ = none;
  std::unordered_set<std::string> labels_;  // lines of the head that are not of the story
  std::unordered_set<std::string> menu_;
  std::vector<Block> blocks_;
  Story story_;
};

}  // namespace

Result<void> read_page_text(Reading& reading) {
  if (reading.text.size() > max_prose_bytes)
    return reading.error(
        0, 0,
        fmt::format("a text of {} bytes is more than the limit of {}", reading.text.size(), max_prose_bytes));
  auto open = take_open_fields(reading.text);
  const auto text = open.fields.empty() ? reading.text : open.body;
  const auto lines_above =
      std::ranges::count(reading.text.substr(0, reading.text.size() - text.size()), '\n');
  PageReader page(reading, text, static_cast<int>(lines_above) + 1);
  const bool is_titled =
      std::ranges::any_of(open.fields, [](const Field& field) { return ascii_lower(field.name) == "title"; });
  auto story = is_titled ? page.read_lines() : page.read();
  auto places = page.places();
  if (const auto assigned = assign_named_fields(std::move(open.fields), story, places, reading); !assigned)
    return assigned.error();
  // Nothing but long paragraphs: the text is a story all the same.
  const bool is_nameless =
      story.id.empty() && story.title.empty() && story.url.empty() && reading.options.url.empty();
  if (is_nameless && !story.body_text.empty()) story.id = id_by_content(story);
  reading.add(std::move(story), std::move(places));
  return {};
}

}  // namespace crier
