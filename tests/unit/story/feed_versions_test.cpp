#include "support/feed_sample.hpp"

using namespace crier;
using namespace crier::test;

TEST_CASE("each version of RSS and Atom is called by its name") {
  const auto format_of = [](const std::string& text) { return parse_feed(text).format; };
  for (const auto& [version, name] : {std::pair("0.90", "rss090"),
                                      {"0.91", "rss091"},
                                      {"0.92", "rss092"},
                                      {"0.93", "rss093"},
                                      {"0.94", "rss094"},
                                      {"2.0", "rss20"},
                                      {"2.0.1", "rss20"},
                                      {"7", "rss"}}) {
    CAPTURE(version);
    REQUIRE(format_of("<rss version=\"" + std::string(version) + "\"><channel/></rss>") == name);
  }
  REQUIRE(format_of("<rss><channel/></rss>") == "rss");
  REQUIRE(format_of("<feed xmlns=\"http://www.w3.org/2005/Atom\"/>") == "atom10");
  REQUIRE(format_of("<feed version=\"0.3\" xmlns=\"http://purl.org/atom/ns#\"/>") == "atom03");
  REQUIRE(format_of("<feed/>") == "atom");
  const auto rdf = [&](const std::string& rest) {
    return format_of("<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" " + rest +
                     "</rdf:RDF>");
  };
  REQUIRE(rdf("xmlns=\"http://purl.org/rss/1.0/\"><channel/>") == "rss10");
  REQUIRE(rdf("xmlns:r=\"http://purl.org/rss/1.0/\"><r:channel/>") == "rss10");
  REQUIRE(rdf("xmlns=\"http://my.netscape.com/rdf/simple/0.9/\">") == "rss090");
}

TEST_CASE("RSS 1.0 and 0.90 are RDF, with their items beside the channel") {
  const auto rdf = [](const std::string& space) {
    return parse_feed(
        "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns=\"" + space +
        "\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel rdf:about=\"https://example.org/\">"
        "<title>Post</title><link>https://example.org/</link></channel>"
        "<item rdf:about=\"https://example.org/1\"><title>One</title>"
        "<link>https://example.org/1?x</link><dc:date>2023-10-18T19:37:00Z</dc:date></item></rdf:RDF>");
  };
  const auto source = rdf("http://purl.org/rss/1.0/");
  REQUIRE(source.format == "rss10");
  REQUIRE(source.title == "Post");
  const auto& story = source.stories.at(0);
  REQUIRE(story.id == "https://example.org/1");
  REQUIRE(story.url == "https://example.org/1?x");
  REQUIRE(to_rfc3339(*story.published) == "2023-10-18T19:37:00Z");
  REQUIRE(rdf("http://my.netscape.com/rdf/simple/0.9/").format == "rss090");
}

TEST_CASE("Atom 0.3 has its own names") {
  const auto source = parse_feed(
      "<feed version=\"0.3\" xmlns=\"http://purl.org/atom/ns#\"><title>Post</title><entry><id>a</id>"
      "<title type=\"text/html\" mode=\"escaped\">a &lt;b&gt;b&lt;/b&gt;</title>"
      "<issued>2023-10-18T10:00:00Z</issued><modified>2023-10-18T11:00:00Z</modified>"
      "<content type=\"text/html\" mode=\"escaped\">&lt;p&gt;x&lt;/p&gt;</content></entry></feed>");
  const auto& story = source.stories.at(0);
  REQUIRE(story.title == "a b");
  REQUIRE(to_rfc3339(*story.published) == "2023-10-18T10:00:00Z");
  REQUIRE(to_rfc3339(*story.updated) == "2023-10-18T11:00:00Z");
  REQUIRE(story.body_text == "x");
}

TEST_CASE("a family of formats can be asked for by any of its names") {
  ParseOptions options;
  for (const auto* name : {"rss", "rss20", "rss091"}) {
    options.format = name;
    REQUIRE(parse_feed(rss(""), options).format == "rss20");
  }
  options.format = "atom10";
  REQUIRE(parse_feed(atom(""), options).format == "atom10");
}

TEST_CASE("channels in CDF have their addresses and dates in attributes") {
  const auto source = parse_feed(
      "<?xml version=\"1.0\"?><CHANNEL HREF=\"http://example.org/news/\"><TITLE>Harbour Post</TITLE>"
      "<ITEM HREF=\"http://example.org/news/1\" LASTMOD=\"2002-11-13T12:00\"><TITLE>One</TITLE>"
      "<ABSTRACT>The first</ABSTRACT></ITEM></CHANNEL>");
  REQUIRE(source.format == "cdf");
  REQUIRE(source.title == "Harbour Post");
  REQUIRE(source.url == "http://example.org/news/");
  const auto& story = source.stories.at(0);
  REQUIRE(story.title == "One");
  REQUIRE(story.summary == "The first");
  REQUIRE(story.url == "http://example.org/news/1");
  REQUIRE(to_rfc3339(*story.updated) == "2002-11-13T12:00:00Z");
}
