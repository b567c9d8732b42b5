#include "support/html_check.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

namespace crier::test {
namespace {

using Names = std::set<std::string_view>;

const Names elements{"a",     "abbr",       "b",      "bdi",  "bdo", "blockquote", "br",    "caption",
                     "cite",  "code",       "dd",     "del",  "dfn", "div",        "dl",    "dt",
                     "em",    "figcaption", "figure", "h1",   "h2",  "h3",         "h4",    "h5",
                     "h6",    "hr",         "i",      "img",  "ins", "kbd",        "li",    "mark",
                     "ol",    "p",          "pre",    "q",    "rp",  "rt",         "ruby",  "s",
                     "samp",  "small",      "strong", "sub",  "sup", "table",      "tbody", "td",
                     "tfoot", "th",         "thead",  "time", "tr",  "u",          "ul",    "var"};
const Names empty_elements{"br", "hr", "img"};
const Names attributes{"href", "rel", "src",     "alt",     "title", "width", "height",
                       "lang", "dir", "colspan", "rowspan", "start", "value", "datetime"};
constexpr std::array<std::string_view, 5> references{"amp;", "lt;", "gt;", "quot;", "#39;"};

class Checker {
 public:
  explicit Checker(std::string_view html) : rest_(html) {}

  std::string run() {
    while (!rest_.empty() && fault_.empty()) {
      if (rest_.front() == '<')
        tag();
      else
        character();
    }
    if (fault_.empty() && !open_.empty()) fail("left open: " + std::string(open_.back()));
    return fault_;
  }

 private:
  void fail(std::string why) {
    if (fault_.empty()) fault_ = why + " at: " + std::string(rest_.substr(0, 60));
  }

  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  void character() {
    const auto byte = static_cast<unsigned char>(rest_.front());
    if (byte == '>' || (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F)
      fail("forbidden character");
    if (byte == '&' && std::none_of(references.begin(), references.end(), [&](std::string_view reference) {
          return rest_.substr(1).starts_with(reference);
        }))
      fail("bare &");
    rest_.remove_prefix(1);
  }

  std::string_view name() {
    std::size_t length = 0;
    while (length < rest_.size() &&
           ((rest_[length] >= 'a' && rest_[length] <= 'z') || (rest_[length] >= '0' && rest_[length] <= '9')))
      ++length;
    const auto found = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return found;
  }

  void tag() {
    rest_.remove_prefix(1);
    const bool is_end = take("/");
    const auto element = name();
    if (!elements.contains(element)) return fail("element " + std::string(element));
    if (is_end) {
      if (open_.empty() || open_.back() != element) return fail("closes " + std::string(element));
      open_.pop_back();
    } else {
      while (take(" ")) attribute();
      if (!empty_elements.contains(element)) open_.push_back(element);
    }
    if (!take(">")) fail("tag without end");
  }

  void attribute() {
    const auto attribute_name = name();
    if (!attributes.contains(attribute_name)) return fail("attribute " + std::string(attribute_name));
    if (!take("=\"")) return fail("attribute without quote");
    const auto value = rest_.substr(0, rest_.find('"'));
    const bool is_web = value.starts_with("http://") || value.starts_with("https://");
    std::string scheme(value.substr(0, 8));
    std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const bool is_fine = is_web || scheme.starts_with("http:") || scheme.starts_with("https:") ||
                         (attribute_name == "href" && scheme.starts_with("mailto:"));
    if ((attribute_name == "href" || attribute_name == "src") && !is_fine) return fail("URL");
    while (!rest_.empty() && rest_.front() != '"' && fault_.empty()) {
      if (rest_.front() == '<') fail("bare < in attribute");
      character();
    }
    if (!take("\"")) fail("attribute without end");
  }

  std::string_view rest_;
  std::vector<std::string_view> open_;
  std::string fault_;
};

}  // namespace

std::string find_html_fault(std::string_view html) {
  return Checker(html).run();
}

}  // namespace crier::test
