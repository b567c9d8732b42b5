#include "support/feed_sample.hpp"

using namespace crier;
using namespace crier::test;

namespace {
using List = std::vector<std::string>;
}

TEST_CASE("an RSS 2.0 item makes a whole story") {
  const auto source = parse_feed(rss(R"(
    <language>en-gb</language><lastBuildDate>Wed, 18 Oct 2023 19:37:00 GMT</lastBuildDate>
    <image><url>https://example.org/logo.png</url><title>Logo</title><link>https://example.org/x</link></image>
    <item>
      <title>Two &lt;b&gt;ports&lt;/b&gt; sign &amp;amp; seal</title>
      <guid isPermaLink="false">pact-7</guid>
      <link>https://example.org/pact</link>
      <description>&lt;p&gt;What it says.&lt;/p&gt;</description>
      <content:encoded><![CDATA[<p>First.</p><p>Second.</p>]]></content:encoded>
      <pubDate>Wed, 18 Oct 2023 15:37:00 -0400</pubDate>
      <dc:creator>Jane Sample</dc:creator>
      <author>desk@example.org (The Desk)</author>
      <category domain="https://example.org/topics">politics</category><category>East Asia</category>
      <media:content url="https://example.org/a.jpg" type="image/jpeg"><media:title>A caption</media:title></media:content>
      <enclosure url="https://example.org/a.mp3" length="1234" type="audio/mpeg"/>
    </item>)"));
  REQUIRE(source.format == "rss20");
  REQUIRE_FALSE(source.bozo);
  REQUIRE(source.title == "Harbour Post");
  REQUIRE(source.url == "https://example.org/");
  REQUIRE(source.language == "en-gb");
  REQUIRE(to_rfc3339(*source.updated) == "2023-10-18T19:37:00Z");
  const auto& story = source.stories.at(0);
  REQUIRE(story.id == "pact-7");
  REQUIRE(story.url == "https://example.org/pact");
  REQUIRE(story.title == "Two ports sign & seal");
  REQUIRE(story.summary == "What it says.");
  REQUIRE(story.body_html.find("<p>First.</p>") != std::string::npos);
  REQUIRE(story.body_text.find("Second.") != std::string::npos);
  REQUIRE(to_rfc3339(*story.published) == "2023-10-18T19:37:00Z");
  REQUIRE(story.authors == List{"Jane Sample"});
  REQUIRE(story.topics == List{"politics", "East Asia"});
  REQUIRE(story.image == "https://example.org/a.jpg");
  REQUIRE(story.language == "en-gb");
  REQUIRE(story.enclosures.size() == 2);
  REQUIRE(story.enclosures[1].url == "https://example.org/a.mp3");
  REQUIRE(story.enclosures[1].type == "audio/mpeg");
  REQUIRE(story.enclosures[1].bytes == 1234);
}

TEST_CASE("an RSS guid is the address unless it says that it is none") {
  REQUIRE(story_of_item("<guid>https://example.org/1</guid>").url == "https://example.org/1");
  REQUIRE(story_of_item("<guid isPermaLink=\"false\">https://example.org/1</guid>").url.empty());
  const auto both = story_of_item("<guid>https://example.org/1</guid><link>https://example.org/2</link>");
  REQUIRE(both.url == "https://example.org/2");
  REQUIRE(both.id == "https://example.org/1");
}

TEST_CASE("an item's author is the name beside the address") {
  REQUIRE(story_of_item("<title>x</title><author>jane@example.org (Jane Sample)</author>").authors ==
          List{"Jane Sample"});
  REQUIRE(story_of_item("<title>x</title><author>Jane Sample &lt;jane@example.org&gt;</author>").authors ==
          List{"Jane Sample"});
  REQUIRE(story_of_item("<title>x</title><author>jane@example.org</author>").authors ==
          List{"jane@example.org"});
  REQUIRE(
      story_of_item("<title>x</title><dc:creator>Jane (mailto:&#106;ane@example.org)</dc:creator>").authors ==
      List{"Jane"});
  REQUIRE(story_of_item("<title>x</title><itunes:author>Ada Sample</itunes:author>").authors ==
          List{"Ada Sample"});
}

TEST_CASE("keywords are topics, each once") {
  REQUIRE(story_of_item("<title>x</title><category>ports</category><dc:subject>trade</dc:subject>"
                        "<itunes:keywords>ports, sea, </itunes:keywords>")
              .topics == List{"ports", "trade", "sea"});
}

TEST_CASE("relative addresses are resolved against xml:base, the feed's own address, and its site") {
  ParseOptions options;
  options.url = "https://example.org/feeds/all.xml";
  const std::string item = "<item><title>x</title><link>one</link></item>";
  REQUIRE(parse_feed("<rss><channel>" + item + "</channel></rss>", options).stories.at(0).url ==
          "https://example.org/feeds/one");
  options.headers = {{"content-location", "/other/"}};
  REQUIRE(parse_feed("<rss><channel>" + item + "</channel></rss>", options).stories.at(0).url ==
          "https://example.org/other/one");
  REQUIRE(parse_feed("<rss xml:base=\"https://example.org/b/\"><channel>" + item + "</channel></rss>")
              .stories.at(0)
              .url == "https://example.org/b/one");
  REQUIRE(parse_feed(rss(item)).stories.at(0).url == "https://example.org/one");
  const auto nowhere = parse_feed("<rss><channel>" + item + "</channel></rss>");
  REQUIRE(nowhere.stories.at(0).url.empty());
  REQUIRE_FALSE(nowhere.warnings.empty());
}

TEST_CASE("a date that cannot be read costs the date and not the story") {
  const auto source = parse_feed(rss("<item><title>x</title><pubDate>soon</pubDate></item>"));
  REQUIRE(source.stories.size() == 1);
  REQUIRE_FALSE(source.stories[0].published);
  REQUIRE(source.warnings.at(0).find("cannot read the date \"soon\"") != std::string::npos);
}

TEST_CASE("an item without title, address and id is a story still") {
  const auto source = parse_feed(rss("<item><description>Only this.</description></item>"));
  REQUIRE(source.stories.at(0).summary == "Only this.");
  REQUIRE(source.stories.at(0).id.starts_with("item-"));
}

TEST_CASE("the vocabulary of an element is its URI, whatever its prefix") {
  const auto source = parse_feed(
      "<rss version=\"2.0\" xmlns:x=\"http://purl.org/dc/elements/1.1/\" "
      "xmlns:dc=\"https://example.org/other\">"
      "<channel><item><title>t</title><x:creator>Jane</x:creator><dc:creator>Nobody</dc:creator></item>"
      "</channel></rss>");
  REQUIRE(source.stories.at(0).authors == List{"Jane"});
}

TEST_CASE("a picture in the description is the story's when there is no other") {
  const auto source = parse_feed(
      "<rss "
      "version=\"2.0\"><channel><link>https://example.org/</link><item><title>T</"
      "title><description>&lt;p&gt;&lt;img "
      "src=\"/a.jpg\"&gt; What it says.&lt;/p&gt;</description></item><item><title>U</title><enclosure "
      "url=\"https://example.org/b.jpg\" type=\"image/jpeg\"/><description>&lt;img "
      "src=\"/a.jpg\"&gt;</description></item></channel></rss>");
  REQUIRE(source.stories.at(0).image == "https://example.org/a.jpg");
  REQUIRE(source.stories.at(1).image == "https://example.org/b.jpg");
}

TEST_CASE("a description that is the whole story is its text, too, when there is no other") {
  std::string sentences;
  for (int i = 0; i < 10; ++i) sentences += "Two ports have signed a pact on tugs. ";
  const auto first = "&lt;p&gt;" + sentences + "&lt;/p&gt;";
  const auto second = "&lt;p&gt;" + sentences + "So it is said.&lt;/p&gt;";
  const auto text_of = [](const std::string& description, const std::string& more = {}) {
    return story_of_item("<title>x</title><description>" + description + "</description>" + more).body_text;
  };
  const auto text = text_of(first + second);
  CHECK(text.starts_with("Two ports have"));
  CHECK(text.find("tugs.\n\nTwo ports") != std::string::npos);
  CHECK(text_of(first + second, "<content:encoded>Three.</content:encoded>") == "Three.");
  CHECK(text_of(first + second + first) != "");
  CHECK(text_of(first) == "");
  CHECK(text_of("&lt;p&gt;One.&lt;/p&gt;&lt;p&gt;Two.&lt;/p&gt;") == "");
  std::string thai;
  for (int i = 0; i < 20; ++i) thai += "ท่าเรือสองแห่งลงนามในข้อตกลงเรื่องเรือลากจูง ";
  CHECK(text_of("&lt;p&gt;" + thai + "&lt;/p&gt;&lt;p&gt;" + thai + "&lt;/p&gt;") != "");
  // Teasers.
  CHECK(text_of(first + second + "&lt;p&gt;And then […]&lt;/p&gt;") == "");
  CHECK(text_of(first + second + "&lt;p&gt;The post Tugs appeared first on Harbour News.&lt;/p&gt;") == "");
  CHECK(text_of(first + second + "&lt;p&gt;&lt;a href=/x&gt;Continue reading →&lt;/a&gt;&lt;/p&gt;") == "");
  // A list of links.
  std::string links;
  for (int i = 0; i < 40; ++i)
    links += "&lt;li&gt;&lt;a href=/x&gt;Two ports sign a pact on tugs&lt;/a&gt;&lt;/li&gt;";
  CHECK(text_of("&lt;ul&gt;" + links + "&lt;/ul&gt;") == "");
}

TEST_CASE("a channel in CDF may name what its addresses are relative to") {
  const auto source = parse_feed(
      "<CHANNEL BASE=\"https://base.example.org/\" HREF=\"https://www.example.org/\"><TITLE>F</TITLE>"
      "<ITEM HREF=\"/item/1\"><TITLE>T</TITLE></ITEM></CHANNEL>");
  REQUIRE(source.url == "https://www.example.org/");
  REQUIRE(source.stories.at(0).url == "https://base.example.org/item/1");
}

TEST_CASE("items of a CDF channel without an address of its own have theirs") {
  const auto source = parse_feed(
      "<CHANNEL LASTMOD=\"2023-10-18T10:00:00Z\"><ITEM HREF=\"https://example.org/1\" "
      "LASTMOD=\"2023-10-18T09:00:00Z\"><TITLE>One</TITLE></ITEM></CHANNEL>");
  REQUIRE(source.format == "cdf");
  REQUIRE(to_rfc3339(source.updated.value()) == "2023-10-18T10:00:00Z");
  const auto& story = source.stories.at(0);
  REQUIRE(story.url == "https://example.org/1");
  REQUIRE(to_rfc3339(story.updated.value()) == "2023-10-18T09:00:00Z");
}

TEST_CASE("an address that was escaped twice is read as it was meant") {
  const auto source = parse_feed(
      "<rss version=\"2.0\"><channel><item><title>x</title><link>https://example.org/?a=1&amp;amp;b=2</link>"
      "<enclosure url=\"https://example.org/e?a=1&amp;amp;b=2\"/></item></channel></rss>");
  const auto& story = source.stories.at(0);
  REQUIRE(story.url == "https://example.org/?a=1&b=2");
  REQUIRE(story.enclosures.at(0).url == "https://example.org/e?a=1&b=2");
}
