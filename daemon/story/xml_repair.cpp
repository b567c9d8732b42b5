#include "story/xml_repair.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include <fmt/format.h>
#include <libxml/HTMLparser.h>

#include "base/encoding.hpp"
#include "story/plain_text.hpp"

namespace crier {
namespace {

constexpr std::size_t max_depth = max_xml_depth - 10;
constexpr std::size_t max_attributes = 50;
constexpr std::size_t max_name_bytes = 100;
constexpr std::size_t max_value_bytes = 64U << 10;  // of an attribute; longer ones are left out
constexpr std::size_t max_remembered = 1000;
constexpr std::size_t spare_bytes = 512U << 10;

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_part(char c) {
  return is_name_start(c) || is_digit(c) || c == '-' || c == '.' || c == ':';
}
bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t';
}

template <std::size_t Size>
bool is_one_of(std::string_view name, const std::array<std::string_view, Size>& known) {
  return std::find(known.begin(), known.end(), name) != known.end();
}

// Elements that hold text and no element of the feed's own: where one begins, the one before has ended.
bool is_leaf(std::string_view lower_name) {
  static constexpr std::array<std::string_view, 22> known{
      "title",          "link",      "description", "guid",      "pubdate", "category",   "comments",
      "language",       "copyright", "ttl",         "generator", "docs",    "summary",    "id",
      "updated",        "published", "issued",      "modified",  "dc:date", "dc:creator", "lastbuilddate",
      "content:encoded"};
  return is_one_of(lower_name, known);
}

bool is_item(std::string_view lower_name) {
  return lower_name == "item" || lower_name == "entry";
}

// HTML's elements without an end, of which none has another meaning in a feed.
bool is_void(std::string_view lower_name) {
  static constexpr std::array<std::string_view, 5> known{"br", "hr", "img", "input", "wbr"};
  return is_one_of(lower_name, known);
}

class Repair {
 public:
  explicit Repair(const XmlText& xml) : xml_(xml), in_(xml.text) {
    out_.reserve(in_.size() + in_.size() / 8);
  }

  std::string run() {
    while (at_ < in_.size() && !is_full()) {
      const auto next = std::min(in_.find('<', at_), in_.size());
      put_text(in_.substr(at_, next - at_));
      at_ = next;
      if (at_ < in_.size()) read_markup();
    }
    while (!open_.empty()) pop();
    return std::move(out_);
  }

 private:
  // Escaping makes up to six bytes of one: a text of nothing but mistakes is read as far as this goes.
  bool is_full() const { return out_.size() > in_.size() + in_.size() / 8 + spare_bytes; }

  void read_markup() {
    const auto rest = in_.substr(at_);
    if (rest.starts_with("<!--"))
      skip_comment();
    else if (rest.starts_with("<![CDATA["))
      read_cdata();
    else if (rest.starts_with("<!") || rest.starts_with("<?"))
      skip_to('>');
    else if (rest.size() > 2 && rest[1] == '/' && is_name_start(rest[2]))
      read_end();
    else if (rest.size() > 1 && is_name_start(rest[1]) && read_start())
      return;
    else
      put_less();
  }

  void put_less() {
    if (!open_.empty()) out_ += "&lt;";
    ++at_;
  }

  void skip_lines(std::size_t to) {
    for (; at_ < to; ++at_)
      if (in_[at_] == '\n') out_ += '\n';
  }

  void skip_to(char closing) {
    const auto end = in_.find(closing, at_);
    if (end == std::string_view::npos)
      at_ = in_.size();
    else
      skip_lines(end + 1);
  }

  void skip_comment() {
    const auto end = no_comment_end_ ? std::string_view::npos : in_.find("-->", at_ + 4);
    no_comment_end_ = end == std::string_view::npos;
    if (no_comment_end_)
      put_less();
    else
      skip_lines(end + 3);
  }

  void read_cdata() {
    at_ += std::string_view("<![CDATA[").size();
    const auto end = std::min(in_.find("]]>", at_), in_.size());
    if (!open_.empty()) put_escaped(in_.substr(at_, end - at_));
    at_ = std::min(end + 3, in_.size());
  }

  std::string_view read_name() {
    const auto from = at_;
    while (at_ < in_.size() && is_name_part(in_[at_])) ++at_;
    auto name = in_.substr(from, std::min(at_ - from, max_name_bytes));
    while (name.ends_with(':')) name.remove_suffix(1);
    const auto colon = name.find(':');
    if (colon == std::string_view::npos) return name;
    const auto second = name.find(':', colon + 1);
    name = name.substr(0, second);
    return is_name_start(name[colon + 1]) ? name : name.substr(0, colon);
  }

  void read_end() {
    at_ += 2;
    const auto name = ascii_lower(read_name());
    skip_to('>');
    if (const auto found = open_names_.find(name); found == open_names_.end() || found->second == 0) return;
    // The root ends where the text ends: some feeds close it too early.
    for (auto i = open_.size(); i > 1; --i) {
      if (open_[i - 1].lower != name) continue;
      while (open_.size() >= i) pop();
      return;
    }
  }

  struct Attribute {
    std::string_view name;
    std::string_view value;
  };

