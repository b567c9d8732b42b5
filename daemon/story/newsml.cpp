#include "story/newsml.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/encoding.hpp"
#include "story/charset.hpp"
#include "story/feed_draft.hpp"
#include "story/feed_text.hpp"
#include "story/fields.hpp"
#include "story/html.hpp"
#include "story/media_topics.hpp"
#include "story/plain_text.hpp"
#include "story/url_reference.hpp"

namespace crier {
namespace {

constexpr std::size_t max_text_bytes = 4U << 20;

// Of a code or a URI: "stat:usable" and "http://cv.iptc.org/newscodes/pubstatusg2/usable" → "usable".
std::string code_of(std::span<const XmlAttribute> attributes) {
  auto code = trim(find_attribute(attributes, "qcode"));
  if (code.empty()) code = trim(find_attribute(attributes, "uri"));
  const auto before = code.find_last_of(":/");
  return ascii_lower(before == std::string_view::npos ? code : code.substr(before + 1));
}

bool is_other_item(std::string_view name) {
  return name == "packageitem" || name == "knowledgeitem" || name == "conceptitem" ||
         name == "planningitem" || name == "catalogitem";
}

// NITF's names for what HTML calls otherwise; the rest is HTML's or goes in cleaning.
std::string_view html_name(std::string_view name) {
  if (name == "hl2") return "h2";
  if (name == "hl1") return "h1";
  return name;
}

}  // namespace

void NewsmlReader::start(const XmlName& name, std::span<const XmlAttribute> attributes, int line) {
  line_ = line;
  auto local = ascii_lower(name.local);
  path_.push_back(local);
  if (ignored_depth_ > 0) return;
  if (body_depth_ > 0) return open_body(local, attributes);
  text_.clear();
  if (local == "newsitem")
    open_item(attributes, line);
  else if (is_other_item(local)) {
    ignored_depth_ = path_.size();
    reading_.warn(line, 0, fmt::format("{} holds no story of its own; left out", std::string(name.local)));
  } else if (item_) {
    open(local, attributes);
  }
}

void NewsmlReader::open_item(Attributes attributes, int line) {
  finish_item();
  item_.emplace();
  item_->line = line;
  assign("id", find_attribute(attributes, "guid"));
  if (const auto version = find_attribute(attributes, "version"); !version.empty())
    assign("version", version);
  for (const auto& one : attributes)
    if (one.name.prefix == "xml" && one.name.local == "lang") assign("language", one.value);
}

void NewsmlReader::open(const std::string& name, Attributes attributes) {
  role_ = ascii_lower(find_attribute(attributes, "role"));
  if (name == "itemclass") {
    item_->item_class = code_of(attributes);
  } else if (name == "pubstatus") {
    assign("status", code_of(attributes));
  } else if (name == "signal") {
    if (code_of(attributes).starts_with("correct")) item_->story.correction.emplace();
  } else if (name == "language") {
    if (const auto tag = find_attribute(attributes, "tag"); !tag.empty()) assign("language", tag);
  } else if (name == "subject") {
    code_ = find_attribute(attributes, "qcode").empty() ? find_attribute(attributes, "uri")
                                                        : find_attribute(attributes, "qcode");
    name_.clear();
    is_place_ = ascii_lower(find_attribute(attributes, "type")).ends_with("geoarea");
  } else if (name == "inlinexml" || name == "inlinedata") {
    body_depth_ = path_.size();
    wanted_depth_ = 0;
    body_is_over_ = false;
    const auto type = find_attribute(attributes, "contenttype");
    body_is_html_ = name == "inlinexml" || feed_text_kind(type, FeedTextKind::text) == FeedTextKind::html;
  } else if (name == "remotecontent") {
    auto url = resolve_url(find_attribute(attributes, "href"), reading_.options.url);
    auto& story = item_->story;
    if (!url || story.enclosures.size() == max_enclosures) return;
    auto type = tidy_line(cut_text(find_attribute(attributes, "contenttype"), max_type_bytes));
    if (type.starts_with("image/") && story.image.empty()) story.image = *url;
    story.enclosures.push_back({*std::move(url), std::move(type), 0});
  }
}

// Of a whole document inside, the body alone: <body> of XHTML, <body.content> of NITF.
void NewsmlReader::open_body(const std::string& name, Attributes attributes) {
  const bool is_nitf =
      std::find(path_.begin() + static_cast<std::ptrdiff_t>(body_depth_), path_.end(), "nitf") != path_.end();
  if (!body_is_over_ && wanted_depth_ == 0 && name == (is_nitf ? "body.content" : "body")) {
    wanted_depth_ = path_.size();
    text_.clear();
    return;
  }
  if (body_is_over_ || text_.size() > max_text_bytes) return;
  text_.append("<").append(html_name(name));
  for (const auto& one : attributes)
    if (one.name.prefix.empty())
      text_.append(" ").append(one.name.local).append("=\"").append(html_escape(one.value)).append("\"");
  text_ += '>';
}

void NewsmlReader::text(std::string_view text) {
  if (!item_ || ignored_depth_ > 0 || text_.size() > max_text_bytes) return;
  if (body_depth_ == 0)
    append_repaired_controls(text_, text);
  else if (!body_is_over_)
    // Markup of inline data is text of XML; of inline XML it was read as elements.
    append_repaired_controls(text_, path_.size() == body_depth_ && path_.back() == "inlinedata"
                                        ? std::string(text)
                                        : html_escape(text));
}

void NewsmlReader::end() {
  const auto depth = path_.size();
  const auto name = std::move(path_.back());
  path_.pop_back();
  if (ignored_depth_ > 0) {
    if (depth == ignored_depth_) ignored_depth_ = 0;
  } else if (depth == body_depth_) {
    close_body();
  } else if (body_depth_ > 0) {
    if (depth == wanted_depth_)
      body_is_over_ = true;
    else if (!body_is_over_)
      text_.append("</").append(html_name(name)).append(">");
  } else if (name == "newsitem") {
    finish_item();
  } else if (item_) {
    close(name, path_.empty() ? std::string_view() : std::string_view(path_.back()));
    text_.clear();
  }
}

void NewsmlReader::close(std::string_view name, std::string_view parent) {
  auto& story = item_->story;
  const auto line = [&] { return feed_line(text_, FeedTextKind::either); };
  if (name == "headline") {
    const bool is_main = role_.empty() || role_.ends_with("main") || role_.ends_with("headline");
    if (story.title.empty() || (is_main && !item_->has_main_headline)) story.title = line();
    item_->has_main_headline = item_->has_main_headline || is_main;
  } else if (name == "title" && parent == "itemmeta") {
    item_->title = line();
  } else if (name == "embargoed") {
    assign("embargo", trim(text_));
  } else if (name == "urgency") {
    assign("urgency", trim(text_));
  } else if (name == "versioncreated") {
    item_->version_created = text_;
  } else if (name == "firstcreated" || (name == "contentcreated" && item_->first_created.empty())) {
    item_->first_created = text_;
  } else if (name == "description") {
    if (story.summary.empty() || role_.ends_with("summary")) story.summary = line();
  } else if (name == "by") {
    auto byline = line();
    if (ascii_lower(byline).starts_with("by ")) byline.erase(0, 3);
    assign("authors", byline);
  } else if (name == "name" && parent == "creator") {
    item_->creator = line();
  } else if (name == "name" && parent == "subject") {
    if (name_.empty()) name_ = line();
  } else if (name == "subject") {
    add_new(is_place_ ? story.regions : story.topics, name_.empty() ? media_topic_name(code_) : name_,
            max_list_items);
  } else if (name == "keyword") {
    add_new(story.topics, line(), max_list_items);
  }
}

void NewsmlReader::close_body() {
  body_depth_ = 0;
  auto& story = item_->story;
  if (!item_->has_body && text_.find_first_not_of(" \t\n") != std::string::npos) {
    item_->has_body = true;
    if (body_is_html_) {
      auto clean = clean_html(text_, reading_.options.url);
      story.body_html = std::move(clean.html);
      story.body_text = std::move(clean.text);
      for (const auto& heading : clean.headings) add_heading(story, heading);
      if (story.image.empty()) story.image = std::move(clean.image);
    } else {
      story.body_text = tidy_text(text_);
    }
  }
  text_.clear();
}

void NewsmlReader::assign(std::string_view name, std::string_view value) {
  Field field;
  field.name = field.label = std::string(name);
  field.values.emplace_back(value);
  field.line = line_;
  if (const auto assigned = assign_field(field, item_->story, reading_); !assigned && item_->refusal.empty())
    item_->refusal = assigned.error().message;
}

void NewsmlReader::finish_dates() {
  auto& story = item_->story;
  const auto &first = item_->first_created, &version = item_->version_created;
  if (!version.empty()) story.updated = read_feed_date(reading_, version, "versionCreated", item_->line);
  if (!first.empty()) story.published = read_feed_date(reading_, first, "firstCreated", item_->line);
  if (!story.published) story.published = story.updated;
}

void NewsmlReader::finish_item() {
  body_depth_ = 0;
  if (!item_) return;
  auto& item = *item_;
  auto& story = item.story;
  finish_dates();
  if (story.title.empty()) story.title = item.title;
  if (story.authors.empty() && !item.creator.empty()) story.authors.push_back(item.creator);
  static constexpr std::array<std::string_view, 5> media{"picture", "graphic", "video", "audio", "animation"};
  const bool is_media = std::find(media.begin(), media.end(), item.item_class) != media.end();
  if (!item.refusal.empty())
    reading_.refuse(item.line, 0, item.refusal);
  else if (is_media && !item.has_body)
    reading_.warn(item.line, 0, fmt::format("a {} without a text is no story; left out", item.item_class));
  else if (story.id.empty() && story.title.empty())
    reading_.refuse(item.line, 0, "the item has neither a guid nor a headline");
  else if (!is_full())
    reading_.add(std::move(story), {{"", {item.line, 0}}});
  item_.reset();
}

void NewsmlReader::finish() {
  finish_item();
  auto& source = reading_.source;
  source.format = "newsml-g2";
  if (!source.stories.empty()) source.language = source.stories.front().language;
  reading_.drop_surplus(line_);
}

}  // namespace crier
