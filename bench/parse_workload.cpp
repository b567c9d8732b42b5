#include "parse_workload.hpp"

#include <fstream>

#include <boost/json.hpp>
#include <fmt/core.h>
#include <fmt/format.h>

#include "base/encoding.hpp"
#include "base/time.hpp"
#include "match_workload.hpp"

namespace crier::bench {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t items_of_a_feed = 50;
constexpr std::size_t full_feeds = 4;
constexpr std::size_t short_feeds = 20;

// What stands in an item, whatever its format.
struct Item {
  std::size_t number = 0;
  Story story;
  std::string url, summary, html, date;
};

class Items {
 public:
  explicit Items(std::uint64_t seed) : workload_(seed) {}

  Item next() {
    Item item;
    item.number = ++count_;
    item.story = workload_.story();
    item.url = fmt::format("https://courier.example.org/2023/10/18/story-{}?from=feed&n={}", count_, count_);
    const auto& text = item.story.body_text;
    item.summary = text.substr(0, text.find(' ', 300));
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find(' ', at + 600), text.size());
      item.html += fmt::format("<p>{} <a href=\"/archive/{}\">more</a> &amp; <em>so on</em></p>\n",
                               html_escape(text.substr(at, end - at)), end);
      at = end + 1;
    }
    item.date = fmt::format("2023-10-{:02}T{:02}:{:02}:00Z", 1 + count_ % 28, count_ % 24, count_ % 60);
    return item;
  }

 private:
  Workload workload_;
  std::size_t count_ = 0;
};

constexpr std::string_view declaration = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
constexpr std::string_view rss_head =
    "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" "
    "xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel>\n<title>The Bench Courier</title>\n"
    "<link>https://courier.example.org/</link>\n<description>News</description><language>en</language>\n";
constexpr std::string_view rss_tail = "</channel></rss>\n";

std::string rss_item(const Item& item, bool is_full) {
  auto out = fmt::format(
      "<item>\n<title>{}</title>\n<link>{}</link>\n<guid isPermaLink=\"false\">courier-{}</guid>\n"
      "<pubDate>Wed, {:02} Oct 2023 {:02}:00:00 GMT</pubDate>\n<dc:creator>Reader {}</dc:creator>\n"
      "<category>{}</category>\n<description>{}</description>\n",
      html_escape(item.story.title), html_escape(item.url), item.number, 1 + item.number % 28,
      item.number % 24, item.number % 10, item.number % 7, html_escape(item.summary));
  if (is_full) out += fmt::format("<content:encoded><![CDATA[{}]]></content:encoded>\n", item.html);
  return out + "</item>\n";
}

std::string rss(Items& items, std::size_t count, bool is_full) {
  std::string out = std::string(declaration).append(rss_head);
  for (std::size_t i = 0; i < count; ++i) out += rss_item(items.next(), is_full);
  return out.append(rss_tail);
}

std::string rdf(Items& items) {
  auto out = std::string(declaration) +
             "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" "
             "xmlns=\"http://purl.org/rss/1.0/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n";
  for (std::size_t i = 0; i < items_of_a_feed; ++i) {
    const auto item = items.next();
    out += fmt::format(
        "<item rdf:about=\"{0}\"><title>{1}</title><link>{0}</link><description>{2}</description>"
        "<dc:date>{3}</dc:date><dc:creator>Reader</dc:creator></item>\n",
        html_escape(item.url), html_escape(item.story.title), html_escape(item.summary), item.date);
  }
  return out + "</rdf:RDF>\n";
}

std::string atom(Items& items) {
  auto out = std::string(declaration) +
             "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\"><title>The Bench Courier</title>\n"
             "<id>https://courier.example.org/</id><updated>2023-10-18T19:00:00Z</updated>\n";
  for (std::size_t i = 0; i < items_of_a_feed; ++i) {
    const auto item = items.next();
    out += fmt::format(
        "<entry>\n<title>{}</title>\n<link rel=\"alternate\" href=\"{}\"/>\n<id>urn:courier:{}</id>\n"
        "<published>{}</published><updated>{}</updated>\n<author><name>Reader</name></author>\n"
        "<category term=\"t{}\"/>\n<summary>{}</summary>\n<content type=\"html\">{}</content>\n</entry>\n",
        html_escape(item.story.title), html_escape(item.url), item.number, item.date, item.date,
        item.number % 7, html_escape(item.summary), html_escape(item.html));
  }
  return out + "</feed>\n";
}