  // False when there is no tag at this place, only a "<".
  bool read_start() {
    const auto from = at_++;
    const auto name = read_name();
    attributes_.clear();
    bool is_empty = false;
    while (true) {
      while (at_ < in_.size() && (is_space(in_[at_]) || in_[at_] == '"' || in_[at_] == '\'')) ++at_;
      if (at_ >= in_.size() || in_[at_] == '<') {
        // "<item<title>" has lost its end; any other is no tag.
        const auto lower = ascii_lower(name);
        if (at_ < in_.size() && attributes_.empty() && (is_item(lower) || is_leaf(lower))) {
          put_start(name, false, 0);
          return true;
        }
        at_ = from;
        return false;
      }
      if (in_[at_] == '>') break;
      is_empty = in_[at_] == '/';
      if (is_name_start(in_[at_]))
        read_attribute();
      else
        ++at_;
    }
    ++at_;
    put_start(name, is_empty, std::count(in_.begin() + from, in_.begin() + at_, '\n'));
    return true;
  }

  void read_attribute() {
    const auto name = read_name();
    std::string_view value;
    auto after = at_;
    while (after < in_.size() && is_space(in_[after])) ++after;
    if (after < in_.size() && in_[after] == '=') {
      at_ = after + 1;
      while (at_ < in_.size() && is_space(in_[at_])) ++at_;
      value = read_value();
    }
    const bool is_new = std::none_of(attributes_.begin(), attributes_.end(),
                                     [&](const Attribute& one) { return one.name == name; });
    if (is_new && attributes_.size() < max_attributes && name != "xmlns:xml" && name != "xmlns:xmlns")
      attributes_.push_back({name, value});
  }

  std::string_view read_value() {
    if (at_ >= in_.size()) return {};
    const char quote = in_[at_];
    if (quote == '"' || quote == '\'') {
      auto& none_left = quote == '"' ? no_double_quote_ : no_single_quote_;
      const auto end = none_left ? std::string_view::npos : in_.find(quote, at_ + 1);
      none_left = end == std::string_view::npos;
      ++at_;
      if (!none_left) {
        const auto value = in_.substr(at_, end - at_);
        at_ = end + 1;
        return value;
      }
    }
    const auto end = std::min(in_.find_first_of(" \n\t>", at_), in_.size());
    auto value = in_.substr(at_, end - at_);
    if (value.ends_with('/') && end < in_.size() && in_[end] == '>') value.remove_suffix(1);
    at_ += value.size();
    return value;
  }

  void put_start(std::string_view name, bool is_empty, std::ptrdiff_t lines) {
    auto lower = ascii_lower(name);
    make_room_for(lower);
    if (open_.size() >= max_depth) return;
    out_.append("<").append(name);
    bool has_href = false;
    for (const auto& [key, value] : attributes_) {
      has_href = has_href || key == "href";
      out_.append(" ").append(key).append("=\"");
      if (value.size() <= max_value_bytes) put_value(value);
      out_ += '"';
    }
    out_.append(static_cast<std::size_t>(lines), '\n');
    is_empty = is_empty || is_void(lower) || (lower == "link" && has_href);
    if (is_empty && !open_.empty()) {
      out_ += "/>";
      return;
    }
    out_ += '>';
    ++open_names_[lower];
    open_.push_back({std::string(name), std::move(lower)});
  }

  // Pops what has ended where an element of this name begins.
  void make_room_for(std::string_view lower) {
    if (open_.size() < 2) return;
    if (is_item(lower)) {
      if (pop_through([](const Open& one) { return is_item(one.lower); })) return;
      while (open_.size() > 1 && is_leaf(open_.back().lower)) pop();
    } else if (is_leaf(lower)) {
      // HTML has these two, so they may stand in a text.
      const bool is_html = lower == "title" || lower == "link" || lower == "summary";
      if (!is_html)
        pop_through([](const Open& one) { return is_leaf(one.lower); });
      else if (is_leaf(open_.back().lower))
        pop();
    }
  }

  template <class Is>
  bool pop_through(Is is_meant) {
    const auto found = std::find_if(open_.rbegin(), open_.rend() - 1, is_meant);
    if (found == open_.rend() - 1) return false;
    for (auto count = found - open_.rbegin() + 1; count > 0; --count) pop();
    return true;
  }

  void pop() {
    out_.append("</").append(open_.back().name).append(">");
    --open_names_[open_.back().lower];
    open_.pop_back();
  }

  void put_text(std::string_view text) {
    if (open_.empty()) {
      out_.append(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), '\n');
      return;
    }
    put_value(text);
  }

  // With its references: "&amp;", "&nbsp;", "&#160;".
  void put_value(std::string_view text) {
    while (!text.empty() && !is_full()) {
      const auto stop = std::min(text.find_first_of("&<\">"), text.size());
      put_characters(text.substr(0, stop));
      text.remove_prefix(stop);
      if (text.empty()) return;
      const auto length = text.front() == '&' ? reference_length(text) : 0;
      if (length > 0)
        text.remove_prefix(put_reference(text, length));
      else {
        out_.append(html_escape(text.substr(0, 1)));
        text.remove_prefix(1);
      }
    }
  }

