#include "render/content.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "base/encoding.hpp"
#include "base/unicode.hpp"
#include "story/story.hpp"

namespace crier {
namespace {

// In bytes. Far above what an editor writes, far below what harms a mail.
constexpr std::size_t max_title = 600;
constexpr std::size_t max_headline = 100;  // made from the text of a story that has no title
constexpr std::size_t max_summary = 1200;
constexpr std::size_t max_line = 300;
constexpr std::size_t max_url = 2048;

// Budgets of HTML after escaping, including the markup around each paragraph.
constexpr std::size_t linked_alert_text = 3U << 10;
constexpr std::size_t whole_alert_text = 24U << 10;
constexpr std::size_t digest_text = 700;
constexpr std::size_t paragraph_markup = 160;
constexpr std::size_t shortest_rest = 200;  // a shorter piece of a paragraph is not worth beginning

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const auto& part : parts) {
    const auto clean = single_line(part);
    if (clean.empty()) continue;
    if (!out.empty()) out += separator;
    out += clean;
  }
  return out;
}

std::string capitalised(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

std::string kicker_of(const Story& story) {
  constexpr std::size_t max_parts = 3;
  std::vector<std::string> parts;
  const auto add = [&](std::string_view text) {
    auto part = capitalised(single_line(text));
    if (!part.empty() && parts.size() < max_parts &&
        std::find(parts.begin(), parts.end(), part) == parts.end())
      parts.push_back(std::move(part));
  };
  if (!story.section.empty())
    add(story.section);
  else if (!story.topics.empty())
    add(story.topics.front());
  for (const auto& region : story.regions) add(region);
  return shorten(joined(parts, " · "), max_line);
}

// Takes the next paragraph, up to an empty line, off the front of `body`.
std::string_view take_paragraph(std::string_view& body) {
  std::size_t end = 0;
  for (auto line_end = body.find('\n'); line_end != std::string_view::npos;
       line_end = body.find('\n', line_end + 1)) {
    const auto next = body.substr(line_end + 1, body.find('\n', line_end + 1) - line_end - 1);
    end = line_end;
    if (next.find_first_not_of(" \t\r") == std::string_view::npos) {
      const auto paragraph = body.substr(0, end);
      body.remove_prefix(line_end + 1);
      return paragraph;
    }
  }
  return std::exchange(body, {});
}

struct TextBudget {
  std::size_t bytes;
  bool may_cut_inside;  // else only a first paragraph that does not fit is cut
};

void drop_last_headings(std::vector<Paragraph>& paragraphs) {
  while (!paragraphs.empty() && paragraphs.back().is_heading) paragraphs.pop_back();
}

std::vector<Paragraph> first_paragraphs(const Story& story, const Item& item, TextBudget budget) {
  std::unordered_set<std::string> headings;
  for (const auto& heading : story.headings) headings.insert(single_line(heading));
  std::vector<Paragraph> out;
  auto room = budget.bytes;
  bool any_text = false;
  for (std::string_view body = story.body_text; !body.empty();) {
    auto text = single_line(take_paragraph(body));
    if (text.empty() || text == item.title) continue;
    if (text == item.summary) {
      // It stands above the text already; a heading over it would be left over nothing.
      if (!any_text) out.clear();
      continue;
    }
    const bool is_heading = headings.contains(text);
    const auto cost = html_escape(text).size();
    if (cost + paragraph_markup <= room) {
      room -= cost + paragraph_markup;
      any_text = any_text || !is_heading;
      out.push_back({std::move(text), is_heading});
      continue;
    }
    if ((budget.may_cut_inside && room > shortest_rest + paragraph_markup) || !any_text) {
      // Escaping makes text longer; the share of the paragraph that fits is the same before it.
      const auto text_room = room - std::min(room, paragraph_markup);
      out.push_back({shorten(text, text_room * text.size() / cost), false});
    } else if (budget.may_cut_inside) {
      drop_last_headings(out);
      out.back().text += " …";
    }
    break;
  }
  drop_last_headings(out);
  return out;
}

// The title; for want of one the first words of the text.
std::string headline_of(const Story& story) {
  if (auto title = shorten(single_line(story.title), max_title); !title.empty()) return title;
  const auto texts = first_paragraphs(story, {}, {.bytes = digest_text, .may_cut_inside = false});
  const auto first = std::ranges::find(texts, false, &Paragraph::is_heading);
  return shorten(first != texts.end() ? first->text : single_line(story.summary), max_headline);
}

constexpr auto url_bytes = [] {
  std::array<bool, 256> table{};
  for (unsigned byte = 0x21; byte < 0x7F; ++byte)
    table[byte] = std::string_view("\"<>\\^`{|}").find(static_cast<char>(byte)) == std::string_view::npos;
  return table;
}();

bool is_url_byte(char c) {
  return url_bytes[static_cast<unsigned char>(c)];
}

}  // namespace

