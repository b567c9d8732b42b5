#include "story/identity.hpp"

#include <catch2/catch.hpp>

#include "story/parse.hpp"
#include "story/url_identity.hpp"

using namespace crier;

TEST_CASE("addresses of the same page have one spelling") {
  const auto* page = "https://example.org/a/B?id=7&q=x%20y";
  for (const auto* url :
       {"https://example.org/a/B?id=7&q=x%20y", "HTTPS://Example.ORG:443/a/B?id=7&q=x%20y#top",
        "https://example.org/a/B?utm_source=mail&id=7&UTM_Campaign=c&q=x%20y&fbclid=1",
        "https://example.org/a/"
        "B?id=7&gclid=1&dclid=2&msclkid=3&mc_cid=4&mc_eid=5&igshid=6&yclid=7&_hsenc=8&_hsmi=9&q=x%20y",
        "  https://example.org/a/B?id=7&q=x y  ", "https://example.org/a/B?u%74m_x=1&id=7&q=x%20y"}) {
    CAPTURE(url);
    REQUIRE(canonical_url(url) == page);
  }
  REQUIRE(canonical_url("http://example.org:80") == "http://example.org/");
  REQUIRE(canonical_url("http://example.org:8080/?utm_source=x") == "http://example.org:8080/");
  REQUIRE(canonical_url("https://example.org/ü") == "https://example.org/%C3%BC");
  REQUIRE(canonical_url("https://[::1]:443/") == "https://[::1]/");
  REQUIRE(canonical_url("https://example.org/?b=1&a=2") == "https://example.org/?b=1&a=2");
}

TEST_CASE("what is no address of a page has no canonical form") {
  for (const auto& url :
       {std::string(""), std::string("example.org"), std::string("/a"), std::string("javascript:alert(1)"),
        std::string("ftp://example.org/"), std::string("https://bank.example@evil.example/"),
        std::string("https:///a"), std::string("https://exa\nmple.org/"),
        std::string("https://example.org/%zz"), "https://example.org/" + std::string(3000, 'a')}) {
    CAPTURE(url);
    REQUIRE_FALSE(canonical_url(url));
  }
}

TEST_CASE("the id is the story's own, else made from its URL, else from title and day") {
  Story story;
  story.id = "urn:x/1 2";
  REQUIRE(identify(story).value() == "urn:x/1 2");

  story.id.clear();
  story.title = "Two ports sign a pact";
  REQUIRE(identify(story).value() == "two-ports-sign-a-pact");
  story.published = parse_rfc3339("2023-10-18T19:37:00Z");
  REQUIRE(identify(story).value() == "two-ports-sign-a-pact-2023-10-18");

  story.url = "https://example.org/World/pact?id=7";
  const auto id = identify(story).value();
  REQUIRE(id.starts_with("example-org-world-pact-"));
  story.url = "https://EXAMPLE.org/World/pact?utm_medium=mail&id=7#x";
  REQUIRE(identify(story).value() == id);
  story.url = "https://example.org/World/pact?id=8";
  REQUIRE(identify(story).value() != id);
}

TEST_CASE("long titles that begin alike stay apart, and signs alone make an id") {
  Story one, two, signs;
  one.title = std::string(
      "A very long title that goes on and on until nobody remembers where it once began, part one");
  two.title = std::string(
      "A very long title that goes on and on until nobody remembers where it once began, part two");
  signs.title = "…!?";
  REQUIRE(identify(one).value() != identify(two).value());
  REQUIRE(identify(signs).value().size() == 12);
}

TEST_CASE("ids that would hurt are refused") {
  Story story;
  REQUIRE_FALSE(identify(story));
  story.id = "a\nb";
  REQUIRE_FALSE(identify(story));
  story.id = std::string(max_id_bytes + 1, 'a');
  REQUIRE_FALSE(identify(story));
}

TEST_CASE("what is not text is refused by name") {
  ParseOptions options;
  options.file_name = "picture.txt";
  for (const auto& bytes : {std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16), std::string("a\0b", 3),
                            std::string("\x01\x02\x03\x04\x05\x06")}) {
    const auto source = parse_stories(bytes, options);
    REQUIRE_FALSE(source);
    REQUIRE(source.error().message == "picture.txt: not a text file");
  }
  for (const auto* blank : {"", " \n\r\n ", "\xEF\xBB\xBF"})
    REQUIRE(parse_stories(blank, options).error().message == "picture.txt: the file is empty");
}

TEST_CASE("a byte order mark says which Unicode it is") {
  ParseOptions options;
  const std::string little(
      "\xff\xfe"
      "D\0a\0m\0 \0b\0r\0e\0a\0k\0s\0",
      22);
  const auto source = parse_stories(little, options).value();
  REQUIRE(source.encoding == "utf-16le");
  REQUIRE(source.stories.at(0).title == "Dam breaks");
}

TEST_CASE("a given format decides, and an unknown one is an error") {
  ParseOptions options;
  options.file_name = "a.json";
  options.format = "page-text";
  REQUIRE(parse_stories("{\"title\": \"T\"}", options)->format == "page-text");
  options.format = "markdwon";
  REQUIRE(
      parse_stories("x", options)
          .error()
          .message.starts_with("a.json: there is no format \"markdwon\" (did you mean \"markdown\"?); the "
                               "formats are "));
}

TEST_CASE("the URL a story came from makes its id, and a date in the future is not believed") {
  ParseOptions options;
  options.file_name = "a.txt";
  options.url = "https://example.org/dam";
  options.now = parse_rfc3339("2023-10-18T12:00:00Z");
  const auto source = parse_stories("Dam breaks again\n\n2023-10-18 15:37 UTC\n\nWater.\n", options).value();
  REQUIRE(source.stories.at(0).url == "https://example.org/dam");
  REQUIRE(source.stories.at(0).id.starts_with("example-org-dam-"));
  REQUIRE_FALSE(source.stories.at(0).published);
  REQUIRE(source.warnings.size() == 1);
  options.now = parse_rfc3339("2023-10-18T15:30:00Z");
  REQUIRE(parse_stories("Dam breaks again\n\n2023-10-18 15:37 UTC\n\nWater.\n", options)
              ->stories.at(0)
              .published);
}

TEST_CASE("the id of a feed's story begins with its source, and stays within the limit") {
  CHECK(id_of_source("wire", "123") == "wire:123");
  CHECK(id_of_source("wire", "https://example.org/1") == "wire:https://example.org/1");
  CHECK(id_of_source("wire", "other:123") == "wire:other:123");
  const std::string longest(max_id_bytes, 'x');
  const auto id = id_of_source("wire", longest);
  CHECK(id.starts_with("wire:"));
  CHECK(id.size() <= max_id_bytes);
  CHECK(id != id_of_source("wire", std::string(max_id_bytes - 1, 'x')));
  CHECK(id_of_source(longest, "1").size() <= max_id_bytes);
  CHECK(id_of_source(longest, "1") != id_of_source(longest, "2"));
}

TEST_CASE("a new time is no news, and what an earlier crier kept of a story still tells it") {
  Story story;
  story.title = "Dam breaks";
  story.published = parse_rfc3339("2023-10-18T10:00:00Z");
  auto later = story;
  later.published = parse_rfc3339("2023-10-19T10:00:00Z");
  CHECK(is_told_by(content_hash(story), later));
  CHECK(is_told_by(content_hash(story, Times::counted), story));
  CHECK_FALSE(is_told_by(content_hash(story, Times::counted), later));
  CHECK(id_by_content(story) != id_by_content(later));
  later.title = "Dam holds";
  CHECK_FALSE(is_told_by(content_hash(story), later));
}
