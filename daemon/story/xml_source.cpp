#include "story/xml_source.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "story/charset_label.hpp"
#include "story/feed.hpp"
#include "story/newsml.hpp"
#include "story/plain_text.hpp"
#include "story/sitemap.hpp"
#include "story/xml_repair.hpp"

namespace crier {
namespace {

constexpr std::size_t sniffed_bytes = 64U << 10;

// The first "<name" of a text that is an element, without prefix and in lower case; empty = there is none.
std::string root_of(std::string_view text) {
  text = text.substr(0, sniffed_bytes);
  for (auto at = text.find('<'); at != std::string_view::npos && at + 1 < text.size();
       at = text.find('<', at)) {
    const auto rest = text.substr(at);
    if (rest.starts_with("<!--"))
      at = text.find("-->", at);
    else if (rest[1] == '?')
      at = text.find('>', at);
    else if (rest[1] == '!')
      at = text.find_first_of("[>", at);
    else {
      const auto end = rest.find_first_of(" \t\n/>", 1);
      auto name = rest.substr(1, std::min(end, std::size_t{40}) - 1);
      if (const auto colon = name.find(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
      return ascii_lower(name);
    }
    if (at == std::string_view::npos) break;
  }
  return {};
}

constexpr std::array<std::string_view, 7> feed_roots{"rss", "rdf", "channel", "item", "feed", "entry", "xml"};

bool is_feed_root(std::string_view root) {
  return std::find(feed_roots.begin(), feed_roots.end(), root) != feed_roots.end();
}

bool is_atom_root(std::string_view root) {
  return root == "feed" || root == "entry";
}

bool ends_as_feed(std::string_view text) {
  const auto end = text.substr(0, text.find_last_not_of(" \t\n") + 1);
  return end.ends_with("</rss>") || end.ends_with("</feed>") || end.ends_with("</rdf:RDF>");
}

// What a broken server says before the feed begins, in HTML: a program's warnings, mostly. Its length.
std::size_t junk_before_feed(std::string_view text) {
  constexpr std::size_t longest_junk = 8192;
  const auto start = text.substr(0, longest_junk);
  const auto declaration = start.find("<?xml ");
  if (declaration == std::string_view::npos || declaration == 0) return 0;
  const auto root = root_of(text);
  const bool is_page = root == "html" && !ends_as_feed(text);
  const bool is_document = is_feed_root(root) || is_page || root == "urlset" || root == "newsitem" ||
                           root == "newsmessage" || root == "sitemapindex";
  return is_document || !is_feed_root(root_of(text.substr(declaration))) ? 0 : declaration;
}

// Of a text that begins with markup, or with a little that is none.
std::string sniff_root(std::string_view text) {
  constexpr std::size_t longest_junk = 1024;
  text.remove_prefix(junk_before_feed(text));
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos || text.find('<') > first + longest_junk) return {};
  const auto root = root_of(text);
  if (text[first] == '<') return root;
  return is_feed_root(root) ? root : std::string();
}

// What one reading of the document came to.
struct Attempt {
  Reading reading;
  std::optional<XmlBreach> breach;
};

template <class Reader>
Attempt attempt(const Reading& original, XmlText& xml, bool recover) {
  Attempt made{Reading(original.text, original.options), {}};
  made.reading.source.encoding = original.source.encoding;
  made.reading.source.format = original.source.format;
  Reader reader(made.reading);
  made.breach = read_xml(xml, reader, recover);
  reader.finish();
  return made;
}

void mark(Reading& reading, const XmlBreach& breach) {
  reading.mark_bozo(breach.line == 0 ? "ill-formed XML: " + breach.message
                                     : fmt::format("ill-formed XML in line {}, column {}: {}", breach.line,
                                                   breach.column, breach.message));
}

void check_media_type(Reading& reading) {
  const auto type = media_type(header_value(reading.options.headers, "content-type"));
  if (type.empty()) return;
  if (!type.ends_with("+xml") && !type.ends_with("/xml") && type.find("/xml-") == std::string::npos)
    reading.mark_bozo("served as " + tidy_line(cut_text(type, 60)) + ", which is not XML");
}

// Strictly, and when that fails again after repair; the reading that found more stories counts.
template <class Reader>
void read_with(Reading& reading) {
  auto xml = prepare_xml(reading.text, junk_before_feed(reading.text));
  std::optional best = attempt<Reader>(reading, xml, false);
  const auto breach = best->breach;
  if (breach && breach->fatal) {
    auto repaired = repair_xml(xml);
    xml.text = {};
    auto second = attempt<Reader>(reading, repaired, true);
    if (second.reading.source.stories.size() >= best->reading.source.stories.size())
      best.emplace(std::move(second));
  }
  auto& source = best->reading.source;
  source.bozo = reading.source.bozo;
  source.bozo_reason = std::move(reading.source.bozo_reason);
  reading.source = std::move(source);
  reading.places = std::move(best->reading.places);
  reading.refusals = std::move(best->reading.refusals);
  if (breach) mark(reading, *breach);
  check_media_type(reading);
}

}  // namespace

bool looks_like_rss(std::string_view text) {
  const auto root = sniff_root(text);
  if (root == "html" || root.empty() || is_atom_root(root)) return false;
  return is_feed_root(root) || text.substr(0, text.find('>')).find("<?xml") != std::string_view::npos;
}

bool looks_like_atom(std::string_view text) {
  return is_atom_root(sniff_root(text));
}

bool looks_like_sitemap(std::string_view text) {
  const auto root = sniff_root(text);
  return root == "urlset" || root == "sitemapindex";
}

bool looks_like_newsml(std::string_view text) {
  const auto root = sniff_root(text);
  return root == "newsitem" || root == "newsmessage" || root == "packageitem";
}

Result<void> read_sitemap(Reading& reading) {
  read_with<SitemapReader>(reading);
  return {};
}

Result<void> read_newsml(Reading& reading) {
  read_with<NewsmlReader>(reading);
  if (reading.source.stories.empty() && reading.refusals.empty())
    reading.warn(0, 0, "there is no news item in it");
  return {};
}

Result<void> read_feed(Reading& reading) {
  read_with<FeedReader>(reading);
  if (reading.source.stories.empty()) reading.warn(0, 0, "there is no story in this feed");
  return {};
}

}  // namespace crier
