#include "story/feed_text.hpp"

#include <algorithm>
#include <array>

#include "story/html.hpp"
#include "story/plain_text.hpp"

namespace crier {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_name_character(char c) {
  return is_letter(c) || (c >= '0' && c <= '9');
}

// At "&": "&amp;", "&#160;", "&#xA0;".
bool is_reference(std::string_view text) {
  constexpr std::size_t longest = 12;
  const auto end = text.substr(0, longest).find(';');
  if (end == std::string_view::npos || end < 2) return false;
  const auto name = text.substr(1, end - 1);
  const auto letters = name.starts_with('#') ? name.substr(1) : name;
  return !letters.empty() && std::all_of(letters.begin(), letters.end(), is_name_character);
}

// At "<": "</p>", "<br/>", "<!--", "<a href=…": elements that people write into feeds.
bool is_tag(std::string_view text) {
  static constexpr std::array<std::string_view, 66> known{
      "a",      "abbr",   "acronym", "address",    "article", "audio",  "b",       "big",     "blockquote",
      "br",     "center", "cite",    "code",       "dd",      "del",    "details", "div",     "dl",
      "dt",     "em",     "embed",   "figcaption", "figure",  "font",   "footer",  "form",    "h1",
      "h2",     "h3",     "h4",      "h5",         "h6",      "header", "hr",      "html",    "i",
      "iframe", "img",    "ins",     "li",         "object",  "ol",     "p",       "picture", "pre",
      "q",      "s",      "script",  "section",    "small",   "span",   "strike",  "strong",  "style",
      "sub",    "sup",    "svg",     "table",      "tbody",   "td",     "th",      "tr",      "tt",
      "u",      "ul",     "video"};
  if (text.starts_with("<!--")) return true;
  auto name = text.substr(text.starts_with("</") ? 2 : 1, 11);
  const auto end = std::find_if_not(name.begin(), name.end(), is_name_character);
  if (end == name.end()) return false;
  name = name.substr(0, static_cast<std::size_t>(end - name.begin()));
  if (*end != '>' && *end != ' ' && *end != '/' && *end != '\n') return false;
  return std::find(known.begin(), known.end(), ascii_lower(name)) != known.end();
}

std::string_view without(std::string_view text, std::string_view around) {
  const auto first = text.find_first_not_of(around);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(around) - first + 1);
}

}  // namespace

FeedTextKind feed_text_kind(std::string_view type, FeedTextKind otherwise) {
  const auto whole = ascii_lower(trim(type));
  const auto media = std::string_view(whole).substr(0, whole.find(';'));
  if (media.empty()) return otherwise;
  if (media == "text" || media == "text/plain") return FeedTextKind::text;
  if (media == "html" || media == "text/html" || media == "xhtml" || media.ends_with("xml"))
    return FeedTextKind::html;
  return media.starts_with("text/") || media.find('/') == std::string_view::npos ? FeedTextKind::text
                                                                                 : FeedTextKind::base64;
}

bool looks_like_html(std::string_view text) {
  for (auto at = text.find_first_of("<&"); at != std::string_view::npos;
       at = text.find_first_of("<&", at + 1)) {
    const auto rest = text.substr(at);
    if (rest.front() == '&' ? is_reference(rest) : is_tag(rest)) return true;
  }
  return false;
}

std::string feed_line(std::string_view text, FeedTextKind kind) {
  const bool is_html = kind == FeedTextKind::html || (kind == FeedTextKind::either && looks_like_html(text));
  return is_html ? tidy_line(html_line(text)) : tidy_line(text);
}

std::string feed_author(std::string_view text) {
  const auto line = feed_line(cut_text(text, 1024), FeedTextKind::either);
  const auto at = line.find('@');
  if (at == std::string::npos) return line;
  const auto before = line.find_last_of(" <(\"[:", at);
  const auto from = before == std::string::npos ? 0 : before + 1;
  const auto to = std::min(line.find_first_of(" >)\"],;", at), line.size());
  auto left = without(std::string_view(line).substr(0, from), " <>()[]\",;:-");
  if (ascii_lower(left).ends_with("mailto")) left = without(left.substr(0, left.size() - 6), " <>()[]\",;:-");
  const auto right = without(std::string_view(line).substr(to), " <>()[]\",;:-");
  if (!left.empty()) return std::string(left);
  if (!right.empty()) return std::string(right);
  return line.substr(from, to - from);
}

}  // namespace crier
