#include "story/feed_names.hpp"

#include <string>
#include <unordered_map>

#include "story/plain_text.hpp"

namespace crier {
namespace {

using enum FeedElement;

const std::unordered_map<std::string_view, FeedSpace>& spaces() {
  // In lower case, but for the one that is met most. A list of the URIs that feeds of the last 25 years
  // declare; some are mistakes.
  static const std::unordered_map<std::string_view, FeedSpace> table{
      {"", FeedSpace::core},
      {"http://backend.userland.com/rss", FeedSpace::core},
      {"http://backend.userland.com/rss2", FeedSpace::core},
      {"http://backend.userland.com/rss091", FeedSpace::core},
      {"http://blogs.law.harvard.edu/tech/rss", FeedSpace::core},
      {"http://cyber.law.harvard.edu/rss", FeedSpace::core},
      {"http://purl.org/rss/1.0/", FeedSpace::core},
      {"http://purl.org/rss/1.0", FeedSpace::core},
      {"http://purl.org/rss/2.0/", FeedSpace::core},
      {"http://purl.org/net/rss1.1#", FeedSpace::core},
      {"http://channel.netscape.com/rdf/simple/0.9/", FeedSpace::core},
      {"http://my.netscape.com/rdf/simple/0.9/", FeedSpace::core},
      {"http://my.netscape.com/publish/formats/rss-0.91.dtd", FeedSpace::core},
      {"http://purl.org/rss/1.0/modules/rss091#", FeedSpace::core},
      {"http://example.com/newformat#", FeedSpace::core},
      {"http://example.com/necho", FeedSpace::core},
      {"http://purl.org/echo/", FeedSpace::core},
      {"uri/of/echo/namespace#", FeedSpace::core},
      {"http://purl.org/pie/", FeedSpace::core},
      {"http://purl.org/atom/ns#", FeedSpace::core},
      {"http://www.w3.org/2005/Atom", FeedSpace::core},
      {"http://www.w3.org/2005/atom", FeedSpace::core},
      {"https://www.w3.org/2005/atom", FeedSpace::core},
      {"http://purl.org/rss/1.0/modules/content/", FeedSpace::content},
      {"http://purl.org/rss/1.0/modules/syndication/", FeedSpace::sy},
      {"http://purl.org/dc/elements/1.1/", FeedSpace::dc},
      {"http://purl.org/dc/elements/1.0/", FeedSpace::dc},
      {"http://purl.org/dc/terms/", FeedSpace::dcterms},
      {"http://www.itunes.com/dtds/podcast-1.0.dtd", FeedSpace::itunes},
      {"http://example.com/dtds/podcast-1.0.dtd", FeedSpace::itunes},
      {"http://search.yahoo.com/mrss", FeedSpace::media},
      {"http://search.yahoo.com/mrss/", FeedSpace::media},
      {"https://search.yahoo.com/mrss/", FeedSpace::media},
      {"http://www.w3.org/1999/02/22-rdf-syntax-ns#", FeedSpace::rdf},
      {"http://www.w3.org/1999/xhtml", FeedSpace::xhtml},
      {"http://www.w3.org/xml/1998/namespace", FeedSpace::xml},
  };
  return table;
}

const std::unordered_map<std::string_view, FeedSpace>& prefixes() {
  static const std::unordered_map<std::string_view, FeedSpace> table{
      {"", FeedSpace::core},           {"atom", FeedSpace::core},   {"rss", FeedSpace::core},
      {"content", FeedSpace::content}, {"dc", FeedSpace::dc},       {"dcterms", FeedSpace::dcterms},
      {"itunes", FeedSpace::itunes},   {"media", FeedSpace::media}, {"rdf", FeedSpace::rdf},
      {"sy", FeedSpace::sy},           {"xhtml", FeedSpace::xhtml}, {"html", FeedSpace::xhtml},
      {"xml", FeedSpace::xml},
  };
  return table;
}

using Names = std::unordered_map<std::string_view, FeedName>;

const Names& core_names() {
  static const Names table{
      {"rss", {feed}},
      {"channel", {feed}},
      {"feed", {feed}},
      {"item", {item}},
      {"entry", {item}},
      {"product", {item}},
      {"image", {aside}},
      {"textinput", {aside}},
      {"cloud", {aside}},
      {"comments", {aside}},
      {"source", {source}},
      {"title", {title}},
      {"link", {link}},
      {"guid", {guid}},
      {"id", {guid}},
      {"description", {summary}},
      {"summary", {summary}},
      {"abstract", {summary, 1}},
      {"subtitle", {summary, 2}},
      {"tagline", {summary, 2}},
      {"content", {content}},
      {"body", {content, 1}},
      {"fullitem", {content, 1}},
      {"pubdate", {published}},
      {"published", {published}},
      {"issued", {published}},
      {"date", {published, 1}},
      {"created", {published, 3}},
      {"updated", {updated}},
      {"modified", {updated}},
      {"lastbuilddate", {updated, 1}},
      {"author", {author}},
      {"managingeditor", {author, 2}},
      {"name", {name}},
      {"email", {email}},
      {"category", {topic}},
      {"keywords", {keywords}},
      {"language", {language}},
      {"enclosure", {enclosure}},
      {"url", {image_url}},
      {"ttl", {ttl}},
      {"hour", {skipped_hour}},
      {"day", {skipped_day}},
  };
  return table;
}

const Names& dc_names() {
  static const Names table{
      {"title", {title, 1}},    {"identifier", {guid, 2}}, {"description", {summary, 1}},
      {"date", {published, 1}}, {"creator", {author, 1}},  {"author", {author, 1}},
      {"subject", {topic}},     {"language", {language}},
  };
  return table;
}

const Names& dcterms_names() {
  static const Names table{
      {"issued", {published, 1}}, {"created", {published, 3}}, {"modified", {updated}},
      {"abstract", {summary, 1}}, {"title", {title, 1}},       {"creator", {author, 1}},
  };
  return table;
}

const Names& itunes_names() {
  static const Names table{
      {"author", {author, 2}},   {"owner", {aside}},         {"keywords", {keywords}},
      {"summary", {summary, 3}}, {"subtitle", {summary, 4}}, {"image", {item_image}},
      {"title", {title, 3}},     {"category", {topic}},
  };
  return table;
}

const Names& media_names() {
  static const Names table{
      {"content", {media_content}},  {"group", {media_group}}, {"thumbnail", {media_thumbnail}},
      {"description", {summary, 5}}, {"title", {title, 2}},    {"keywords", {keywords}},
      {"category", {topic, 1}},
  };
  return table;
}

const Names* names_of(FeedSpace space) {
  static const Names content_names{{"encoded", {content}}};
  static const Names rdf_names{{"rdf", {feed}}};
  static const Names sy_names{{"updateperiod", {update_period}}, {"updatefrequency", {update_frequency}}};
  static const Names xhtml_names{{"body", {content, 1}}};
  switch (space) {
    case FeedSpace::core:
      return &core_names();
    case FeedSpace::content:
      return &content_names;
    case FeedSpace::dc:
      return &dc_names();
    case FeedSpace::dcterms:
      return &dcterms_names();
    case FeedSpace::itunes:
      return &itunes_names();
    case FeedSpace::media:
      return &media_names();
    case FeedSpace::rdf:
      return &rdf_names;
    case FeedSpace::sy:
      return &sy_names;
    case FeedSpace::xhtml:
      return &xhtml_names;
    case FeedSpace::xml:
    case FeedSpace::other:
      break;
  }
  return nullptr;
}

}  // namespace

FeedSpace feed_space(const XmlName& name) {
  const auto& table = name.space.empty() ? prefixes() : spaces();
  const auto written = name.space.empty() ? name.prefix : name.space;
  auto found = table.find(written);  // almost always in lower case
  if (found == table.end()) found = table.find(ascii_lower(written));
  return found == table.end() ? FeedSpace::other : found->second;
}

FeedName feed_name(FeedSpace space, std::string_view local) {
  const auto* names = names_of(space);
  if (!names) return {};
  auto found = names->find(local);
  if (found == names->end()) found = names->find(ascii_lower(local));
  return found == names->end() ? FeedName{} : found->second;
}

}  // namespace crier
