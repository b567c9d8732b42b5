#include "story/feed.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/encoding.hpp"
#include "story/charset.hpp"
#include "story/fields.hpp"
#include "story/plain_text.hpp"
#include "story/url_reference.hpp"

namespace crier {
namespace {

constexpr std::size_t max_text_bytes = 4U << 20;        // of one value
constexpr std::size_t max_attribute_bytes = 64U << 10;  // of markup; longer ones are left out
constexpr std::size_t max_id_line_bytes = 2048;

std::string_view find_xml_attribute(std::span<const XmlAttribute> attributes, std::string_view name) {
  for (const auto& attribute : attributes)
    if (attribute.name.prefix == "xml" && attribute.name.local == name) return attribute.value;
  return {};
}

bool is_void_element(std::string_view name) {
  static constexpr std::array<std::string_view, 10> known{"area", "br",   "col",   "embed",  "hr",
                                                          "img",  "link", "param", "source", "wbr"};
  return std::find(known.begin(), known.end(), name) != known.end();
}

// A colour picture by its type, or by its name when there is no type.
bool is_picture(std::string_view type, std::string_view medium, std::string_view url) {
  if (!medium.empty()) return medium == "image";
  if (!type.empty()) return ascii_lower(type.substr(0, 6)) == "image/";
  const auto path = ascii_lower(url.substr(0, url.find_first_of("?#")));
  static constexpr std::array<std::string_view, 6> endings{".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif"};
  return std::any_of(endings.begin(), endings.end(), [&](auto ending) { return path.ends_with(ending); });
}

// The registered relations may be written as what they stand for (RFC 4287 §4.2.7.2).
std::string_view relation_name(std::string_view relation) {
  static constexpr std::string_view registry = "http://www.iana.org/assignments/relation/";
  return relation.starts_with(registry) ? relation.substr(registry.size()) : relation;
}

bool is_atom_space(std::string_view space) {
  if (space.empty()) return false;
  const auto lower = ascii_lower(space);
  return lower.ends_with("w3.org/2005/atom") || lower == "http://purl.org/atom/ns#";
}

std::string decode_base64(std::string_view text) {
  std::string packed;
  packed.reserve(text.size());
  for (const char c : text)
    if (c != ' ' && c != '\n' && c != '\t') packed += c;
  auto bytes = from_base64(packed);
  if (!bytes || !is_valid_utf8(*bytes) || bytes->find('\0') != std::string::npos) return {};
  return *std::move(bytes);
}

}  // namespace

FeedReader::FeedReader(Reading& reading) : reading_(reading) {
  const auto& options = reading.options;
  const auto location = header_value(options.headers, "content-location");
  if (auto from = resolve_url(location.empty() ? options.url : location, options.url))
    bases_.push_back({0, *std::move(from)});
  else if (!options.url.empty())
    bases_.push_back({0, options.url});
  const auto tag = header_value(options.headers, "content-language");
  if (!tag.empty()) feed_.language = read_feed_language(reading, tag.substr(0, tag.find(',')), 0);
}

bool FeedReader::is_full() const {
  return items_.size() > max_stories;  // by one, which tells that there are more
}

FeedReader::Frame FeedReader::make_frame(const XmlName& name) const {
  Frame frame;
  frame.text_from = text_.size();
  if (!frames_.empty()) {
    const auto& parent = frames_.back();
    frame.is_aside = parent.is_aside;
    frame.is_markup = parent.is_markup || parent.takes_markup;
  }
  if (!frame.is_markup) frame.name = feed_name(feed_space(name), name.local);
  return frame;
}

void FeedReader::enter_scopes(const Frame& frame, Attributes attributes, int line) {
  const auto depth = frames_.size() + 1;
  if (const auto own_base = find_xml_attribute(attributes, "base"); !own_base.empty())
    if (auto absolute = resolve_url(own_base, base())) bases_.push_back({depth, *std::move(absolute)});
  const auto tag = find_xml_attribute(attributes, "lang");
  if (tag.empty()) return;
  languages_.push_back({depth, std::string(tag)});
  if (frame.name.element == FeedElement::feed) feed_.language = read_feed_language(reading_, tag, line);
}

void FeedReader::start(const XmlName& name, std::span<const XmlAttribute> attributes, int line) {
  line_ = line;
  if (frames_.empty()) name_version(name, attributes);
  auto frame = make_frame(name);
  enter_scopes(frame, attributes, line);
  if (frame.is_markup)
    start_markup(frame, name, attributes);
  else
    open(frame, name, attributes, line);
  frames_.push_back(std::move(frame));
}

void FeedReader::start_markup(Frame& frame, const XmlName& name, Attributes attributes) {
  auto& around = frames_.back();
  if (around.takes_markup && !around.has_markup) {
    // Until now it was text; what looks like markup in it is none.
    if (around.kind != FeedTextKind::html || around.is_xhtml) {
      const auto before = html_escape(std::string_view(text_).substr(around.text_from));
      text_.replace(around.text_from, std::string::npos, before);
    }
    around.has_markup = true;
    around.kind = FeedTextKind::html;
    frame.is_hidden = around.is_xhtml && name.local == "div";
  }
  frame.is_void = is_void_element(name.local);
  frame.local = name.local;
  if (!frame.is_hidden) open_markup(name, attributes);
}

void FeedReader::name_version(const XmlName& name, Attributes attributes) {
  const auto root = ascii_lower(name.local);
  const auto version = trim(find_attribute(attributes, "version"));
  if (root == "rss") {
    static constexpr std::array<std::string_view, 5> old{"0.90", "0.91", "0.92", "0.93", "0.94"};
    const auto known = std::find(old.begin(), old.end(), version);
    format_ = known != old.end()           ? "rss0" + std::string(known->substr(2))
              : version.starts_with("2")   ? "rss20"
              : version.starts_with("1.0") ? "rss10"
                                           : "rss";
  } else if (root == "feed" || root == "entry") {
    format_ = version == "0.3" || name.space.ends_with("atom/ns#") ? "atom03"
              : is_atom_space(name.space)                          ? "atom10"
                                                                   : "atom";
  } else if (root == "channel" && (!find_attribute(attributes, "href").empty() ||
                                   !find_attribute(attributes, "lastmod").empty())) {
    format_ = "cdf";
    feed_draft_.set_updated(find_attribute(attributes, "lastmod"), 1);
    if (auto own_base = resolve_url(find_attribute(attributes, "base"), base()))
      bases_.push_back({1, *std::move(own_base)});
    feed_draft_.set_url(find_attribute(attributes, "href"), base(), 0);
  } else {
    format_ = "rss";
  }
}

// RDF documents do not number their version: the vocabulary of their channel or items tells it.
void FeedReader::name_rdf_version(std::string_view vocabulary) {
  if (format_ != "rss") return;
  const auto space = ascii_lower(vocabulary);
  if (space.starts_with("http://purl.org/rss/1.0")) format_ = "rss10";
  if (space.find("netscape.com/rdf/simple/0.9") != std::string::npos) format_ = "rss090";
}

bool FeedReader::is_atom_name(const XmlName& name) const {
  return is_atom_space(name.space) || (name.space.empty() && name.prefix.empty() && is_atom());
}

void FeedReader::open(Frame& frame, const XmlName& name, Attributes attributes, int line) {
  switch (frame.name.element) {
    case FeedElement::item:
      return open_item(frame, name, attributes, line);
    case FeedElement::feed:
      return name_rdf_version(name.space);
    case FeedElement::unknown:
      return;
    case FeedElement::source:
    case FeedElement::aside:
      frame.is_aside = true;
      frame.captures = item_.has_value();
      return;
    case FeedElement::media_content:
    case FeedElement::media_thumbnail:
    case FeedElement::enclosure:
      if (item_) open_media(frame.name.element, attributes);
      frame.is_aside = frame.is_aside || frame.name.element == FeedElement::media_content;
      return;
    case FeedElement::item_image:
      if (item_) item_->set_image(find_attribute(attributes, "href"), base(), 4);
      return;
    case FeedElement::image_url:
      frame.captures = frame.is_aside && item_;
      return;
    default:
      return open_text(frame, name, attributes);
  }
}

void FeedReader::open_item(Frame& frame, const XmlName& name, Attributes attributes, int line) {
  finish_item();
  name_rdf_version(name.space);
  frame.opens_item = true;
  frame.is_aside = false;
  item_.emplace(line);
  item_->set_url(find_attribute(attributes, "href"), base(), 4);  // CDF's, as the next
  item_->set_updated(find_attribute(attributes, "lastmod"), 1);
  for (const auto& attribute : attributes) {
    if (feed_space(attribute.name) != FeedSpace::rdf || attribute.name.local != "about") continue;
    item_->set_id(attribute.value, 1);
    item_->set_url(attribute.value, base(), 4);
  }
}

void FeedReader::open_link(Frame& frame, Attributes attributes) {
  const auto href = find_attribute(attributes, "href");
  frame.captures = href.empty();
  if (href.empty()) return;
  const auto written = ascii_lower(trim(find_attribute(attributes, "rel")));
  const auto relation = relation_name(written);
  const auto type = ascii_lower(find_attribute(attributes, "type"));
  if (relation == "enclosure") {
    if (!item_) return;
    item_->add_enclosure(href, base(), type, find_attribute(attributes, "length"));
    if (is_picture(type, {}, href)) item_->set_image(href, base(), 3);
  } else if (relation == "hub" || relation == "self") {
    open_feed_link(relation, href);
  } else if (relation.empty() || relation == "alternate") {
    const bool is_page = type.empty() || type.find("html") != std::string::npos;
    about().set_url(href, base(), is_page ? 0 : 3);
  }
}

// The first of each counts; what an item says about itself does not.
void FeedReader::open_feed_link(std::string_view relation, std::string_view href) {
  auto& place = relation == "hub" ? hub_ : self_;
  if (!item_ && place.empty()) place = resolve_url(href, base()).value_or("");
}

void FeedReader::open_media(FeedElement element, Attributes attributes) {
  const auto either = [&](std::string_view first, std::string_view second) {
    const auto value = find_attribute(attributes, first);
    return value.empty() ? find_attribute(attributes, second) : value;
  };
  const auto url = either("url", "href");
  if (url.empty()) return;
  if (element == FeedElement::media_thumbnail) return item_->set_image(url, base(), 2);
  const auto type = find_attribute(attributes, "type");
  item_->add_enclosure(url, base(), type, either("length", "filesize"));
  const int rank = element == FeedElement::enclosure ? 3 : 1;
  if (is_picture(type, find_attribute(attributes, "medium"), url)) item_->set_image(url, base(), rank);
}

void FeedReader::open_text(Frame& frame, const XmlName& name, Attributes attributes) {
  const auto element = frame.name.element;
  if (frame.is_aside && !(item_ && (element == FeedElement::author || person_))) return;
  if (element == FeedElement::link) return open_link(frame, attributes);
  frame.captures = true;
  const auto type = find_attribute(attributes, "type");
  if (element == FeedElement::guid) {
    frame.is_permalink =
        name.local == "guid" && ascii_lower(find_attribute(attributes, "ispermalink")) != "false";
  } else if (element == FeedElement::author) {
    person_.emplace();
  } else if (element == FeedElement::topic) {
    for (const auto* says : {"label", "term", "text"}) {  // Atom's, Atom's, and that of podcasts
      const auto topic = find_attribute(attributes, says);
      if (item_) item_->add_topic(topic, FeedTextKind::text);
      if (!topic.empty()) break;
    }
  } else if (element == FeedElement::title || element == FeedElement::summary ||
             element == FeedElement::content) {
    // Atom 0.3: the forms of one content stand in it, each in an element of its own.
    if (element == FeedElement::content && ascii_lower(type.substr(0, 10)) == "multipart/") {
      frame.captures = false;
      return;
    }
    const bool is_html = element == FeedElement::content && !is_atom_name(name);
    frame.takes_markup = true;
    frame.kind = feed_text_kind(type, is_html              ? FeedTextKind::html
                                      : is_atom_name(name) ? FeedTextKind::text
                                                           : FeedTextKind::either);
    frame.is_xhtml = type == "xhtml" || type.ends_with("xml");
    frame.is_encoded =
        frame.kind == FeedTextKind::base64 || ascii_lower(find_attribute(attributes, "mode")) == "base64";
    if (element == FeedElement::content) about().set_url(find_attribute(attributes, "src"), base(), 5);
  }
}

// Names alone, without the vocabulary's prefix: HTML has none.
void FeedReader::open_markup(const XmlName& name, Attributes attributes) {
  text_.append("<").append(name.local);
  for (const auto& attribute : attributes) {
    if (!attribute.name.prefix.empty() || attribute.value.size() > max_attribute_bytes) continue;
    text_.append(" ").append(attribute.name.local).append("=\"");
    text_.append(html_escape(attribute.value)).append("\"");
  }
  text_ += '>';
}

void FeedReader::text(std::string_view text) {
  if (frames_.empty() || text_.size() > max_text_bytes) return;
  const auto& frame = frames_.back();
  if (frame.is_markup || (frame.takes_markup && frame.has_markup))
    text_ += html_escape(text);
  else if (frame.captures && text.size() == 1)
    text_ += text.front();  // each reference to a character comes by itself
  else if (frame.captures)
    append_repaired_controls(text_, text);
}

void FeedReader::end() {
  auto frame = frames_.back();
  frames_.pop_back();
  if (frame.is_markup) {
    if (!frame.is_void && !frame.is_hidden) text_.append("</").append(frame.local).append(">");
  } else if (frame.captures) {
    auto value = text_.substr(frame.text_from);
    text_.resize(frame.text_from);
    close(frame, std::move(value));
  } else if (frame.opens_item) {
    finish_item();
  }
  const auto depth = frames_.size();
  while (!bases_.empty() && bases_.back().depth > depth) bases_.pop_back();
  while (!languages_.empty() && languages_.back().depth > depth) languages_.pop_back();
}

void FeedReader::close(Frame& frame, std::string value) {
  switch (frame.name.element) {
    case FeedElement::author:
      return close_author(frame, value);
    case FeedElement::name:
      if (person_) person_->name = feed_line(value, FeedTextKind::either);
      return;
    case FeedElement::email:
      if (person_) person_->email = feed_line(value, FeedTextKind::text);
      return;
    case FeedElement::aside:
    case FeedElement::image_url:
      if (item_ && value.find("://") != std::string::npos) item_->set_image(value, base(), 5);
      return;
    case FeedElement::source:
      return;
    default:
      break;
  }
  if (frame.is_encoded) {
    value = decode_base64(value);
    if (frame.kind == FeedTextKind::base64) frame.kind = FeedTextKind::either;
  }
  close_text(frame, std::move(value));
}

// An id must be an absolute IRI (RFC 4287 §4.2.6). Of one that is a path the place of the feed makes one.
std::string FeedReader::absolute_id(std::string_view id) const {
  const auto written = tidy_line(cut_text(id, max_id_line_bytes));
  const bool is_path =
      written.find('/') != std::string::npos && written.find_first_of(": <>") == std::string::npos;
  return is_path ? resolve_url(written, base()).value_or(written) : std::string(id);
}

void FeedReader::close_text(const Frame& frame, std::string value) {
  const int rank = frame.name.rank;
  auto& about = this->about();
  switch (frame.name.element) {
    case FeedElement::title:
      return about.set_title(value, frame.kind, rank);
    case FeedElement::link:
      return about.set_url(value, base(), 0);
    case FeedElement::guid:
      about.set_id(is_atom() ? absolute_id(value) : value, rank);
      if (frame.is_permalink && value.find("://") != std::string::npos) about.set_url(value, base(), 1);
      // Entries that link to nothing are mostly named by their page's address.
      if (item_ && is_atom() && ascii_lower(trim(value).substr(0, 4)) == "http")
        about.set_url(value, base(), 6);
      return;
    case FeedElement::published:
      return about.set_published(value, rank);
    case FeedElement::updated:
      return about.set_updated(value, rank);
    case FeedElement::language:
      return about.set_language(trim(value));
    default:
      break;
  }
  if (!item_) return close_hint(frame.name.element, value);
  switch (frame.name.element) {
    case FeedElement::summary:
      return about.set_summary(value, frame.kind, rank);
    case FeedElement::content:
      if (!language().empty()) about.set_language(language());
      return about.set_body(std::move(value), frame.kind, rank, base());
    case FeedElement::topic:
      return about.add_topic(value, FeedTextKind::either);
    case FeedElement::keywords:
      return about.add_keywords(value);
    default:
      return;
  }
}

// How often the feed asks to be read.
void FeedReader::close_hint(FeedElement element, std::string_view value) {
  switch (element) {
    case FeedElement::ttl:
      return hints_.take_ttl(value);
    case FeedElement::skipped_hour:
      return hints_.take_skipped_hour(value);
    case FeedElement::skipped_day:
      return hints_.take_skipped_day(value);
    case FeedElement::update_period:
      return hints_.take_update_period(value);
    case FeedElement::update_frequency:
      return hints_.take_update_frequency(value);
    default:
      return;
  }
}

void FeedReader::close_author(const Frame& frame, std::string_view own_text) {
  if (!person_) return;
  const auto person = *std::exchange(person_, std::nullopt);
  const bool is_named = !person.name.empty();
  auto name = is_named ? person.name : person.email;
  if (name.empty()) name = feed_author(own_text);
  // Of RSS the creator is a name, and the author an address.
  const int rank = frame.name.rank * 2 + (is_named || frame.name.rank == 1 ? 0 : 3);
  if (frame.is_aside)
    item_->set_source_author(std::move(name));
  else if (item_)
    item_->add_author(std::move(name), rank);
  else if (is_atom())
    add_new(feed_.authors, std::move(name), max_list_items);
}

void FeedReader::finish_item() {
  person_.reset();
  if (!item_) return;
  items_.push_back(*std::move(item_));
  item_.reset();
}

void FeedReader::finish() {
  finish_item();
  // An empty RDF document has nothing but its declarations.
  for (const std::string_view vocabulary :
       {"http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/"})
    if (reading_.text.substr(0, 4096).find(fmt::format("=\"{}\"", vocabulary)) != std::string_view::npos)
      name_rdf_version(vocabulary);
  const bool has_more = is_full();
  if (has_more) items_.erase(items_.begin() + max_stories, items_.end());
  const auto complete = feed_draft_.finish(reading_, {}, feed_);
  auto& source = reading_.source;
  if (!format_.empty()) source.format = format_;
  source.title = complete.title;
  source.url = complete.url;
  source.language = feed_.language = complete.language;
  source.hints = hints_.hints();
  source.hub = hub_;
  source.self = self_;
  source.updated = complete.updated ? complete.updated : complete.published;
  reading_.reserve(items_.size());
  for (auto& item : items_) {
    const auto line = item.line();
    reading_.add(item.finish(reading_, source.url, feed_), {{"", {line, 0}}});
    item = FeedDraft(0);
  }
  if (has_more) reading_.warn(line_, 0, fmt::format("only the first {} stories are read", max_stories));
}

}  // namespace crier
