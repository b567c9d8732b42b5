#include "support/feed_sample.hpp"

using namespace crier;
using namespace crier::test;

namespace {
using List = std::vector<std::string>;
}

TEST_CASE("an Atom entry makes a whole story") {
  const auto source = parse_feed(R"(<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"
      xml:base="https://example.org/base/">
    <title type="html">Harbour &lt;i&gt;Post&lt;/i&gt;</title><link rel="self" href="feed"/><link href="."/>
    <updated>2023-10-18T10:00:00Z</updated><author><name>The Desk</name></author><author><name>The Desk</name></author>
    <entry>
      <id>urn:pact:7</id><title>a &lt; b</title>
      <link href="pact"/><link rel="enclosure" href="/a.mp3" type="audio/mpeg" length="12"/>
      <summary type="html">&lt;p&gt;What it says.&lt;/p&gt;</summary>
      <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One &amp; <b>two</b></p></div></content>
      <published>2023-10-17T10:00:00+02:00</published><updated>2023-10-18T09:00:00Z</updated>
      <category term="p1" label="politics"/><category term="ports"/>
    </entry>
    <entry><id>urn:pact:8</id><title>x</title><author><name>Jane Sample</name><email>j@example.org</email></author>
      <updated>2023-10-18T09:00:00Z</updated></entry>
    <entry><id>urn:pact:9</id><title>x</title><source><id>urn:other</id><title>Other</title>
      <author><name>John Sample</name></author></source></entry>
  </feed>)");
  REQUIRE(source.format == "atom10");
  REQUIRE_FALSE(source.bozo);
  REQUIRE(source.title == "Harbour Post");
  REQUIRE(source.url == "https://example.org/base/");
  REQUIRE(source.language == "de");
  REQUIRE(to_rfc3339(*source.updated) == "2023-10-18T10:00:00Z");
  const auto& story = source.stories.at(0);
  REQUIRE(story.id == "urn:pact:7");
  REQUIRE(story.url == "https://example.org/base/pact");
  REQUIRE(story.title == "a < b");
  REQUIRE(story.summary == "What it says.");
  REQUIRE(story.body_html.find("<p>One &amp; <b>two</b></p>") != std::string::npos);
  REQUIRE(story.body_html.find("<div") == std::string::npos);
  REQUIRE(to_rfc3339(*story.published) == "2023-10-17T08:00:00Z");
  REQUIRE(to_rfc3339(*story.updated) == "2023-10-18T09:00:00Z");
  REQUIRE(story.authors == List{"The Desk"});
  REQUIRE(story.topics == List{"politics", "ports"});
  REQUIRE(story.enclosures.at(0).url == "https://example.org/a.mp3");
  REQUIRE(source.stories.at(1).authors == List{"Jane Sample"});
  REQUIRE(to_rfc3339(*source.stories.at(1).published) == "2023-10-18T09:00:00Z");
  REQUIRE(source.stories.at(2).authors == List{"John Sample"});
  REQUIRE(source.stories.at(2).title == "x");
}

TEST_CASE("Atom text is what its type says") {
  REQUIRE(story_of_entry("<title>1 &lt;b&gt; 2</title>").title == "1 <b> 2");
  REQUIRE(story_of_entry("<title type=\"html\">1 &lt;b&gt;2&lt;/b&gt;</title>").title == "1 2");
  REQUIRE(story_of_entry("<title type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\">a <b>b</b></div>"
                         "</title>")
              .title == "a b");
  const auto plain = story_of_entry("<title>x</title><content>a &lt;b&gt; c</content>");
  REQUIRE(plain.body_text == "a <b> c");
  REQUIRE(plain.body_html.empty());
  const auto packed = story_of_entry(
      "<title>x</title><content type=\"text/html\" mode=\"base64\">"
      "PHA+aGVs\nbG88L3A+</content>");
  REQUIRE(packed.body_text == "hello");
  REQUIRE(story_of_entry("<title>x</title><content src=\"https://example.org/out\"/>").url ==
          "https://example.org/out");
}

TEST_CASE("the page is the alternate link, and of several the HTML one") {
  REQUIRE(story_of_entry("<title>x</title><link rel=\"edit\" href=\"https://example.org/edit\"/>"
                         "<link rel=\"alternate\" type=\"application/pdf\" href=\"https://example.org/p\"/>"
                         "<link rel=\"alternate\" type=\"text/html\" href=\"https://example.org/h\"/>")
              .url == "https://example.org/h");
}

TEST_CASE("an entry without a link is where its id says, when that is an address") {
  CHECK(story_of_entry("<title>x</title><id>https://example.org/1</id>").url == "https://example.org/1");
  CHECK(story_of_entry("<id>https://example.org/1</id><link href=\"https://example.org/2\"/>").url ==
        "https://example.org/2");
  CHECK(story_of_entry("<title>x</title><id>tag:example.org,2023:1</id>").url.empty());
}

TEST_CASE("an id that is a path is made absolute, as an id of Atom must be; any other stays") {
  const auto id_of = [](const std::string& id) {
    ParseOptions options;
    options.url = "https://example.org/feeds/all.xml";
    return parse_feed(atom("<entry><title>x</title><id>" + id + "</id></entry>"), options).stories.at(0).id;
  };
  REQUIRE(id_of("items/7") == "https://example.org/feeds/items/7");
  REQUIRE(id_of("/items/7") == "https://example.org/items/7");
  REQUIRE(id_of("urn:x:a/b") == "urn:x:a/b");
  REQUIRE(id_of("item 7/8") == "item 7/8");
  REQUIRE(id_of("7") == "7");
}

TEST_CASE("registered relations may be written in full") {
  const auto source =
      parse_feed(R"(<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>u:1</id><title>T</title>
    <link rel="http://www.iana.org/assignments/relation/alternate" href="https://example.org/1"/>
    <link rel="http://www.iana.org/assignments/relation/enclosure" href="https://example.org/1.mp3"/></entry></feed>)");
  REQUIRE(source.stories.at(0).url == "https://example.org/1");
  REQUIRE(source.stories.at(0).enclosures.at(0).url == "https://example.org/1.mp3");
}

TEST_CASE("the categories of podcasts are topics") {
  const auto source =
      parse_feed(R"(<rss xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><item>
    <title>T</title><itunes:category text="News"><itunes:category text="Ports"/></itunes:category></item></channel></rss>)");
  REQUIRE(source.stories.at(0).topics == List{"News", "Ports"});
}

TEST_CASE("of content in several forms one is the body") {
  const auto source = parse_feed(
      "<feed version=\"0.3\" xmlns=\"http://purl.org/atom/ns#\"><entry><title>x</title><id>1</id>"
      "<content type=\"multipart/alternative\"><content type=\"text/html\" "
      "mode=\"escaped\">&lt;p>One.&lt;/p></content>"
      "<content type=\"text/plain\">One.</content></content><summary>Two.</summary></entry></feed>");
  CHECK(source.stories.at(0).body_html == "<p>One.</p>");
  CHECK(source.stories.at(0).summary == "Two.");
}

TEST_CASE("the language of a title is not that of the feed") {
  const auto source = parse_feed(
      "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"en\"><title xml:lang=\"fr\">Le Port</title>"
      "<entry><id>a</id><title>x</title></entry></feed>");
  REQUIRE(source.language == "en");
  REQUIRE(source.stories.at(0).language == "en");
  REQUIRE(parse_feed("<rss version=\"2.0\"><channel><title xml:lang=\"fr\">x</title></channel></rss>")
              .language.empty());
}
