#include "support/feed_sample.hpp"

using namespace crier;
using namespace crier::test;

namespace {

using List = std::vector<std::string>;

std::string item(const std::string& meta, const std::string& rest = "",
                 const std::string& status = "<pubStatus qcode=\"stat:usable\"/>") {
  return "<newsItem xmlns=\"http://iptc.org/std/nar/2006-10-01/\" guid=\"urn:newsml:example.org:1\" "
         "version=\"3\""
         " xml:lang=\"en-GB\"><itemMeta><itemClass qcode=\"ninat:text\"/>"
         "<versionCreated>2023-10-18T19:37:00Z</versionCreated>" +
         status + meta + "</itemMeta>" + rest + "</newsItem>";
}

const std::string body =
    "<contentMeta><urgency>9</urgency><headline>Two ports sign a pact</headline><by>By Jane Sample</by>"
    "<subject qcode=\"medtop:04000000\"/><subject qcode=\"x:1\"><name>ports</name></subject>"
    "<subject type=\"cpnat:geoArea\" qcode=\"x:2\"><name>Norway</name></subject><keyword>quays</keyword>"
    "<description role=\"drol:summary\">What it says.</description></contentMeta>"
    "<contentSet><inlineXML contenttype=\"application/xhtml+xml\"><html "
    "xmlns=\"http://www.w3.org/1999/xhtml\">"
    "<head><title>not this</title></head><body><p>First &amp; <b>bold</b>.</p><p>Second.</p></body></html>"
    "</inlineXML></contentSet>";

}  // namespace

TEST_CASE("a NewsML-G2 item makes a whole story") {
  const auto source =
      parse_feed(item("<firstCreated>2023-10-18T10:00:00Z</firstCreated>"
                      "<edNote>Do not tell anybody.</edNote><signal qcode=\"sig:correction\"/>",
                      body));
  REQUIRE(source.format == "newsml-g2");
  const auto& story = source.stories.at(0);
  REQUIRE(story.id == "urn:newsml:example.org:1");
  REQUIRE(story.version == 3);
  REQUIRE(story.status == StoryStatus::usable);
  REQUIRE(story.title == "Two ports sign a pact");
  REQUIRE(story.summary == "What it says.");
  REQUIRE(story.authors == List{"Jane Sample"});
  REQUIRE(story.topics == List{"economy", "ports", "quays"});
  REQUIRE(story.regions == List{"Norway"});
  REQUIRE(story.urgency == 8);
  REQUIRE(story.language == "en-GB");
  REQUIRE(to_rfc3339(*story.published) == "2023-10-18T10:00:00Z");
  REQUIRE(to_rfc3339(*story.updated) == "2023-10-18T19:37:00Z");
  REQUIRE(story.body_text == "First & bold.\n\nSecond.");
  REQUIRE(story.correction == "");
  REQUIRE(story.body_html.find("not this") == std::string::npos);
}

TEST_CASE("a NITF body is read without its head") {
  const auto source = parse_feed(
      item("",
           "<contentSet><inlineXML contenttype=\"application/nitf+xml\"><nitf><head><title>no</title></head>"
           "<body><body.head><hedline><hl1>no</hl1></hedline></body.head><body.content><block><hl2>Part</hl2>"
           "<p>Text.</p></block></body.content><body.end/></body></nitf></inlineXML></contentSet>"));
  REQUIRE(source.stories.at(0).body_text == "Part\n\nText.");
  REQUIRE(source.stories.at(0).headings == List{"Part"});
}

TEST_CASE("what may not leave is never guessed") {
  const auto canceled =
      parse_feed(item("", body, "<pubStatus uri=\"http://cv.iptc.org/newscodes/pubstatusg2/canceled\"/>"));
  REQUIRE(canceled.stories.at(0).status == StoryStatus::canceled);
  const auto held = parse_feed(item("<embargoed/>", body));
  REQUIRE(held.stories.at(0).embargo == held_indefinitely);
  const auto until = parse_feed(item("<embargoed>2023-10-20T06:00:00Z</embargoed>", body));
  REQUIRE(to_rfc3339(*until.stories.at(0).embargo) == "2023-10-20T06:00:00Z");
  ParseOptions options;
  const auto status = parse_stories(item("", body, "<pubStatus qcode=\"stat:maybe\"/>"), options);
  REQUIRE_FALSE(status);
  REQUIRE(status.error().message.find("status: must be usable, withheld or canceled") != std::string::npos);
  REQUIRE_FALSE(parse_stories(item("<embargoed>soon</embargoed>", body), options));
}

TEST_CASE("a message has many items, and packages are left out with a word") {
  const auto source = parse_feed(
      "<newsMessage xmlns=\"http://iptc.org/std/nar/2006-10-01/\"><header/><itemSet>" + item("", body) +
      "<packageItem guid=\"p\"><itemMeta><title>no</title></itemMeta></packageItem>" +
      item("", body, "<pubStatus qcode=\"stat:maybe\"/>") + "</itemSet></newsMessage>");
  REQUIRE(source.stories.size() == 1);
  REQUIRE(source.warnings.size() == 2);
  REQUIRE(source.warnings[0].find("packageItem") != std::string::npos);
  REQUIRE(source.warnings[1].find("story refused") != std::string::npos);
}

TEST_CASE("of a message with too many items the first are read, and only then something is left out") {
  const auto items = [](std::size_t count) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i)
      all += "<newsItem guid=\"u:" + std::to_string(i) +
             "\" version=\"1\"><contentMeta><headline>T</headline></contentMeta></newsItem>";
    return parse_feed("<newsMessage xmlns=\"http://iptc.org/std/nar/2006-10-01/\"><itemSet>" + all +
                      "</itemSet></newsMessage>");
  };
  REQUIRE(items(max_stories).stories.size() == max_stories);
  REQUIRE(items(max_stories).warnings.empty());
  REQUIRE(items(max_stories + 2).stories.size() == max_stories);
  REQUIRE(items(max_stories + 2).warnings.size() == 1);
}