  void put_escaped(std::string_view text) {
    while (!text.empty() && !is_full()) {
      const auto stop = std::min(text.find_first_of("&<>"), text.size());
      put_characters(text.substr(0, stop));
      text.remove_prefix(stop);
      if (text.empty()) return;
      out_.append(html_escape(text.substr(0, 1)));
      text.remove_prefix(1);
    }
  }

  // U+FFFE and U+FFFF are no characters of XML.
  void put_characters(std::string_view text) {
    for (auto bad = text.find("\xEF\xBF"); bad != std::string_view::npos; bad = text.find("\xEF\xBF")) {
      const bool is_none = bad + 2 < text.size() && static_cast<unsigned char>(text[bad + 2]) >= 0xBE;
      out_.append(text.substr(0, bad + (is_none ? 0 : 3)));
      text.remove_prefix(std::min(bad + 3, text.size()));
    }
    out_.append(text);
  }

  // Of the reference that the text begins with; 0 = it is a stray "&".
  std::size_t reference_length(std::string_view text) const {
    const auto end = text.substr(0, 40).find(';');
    if (end == std::string_view::npos || end < 2) return 0;
    const auto name = text.substr(1, end - 1);
    if (name.front() == '#') return character_number(name.substr(1)) ? end + 1 : 0;
    static constexpr std::array<std::string_view, 5> predefined{"amp", "lt", "gt", "quot", "apos"};
    if (is_one_of(name, predefined)) return end + 1;
    const bool is_own = std::any_of(xml_.entities.begin(), xml_.entities.end(),
                                    [&](const auto& entity) { return entity.first == name; });
    return is_own || is_html_entity(std::string(name)) ? end + 1 : 0;
  }

  // libxml2 walks through its whole list for each.
  bool is_html_entity(const std::string& name) const {
    if (const auto found = html_entities_.find(name); found != html_entities_.end()) return found->second;
    const bool is_one = htmlEntityLookup(reinterpret_cast<const xmlChar*>(name.c_str())) != nullptr;
    if (html_entities_.size() < max_remembered) html_entities_.emplace(name, is_one);
    return is_one;
  }

  // nullopt: these are no digits. What is too large stays so.
  static std::optional<unsigned long> character_number(std::string_view digits) {
    const bool hex = digits.starts_with('x') || digits.starts_with('X');
    if (hex) digits.remove_prefix(1);
    unsigned long number = 0;
    for (const char c : digits) {
      const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
      const bool is_hex_letter = hex && lower >= 'a' && lower <= 'f';
      if (!is_digit(c) && !is_hex_letter) return std::nullopt;
      const auto digit = static_cast<unsigned long>(is_digit(c) ? c - '0' : lower - 'a' + 10);
      number = std::min(number * (hex ? 16 : 10) + digit, 0x110000UL);
    }
    return digits.empty() ? std::nullopt : std::optional(number);
  }

  static bool is_between(unsigned long number, unsigned long first, unsigned long last) {
    return first <= number && number <= last;
  }

  // Of "&#8;" at the beginning, which is `length` long; 0 = it is none.
  static unsigned long number_at(std::string_view text, std::size_t length) {
    return length < 4 || text[1] != '#' ? 0 : character_number(text.substr(2, length - 3)).value_or(0);
  }

  // The reference that the text begins with; returns how much was read.
  std::size_t put_reference(std::string_view text, std::size_t length) {
    const auto reference = text.substr(0, length);
    if (reference[1] != '#') {
      out_.append(reference);
      return length;
    }
    auto number = number_at(text, length);
    if (is_between(number, 0xD800, 0xDBFF)) {
      // Programs that count in UTF-16 write "&#55357;&#56832;" for one character.
      const auto rest = text.substr(length);
      const auto second = rest.starts_with("&#") ? reference_length(rest) : 0;
      const auto low = number_at(rest, second);
      if (is_between(low, 0xDC00, 0xDFFF)) {
        number = 0x10000 + ((number - 0xD800) << 10) + (low - 0xDC00);
        length += second;
      }
    }
    const bool is_white = number == 9 || number == 10 || number == 13;
    if (number > 0x10FFFF || is_between(number, 0xD800, 0xDFFF))
      out_ += "\xEF\xBF\xBD";
    else if ((number >= 0x20 || is_white) && !is_between(number, 0xFFFE, 0xFFFF))
      out_ += fmt::format("&#{};", number);
    return length;
  }

  struct Open {
    std::string name, lower;
  };

  const XmlText& xml_;
  std::string_view in_;
  std::size_t at_ = 0;
  std::string out_;
  std::vector<Open> open_;
  std::unordered_map<std::string, int> open_names_;  // in lower case, how often each is in open_
  mutable std::unordered_map<std::string, bool> html_entities_;
  std::vector<Attribute> attributes_;
  bool no_comment_end_ = false, no_double_quote_ = false, no_single_quote_ = false;
};

}  // namespace

XmlText repair_xml(const XmlText& xml) {
  return {Repair(xml).run(), xml.entities, std::nullopt};
}

}  // namespace crier