std::string sitemap(Items& items) {
  auto out = std::string(declaration) +
             "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" "
             "xmlns:news=\"http://www.google.com/schemas/sitemap-news/0.9\">\n";
  for (std::size_t i = 0; i < 1000; ++i) {
    const auto item = items.next();
    out += fmt::format(
        "<url><loc>{}</loc><news:news><news:publication><news:name>The Bench Courier</news:name>"
        "<news:language>en</news:language></news:publication>"
        "<news:publication_date>{}</news:publication_date><news:title>{}</news:title></news:news></url>\n",
        html_escape(item.url), item.date, html_escape(item.story.title));
  }
  return out + "</urlset>\n";
}

std::string newsml(const Item& item) {
  return fmt::format(
      "{}<newsItem xmlns=\"http://iptc.org/std/nar/2006-10-01/\" guid=\"urn:courier:{}\" version=\"1\">"
      "<itemMeta><pubStatus qcode=\"stat:usable\"/><versionCreated>{}</versionCreated></itemMeta>"
      "<contentMeta><urgency>4</urgency><headline>{}</headline></contentMeta><contentSet><inlineXML>"
      "<html xmlns=\"http://www.w3.org/1999/xhtml\"><body>{}</body></html></inlineXML></contentSet>"
      "</newsItem>\n",
      declaration, item.number, item.date, html_escape(item.story.title), item.html);
}

std::string page(const Item& item) {
  std::string navigation;
  for (int i = 0; i < 60; ++i)
    navigation += fmt::format("<li class=\"menu-item\"><a href=\"/section/{0}\">Section {0}</a></li>\n", i);
  return fmt::format(
      "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0} | The Bench Courier</title>"
      "<meta property=\"og:title\" content=\"{0}\"><meta property=\"article:published_time\" content=\"{1}\">"
      "<script>var x = {{\"a\": [1, 2, "
      "3]}};</script></head><body><nav><ul>{2}</ul></nav><article><h1>{0}</h1>"
      "<p class=\"byline\">By Ann Reader</p>{3}</article><aside><ul>{2}</ul></aside></body></html>\n",
      html_escape(item.story.title), item.date, navigation, item.html);
}

json::object ninjs(const Item& item) {
  return {{"uri", fmt::format("urn:courier:{}", item.number)},
          {"type", "text"},
          {"version", "1"},
          {"versioncreated", item.date},
          {"pubstatus", "usable"},
          {"headline", item.story.title},
          {"body_xhtml", item.html}};
}

json::object json_item(const Item& item) {
  return {{"id", item.url},
          {"url", item.url},
          {"title", item.story.title},
          {"summary", item.summary},
          {"tags", {"a", "b"}},
          {"content_html", item.html},
          {"date_published", item.date}};
}

std::string markdown(const Item& item) {
  return fmt::format("---\ntitle: \"{}\"\ndate: {}\n---\n\n{}\n\n- one\n- two *and* three\n",
                     item.story.title, item.date, item.story.body_text);
}

}  // namespace

void write_parse_workload(const fs::path& folder, std::uint64_t seed) {
  Items items(seed);
  const auto write = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(folder / name) << bytes;
  };
  json::array json_items;
  for (std::size_t i = 0; i < full_feeds * items_of_a_feed; ++i)
    json_items.push_back(json_item(items.next()));
  write("feed.json", json::serialize(json::object{{"version", "https://jsonfeed.org/version/1.1"},
                                                  {"title", "The Bench Courier"},
                                                  {"items", std::move(json_items)}}));
  for (std::size_t i = 0; i < full_feeds; ++i) {
    write(fmt::format("rss-full-{}.xml", i), rss(items, items_of_a_feed, true));
    write(fmt::format("atom-{}.xml", i), atom(items));
    write(fmt::format("sitemap-{}.xml", i), sitemap(items));
  }
  for (std::size_t i = 0; i < short_feeds; ++i) {
    write(fmt::format("rss-{}.xml", i), rss(items, items_of_a_feed, false));
    write(fmt::format("rdf-{}.xml", i), rdf(items));
  }
  for (std::size_t i = 0; i < full_feeds * items_of_a_feed; ++i) {
    const auto item = items.next();
    write(fmt::format("item-{}.newsml.xml", i), newsml(item));
    write(fmt::format("item-{}.ninjs.json", i), json::serialize(ninjs(item)));
    write(fmt::format("page-{}.html", i), page(item));
    write(fmt::format("post-{}.md", i), markdown(item));
  }
}

std::string large_feed(std::uint64_t seed) {
  Items items(seed);
  return rss(items, large_feed_items, false);
}

}  // namespace crier::bench
