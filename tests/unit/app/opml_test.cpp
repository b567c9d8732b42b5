// Lists of feeds as feed readers export them, and what becomes of hostile ones.
#include "app/opml.hpp"

#include <catch2/catch.hpp>

#include "support/sample_config.hpp"

using namespace crier;
using namespace crier::test;

namespace {

std::string yaml_of(const std::string& opml) {
  const auto feeds = read_opml(opml);
  if (!feeds) FAIL(feeds.error().message);
  return to_yaml(feeds->feeds);
}

}  // namespace

TEST_CASE("an OPML list becomes sources, each feed once and under a name of its own") {
  const auto yaml = yaml_of(
      "<?xml version=\"1.0\"?><opml version=\"2.0\"><head><title>Mine</title></head><body>"
      "<outline text=\"News\"><outline type=\"rss\" text=\"Harbour Post\" "
      "xmlUrl=\"https://example.org/rss?a=1&amp;b=2\"/>"
      "<outline type=\"rss\" title=\"Harbour Post\" text=\"x\" XMLURL=\"HTTP://example.org/other#top\"/>"
      "<outline text=\"Again\" xmlUrl=\"https://example.org/rss?a=1&amp;b=2\"/></outline>"
      "<outline xmlUrl=\"https://feeds.example.net/\"/><outline text=\"No\" xmlUrl=\"https://no.example/\"/>"
      "<outline text=\"7 Days\" xmlUrl=\"https://seven.example/\"/></body></opml>");
  CHECK(yaml ==
        "sources:\n"
        "  harbour-post: {feed: \"https://example.org/rss?a=1&b=2\"}\n"
        "  harbour-post-2: {feed: \"http://example.org/other\"}\n"
        "  feeds-example-net: {feed: \"https://feeds.example.net/\"}\n"
        "  \"no\": {feed: \"https://no.example/\"}\n"
        "  \"7-days\": {feed: \"https://seven.example/\"}\n");
  SampleConfig sample(yaml);
  const auto config = sample.load();
  CHECK(sample.complaints().empty());
  CHECK(config.feeds.size() == 5);
}

TEST_CASE("names of feeds do not run into each other") {
  const auto yaml = yaml_of(
      "<opml><outline text=\"a\" xmlUrl=\"https://1.example/\"/><outline text=\"a-2\" "
      "xmlUrl=\"https://2.example/\"/>"
      "<outline text=\"a\" xmlUrl=\"https://3.example/\"/><outline text=\"a\" "
      "xmlUrl=\"https://4.example/\"/></opml>");
  SampleConfig sample(yaml);
  CHECK(sample.complaints().empty());
}

TEST_CASE("what could do harm does not come out of an OPML list") {
  const auto yaml = yaml_of(
      "<!DOCTYPE opml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><opml><body>"
      "<outline text=\"a\" xmlUrl=\"file:///etc/passwd\"/><outline text=\"b\" "
      "xmlUrl=\"javascript:alert(1)\"/>"
      "<outline text=\"c\" xmlUrl=\"https://user:secret@example.org/\"/>"
      "<outline text=\"&quot;}&#10;state: /tmp\" xmlUrl=\"https://example.org/&quot;}&#10;state: /tmp\"/>"
      "<outline text='d' xmlUrl='https://d.example/'></body>");
  CHECK(yaml.find("passwd") == std::string::npos);
  CHECK(yaml.find("secret") == std::string::npos);
  CHECK(yaml.find("\nstate") == std::string::npos);
  SampleConfig sample(yaml);
  CHECK(sample.complaints().empty());
  CHECK(sample.load().feeds.size() == 2);
}

TEST_CASE("what is no OPML list is said to be none") {
  for (const auto* text :
       {"", "hello", "<rss><channel/></rss>", "<opml/>", "<opml><outline xmlUrl=\"\"/></opml>"}) {
    CAPTURE(text);
    const auto feeds = read_opml(text);
    REQUIRE_FALSE(feeds);
    CHECK_FALSE(feeds.error().message.empty());
  }
}

TEST_CASE("entries that cannot be feeds are named with their line, and cost no other") {
  const auto list = read_opml(
      "<opml><body>\n"
      "<outline text='Good' xmlUrl='https://good.example/'/>\n"
      "<outline text='Gopher' xmlUrl='gopher://old.example/'/>\n"
      "<outline type='rss' text='Empty'/>\n"
      "<outline type='include' text='More' url='https://more.example/list.opml'/>\n"
      "<outline text='Folder'><outline><outline text='Deep' "
      "xmlUrl='https://deep.example/'/></outline></outline>\n"
      "</body></opml>");
  REQUIRE(list);
  REQUIRE(list->feeds.size() == 2);
  CHECK(list->feeds[1].name == "deep");
  CHECK(list->feeds[1].line == 6);
  REQUIRE(list->slips.size() == 3);
  CHECK(list->slips[0].line == 3);
  CHECK(list->slips[0].message.find("\"Gopher\"") != std::string::npos);
  CHECK(list->slips[1].line == 4);
  CHECK(list->slips[2].line == 5);
}

TEST_CASE("a broken list says where, and gives what could be read") {
  const auto list = read_opml(
      "<opml><body>\n<outline text='a' xmlUrl='https://a.example/?x=1&y=2'/>\n"
      "<outline text='b' xmlUrl='https://b.example/'/>\n</opml>");
  REQUIRE(list);
  CHECK(list->feeds.size() == 2);
  REQUIRE(list->slips.size() == 1);
  CHECK(list->slips[0].line == 2);
}