FormReader form_reader_of(const Reader& reader) {
  return {reader.reason, !single_line(reader.name).empty(), !web_link(reader.unsubscribe_url).empty()};
}

bool is_plain_web_link(std::string_view url) {
  constexpr std::string_view https = "https://";
  constexpr std::string_view http = "http://";
  if (url.size() > max_url) return false;
  const auto rest = url.substr(url.starts_with(https) ? https.size() : http.size() * url.starts_with(http));
  const auto host = rest.substr(0, rest.find('/'));
  return rest.size() < url.size() && is_plain_host_name(host) &&
         std::all_of(rest.begin() + static_cast<std::ptrdiff_t>(host.size()), rest.end(), is_url_byte);
}

std::string web_link(std::string_view url) {
  if (is_plain_web_link(url)) return std::string(url);
  if (url.size() > max_url) return {};
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return {};
  std::string scheme(url.substr(0, scheme_end));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (scheme != "https" && scheme != "http") return {};
  const auto rest = url.substr(scheme_end + 3);
  const auto authority = rest.substr(0, rest.find_first_of("/?#\\"));
  const auto colon = authority.find(':');
  const auto host = domain_to_ascii(authority.substr(0, colon));
  if (!host) return {};
  const auto port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
  if (port.size() > 6 || port.find_first_not_of(":0123456789") != std::string_view::npos) return {};
  auto out = scheme + "://" + *host + std::string(port);
  for (const char c : rest.substr(authority.size())) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || c == '\\') return {};
    if (is_url_byte(c))
      out += c;
    else
      out += percent_encode({&c, 1});
  }
  return out.size() <= max_url ? out : std::string();
}

Item make_item(const Story& story, const ItemContext& context) {
  Item item;
  item.title = headline_of(story);
  item.summary = shorten(single_line(story.summary), max_summary);
  if (item.summary == item.title) item.summary.clear();
  item.url = web_link(context.url.empty() ? story.url : context.url);
  item.image = web_link(story.image);
  item.byline = shorten(joined(story.authors, ", "), max_line);
  item.kicker = kicker_of(story);
  item.published = context.published;
  item.language = story.language;
  item.share_post = context.share_post;
  item.share_email = context.share_email;
  item.share_whatsapp = context.share_whatsapp;
  item.reason = shorten(single_line(context.reason), max_line);
  item.also = shorten(single_line(context.also), max_line);
  if (context.kind == ContentKind::alert) {
    const bool whole = item.url.empty();
    item.paragraphs = first_paragraphs(
        story, item, {.bytes = whole ? whole_alert_text : linked_alert_text, .may_cut_inside = whole});
  } else if (item.summary.empty()) {
    item.paragraphs = first_paragraphs(story, item, {.bytes = digest_text, .may_cut_inside = false});
    std::erase_if(item.paragraphs, [](const Paragraph& paragraph) { return paragraph.is_heading; });
    item.paragraphs.resize(std::min<std::size_t>(item.paragraphs.size(), 1));
  }
  return item;
}

std::string first_text(const Item& item) {
  const auto first = std::ranges::find(item.paragraphs, false, &Paragraph::is_heading);
  return first == item.paragraphs.end() ? std::string() : first->text;
}

}  // namespace crier
