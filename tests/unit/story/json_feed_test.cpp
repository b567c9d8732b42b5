#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "story/parse.hpp"

using namespace crier;

namespace {

Result<ParsedSource> parse(const std::string& text, const std::string& file_name = "feed",
                           const std::string& url = "") {
  ParseOptions options;
  options.file_name = file_name;
  options.url = url;
  return parse_stories(text, options);
}

ParsedSource feed_of(const std::string& items, const std::string& url = "") {
  auto source =
      parse(R"({"version":"https://jsonfeed.org/version/1.1","title":"Harbour Post","items":)" + items + "}",
            "feed", url);
  if (!source) FAIL(source.error().message);
  return *std::move(source);
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("a JSON Feed gives its stories, and what it says of itself") {
  const auto source = parse(R"({
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Harbour Post",
    "home_page_url": "https://example.org/",
    "feed_url": "https://example.org/feeds/world.json",
    "language": "en-GB",
    "expired": true,
    "authors": [{"name": "The Desk"}],
    "items": [{
      "id": 1702,
      "url": "/2026/pact",
      "external_url": "https://example.com/source",
      "title": "Two ports sign a pact",
      "summary": "What it says.",
      "content_html": "<p>The ports agreed.</p><p>Ships follow.</p>",
      "image": "photo.jpg",
      "date_published": "2026-11-20T10:00:00-05:00",
      "date_modified": "2026-11-20T16:00:00Z",
      "authors": [{"name": "Jane Sample", "url": "https://example.org/jane"}, {"name": "Ada Sample"}],
      "tags": ["trade", "ports"],
      "language": "pt-BR",
      "attachments": [{"url": "a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 1200, "title": "Listen"}],
      "_agency": {"desk": {"name": "x"}}
    }, {
      "id": "b", "external_url": "https://example.com/b", "content_text": "Only text.\n\nAnd more.",
      "banner_image": "https://example.org/banner.jpg"
    }]
  })")
                          .value();
  REQUIRE(source.format == "json-feed");
  REQUIRE_FALSE(source.bozo);
  REQUIRE(source.warnings.empty());
  REQUIRE(source.title == "Harbour Post");
  REQUIRE(source.url == "https://example.org/");
  REQUIRE(source.language == "en-GB");
  REQUIRE(source.expired);
  REQUIRE(to_json(source).at("source").at("expired") == true);
  const auto& story = source.stories.at(0);
  REQUIRE(story.id == "1702");
  REQUIRE(story.url == "https://example.org/2026/pact");
  REQUIRE(story.title == "Two ports sign a pact");
  REQUIRE(story.summary == "What it says.");
  REQUIRE(story.body_html.find("<p>Ships follow.</p>") != std::string::npos);
  REQUIRE(story.body_text.find("The ports agreed.") != std::string::npos);
  REQUIRE(story.image == "https://example.org/feeds/photo.jpg");
  REQUIRE(to_rfc3339(*story.published) == "2026-11-20T15:00:00Z");
  REQUIRE(to_rfc3339(*story.updated) == "2026-11-20T16:00:00Z");
  REQUIRE(story.authors == List{"Jane Sample", "Ada Sample"});
  REQUIRE(story.topics == List{"trade", "ports"});
  REQUIRE(story.language == "pt-BR");
  REQUIRE(story.enclosures.size() == 1);
  REQUIRE(story.enclosures[0].url == "https://example.org/feeds/a.mp3");
  REQUIRE(story.enclosures[0].type == "audio/mpeg");
  REQUIRE(story.enclosures[0].bytes == 1200);
  const auto& other = source.stories.at(1);
  REQUIRE(other.url == "https://example.com/b");
  REQUIRE(other.title.empty());
  REQUIRE(other.body_text == "Only text.\n\nAnd more.");
  REQUIRE(other.image == "https://example.org/banner.jpg");
  REQUIRE(other.authors == List{"The Desk"});
  REQUIRE(other.language == "en-GB");
}

TEST_CASE("JSON Feed 1.0 has one author, of the feed and of an item") {
  const auto source =
      parse(R"({"version":"https://jsonfeed.org/version/1","author":{"name":"The Desk"},)"
            R"("items":[{"id":"a","author":{"name":"Jane Sample"}},{"id":"b"},)"
            R"({"id":"c","author":"Ada Sample"},{"id":"d","author":{"url":"https://example.org"}}]})")
          .value();
  REQUIRE(source.format == "json-feed");
  REQUIRE(source.stories.at(0).authors == List{"Jane Sample"});
  REQUIRE(source.stories.at(1).authors == List{"The Desk"});
  REQUIRE(source.stories.at(2).authors == List{"Ada Sample"});
  REQUIRE(source.stories.at(3).authors == List{"The Desk"});
}

TEST_CASE("wrong types in a JSON Feed cost a warning, never the item") {
  const auto source = feed_of(
      R"([{"id":7.5,"title":["x"],"url":"mailto:a@example.org","tags":"ports","date_published":"someday",)"
      R"("authors":[7,{"name":{}},{"name":"Jane Sample"}],"attachments":[{"url":"ftp://x"},3],"image":12},)"
      R"("text",{"id":"b","attachments":{},"language":7},{"content_text":"Nothing but words."}])");
  REQUIRE(source.stories.size() == 3);
  const auto& story = source.stories.at(0);
  REQUIRE(story.id == "7.5");
  REQUIRE(story.title.empty());
  REQUIRE(story.url.empty());
  REQUIRE(story.topics == List{"ports"});
  REQUIRE(story.authors == List{"7", "Jane Sample"});
  REQUIRE(story.enclosures.empty());
  REQUIRE_FALSE(source.stories.at(2).id.empty());
  const auto warns_of = [&](const std::string& label) {
    return std::any_of(source.warnings.begin(), source.warnings.end(),
                       [&](const auto& line) { return line.find(": " + label) != std::string::npos; });
  };
  for (const auto* label : {"items[0].title:", "items[0].url:", "items[0].date_published:",
                            "items[0].authors[1]:", "items[0].attachments[0]:", "items[0].attachments[1]:",
                            "story refused: items[1]:", "items[2].attachments:", "items[2].language:"}) {
    CAPTURE(label);
    REQUIRE(warns_of(label));
  }
}

TEST_CASE("relative addresses in a JSON Feed without its own are resolved by where it came from") {
  const auto source = feed_of(R"([{"id":"a","url":"../pact","image":"//cdn.example.org/a.jpg"}])",
                              "https://example.org/feeds/all.json");
  REQUIRE(source.stories.at(0).url == "https://example.org/pact");
  REQUIRE(source.stories.at(0).image == "https://cdn.example.org/a.jpg");
}

TEST_CASE("a JSON Feed is known by its version, or by what its items hold") {
  const auto format_of = [](const std::string& text) {
    const auto source = parse(text);
    return source ? source->format : source.error().message;
  };
  REQUIRE(format_of(R"({"items":[],"title":"T","version":"https:\/\/jsonfeed.org\/version\/1"})") ==
          "json-feed");
  REQUIRE(format_of(R"({"version":"1.1","items":[{"id":"a","content_html":"<p>x</p>"}]})") == "json-feed");
  REQUIRE(format_of(R"({"home_page_url":"https://example.org","items":[{"id":"a"}]})") == "json-feed");
  REQUIRE(format_of(R"({"stories":[{"id":"a","version":2}]})") == "json");
  REQUIRE(format_of(R"([{"id":"a","url":"https://example.org/a"}])") == "json");
}

TEST_CASE("a JSON Feed with commas too many or comments is read, and marked") {
  const auto source = feed_of("[{\"id\":\"a\",\"title\":\"T\",},/* one */]");
  REQUIRE(source.stories.at(0).title == "T");
  REQUIRE(source.bozo);
  REQUIRE(source.bozo_reason.find("not valid JSON") != std::string::npos);
  REQUIRE(feed_of("{}").bozo);
  REQUIRE(parse(R"({"version":"https://jsonfeed.org/version/1","items":[{"id":"a"}]} and more)")->bozo);
}

TEST_CASE("what programs that write JSON by hand get wrong is read, and marked") {
  const auto story = [](const std::string& title) {
    const auto source = feed_of("[{\"id\":\"a\",\"title\":\"" + title + "\"}]");
    CHECK(source.bozo);
    return source.stories.at(0);
  };
  CHECK(story("One\ntwo\tthree\x01").title == "One two three");
  CHECK(story("cut \\ud83d, \\ude00 and \\ud83d\\ude00").title == "cut \uFFFD, \uFFFD and 😀");
  CHECK(story("Jane\\'s \\x and \\u12").title == "Jane's x and u12");
  const auto commented = feed_of("[{\"id\":\"a\", // \"the first\n\"title\":\"One\ntwo\"}]");
  CHECK(commented.stories.at(0).title == "One two");
}

TEST_CASE("a JSON Feed that breaks off keeps the stories that are whole") {
  const std::string whole =
      R"({"version":"https://jsonfeed.org/version/1","title":"Post","items":[{"id":"a","title":"One","tags":["x"]},)"
      R"({"id":"b","title":"Two","tags":["y")";
  for (std::size_t size = whole.find("]},") + 3; size <= whole.size(); ++size) {
    const auto source = parse(whole.substr(0, size));
    CAPTURE(size);
    REQUIRE(source);
    CHECK(source->bozo);
    CHECK(source->title == "Post");
    CHECK(source->stories.size() == 1);
  }
  CHECK_FALSE(parse(whole.substr(0, whole.find("[{"))));
}

TEST_CASE("a story of JSON that breaks off is refused: its embargo may be what is missing") {
  const std::string whole =
      R"({"uri":"urn:1","headline":"T","subjects":[{"name":"a"},{"name":"b"}],"bodies":[{"value":"x"}],)"
      R"("embargoed":"2030-01-01T00:00:00Z"})";
  for (std::size_t size = 1; size < whole.size(); ++size) {
    CAPTURE(size);
    const auto source = parse(whole.substr(0, size), "ninjs.json");
    CHECK((!source || source->stories.empty()));
  }
}

TEST_CASE("a JSON Feed without its version is told by its items") {
  const auto source = parse(R"({"title":"Harbour Post","items":[{"id":"a","title":"T"}]})");
  REQUIRE(source);
  REQUIRE(source->format == "json-feed");
  REQUIRE(source->bozo);
  REQUIRE(source->title == "Harbour Post");
  REQUIRE(source->stories.at(0).id == "a");
}

TEST_CASE("a JSON Feed of many items is read up to the limit") {
  std::string items = "[";
  for (std::size_t i = 0; i <= max_stories; ++i)
    items += (i ? ",{\"id\":" : "{\"id\":") + std::to_string(i) + "}";
  const auto source = feed_of(items + "]");
  REQUIRE(source.stories.size() == max_stories);
  REQUIRE(source.warnings.size() == 1);
}

TEST_CASE("a comment that the text ends in is an error, not a crash") {
  ParseOptions options;
  options.file_name = "feed.json";
  for (const auto* format : {"json-feed", "ninjs"}) {
    options.format = format;
    for (const auto* text : {"//", "//@a\"", "{\"items\":[]} // end", "{\"items\":[{\"id\":/* "})
      CHECK_NOTHROW(static_cast<void>(parse_stories(text, options)));
  }
}

TEST_CASE("JSON of more values than any feed has is refused before it is in memory") {
  std::string members = "[{\"id\":\"a\"";
  for (int i = 0; i <= 500'000; ++i) members += ",\"a\":1";
  const auto source =
      parse(R"({"version":"https://jsonfeed.org/version/1.1","items":)" + members + "}]}", "feed");
  REQUIRE_FALSE(source);
  REQUIRE(source.error().message == "feed: more than 500000 values are too many");
  // Commas in texts are none.
  const auto text =
      feed_of("[{\"id\":\"a\",\"title\":\"T\",\"content_text\":\"" + std::string(600'000, ',') + "\"}]");
  REQUIRE(text.stories.at(0).title == "T");
}
