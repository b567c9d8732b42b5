#include "support/feed_sample.hpp"

using namespace crier;
using namespace crier::test;

TEST_CASE("a news sitemap has the stories of the last days") {
  const auto source = parse_feed(R"(<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
        xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"
        xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <url><loc>https://example.org/pact</loc>
    <n:news><n:publication><n:name>Harbour Post</n:name><n:language>en</n:language></n:publication>
      <n:publication_date>2023-10-18T15:37:00-04:00</n:publication_date>
      <n:title>Two ports &amp; a pact</n:title><n:keywords>ports, trade</n:keywords></n:news>
    <image:image><image:loc>https://example.org/a.jpg</image:loc><image:title>A caption</image:title></image:image>
  </url>
  <url><loc>https://example.org/about</loc></url>
</urlset>)");
  REQUIRE(source.format == "news-sitemap");
  REQUIRE_FALSE(source.bozo);
  REQUIRE(source.title == "Harbour Post");
  REQUIRE(source.stories.size() == 1);
  const auto& story = source.stories[0];
  REQUIRE(story.url == "https://example.org/pact");
  REQUIRE(story.title == "Two ports & a pact");
  REQUIRE(to_rfc3339(*story.published) == "2023-10-18T19:37:00Z");
  REQUIRE(story.language == "en");
  REQUIRE(story.site == "Harbour Post");
  REQUIRE(story.image == "https://example.org/a.jpg");
  REQUIRE(story.topics == std::vector<std::string>{"ports", "trade"});
  REQUIRE(source.warnings.at(0).find("1 pages without news:news") != std::string::npos);
}

TEST_CASE("an index of sitemaps says that it has no stories") {
  const auto source = parse_feed(
      "<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"><sitemap>"
      "<loc>https://example.org/1.xml</loc></sitemap></sitemapindex>");
  REQUIRE(source.stories.empty());
  REQUIRE(source.warnings.at(0).find("index of sitemaps") != std::string::npos);
}

TEST_CASE("of a news sitemap with too many stories the first are read, and only then something is left out") {
  const auto pages = [](std::size_t count) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i)
      all += "<url><loc>https://example.org/" + std::to_string(i) +
             "</loc><n:news><n:title>T</n:title></n:news></url>";
    return parse_feed(
        "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" "
        "xmlns:n=\"http://www.google.com/schemas/sitemap-news/0.9\">" +
        all + "</urlset>");
  };
  REQUIRE(pages(max_stories).stories.size() == max_stories);
  REQUIRE(pages(max_stories).warnings.empty());
  const auto more = pages(max_stories + 2);
  REQUIRE(more.stories.size() == max_stories);
  REQUIRE(more.stories.back().url == "https://example.org/9999");
  REQUIRE(more.warnings.size() == 1);
}
