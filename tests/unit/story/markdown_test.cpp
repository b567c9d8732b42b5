#include <catch2/catch.hpp>

#include "story/parse.hpp"

using namespace crier;

namespace {

Result<ParsedSource> parse(const std::string& text, const std::string& file_name = "story.md") {
  ParseOptions options;
  options.file_name = file_name;
  return parse_stories(text, options);
}

Story story_of(const std::string& text) {
  auto source = parse(text);
  if (!source) FAIL(source.error().message);
  return source->stories.at(0);
}

std::string error_of(const std::string& text) {
  const auto source = parse(text);
  return source ? "no error" : source.error().message;
}

using List = std::vector<std::string>;

const std::string full = R"(---
id: pact-7
version: 3
status: withheld
url: https://example.org/pact?utm_source=x
title: "Two ports sign a pact"
summary: What it says.
authors: [Jane Sample, John Sample]
published: 2023-10-18T15:37:00-04:00
updated: Oct 19, 2023 9:00 UTC
embargo: 2023-10-20 06:00 UTC
language: en_GB
topics:
  - politics
  - trade
regions: East Asia, Europe
section: World
site: Harbour Post
image: https://example.org/a.jpg
urgency: 2
---

First *paragraph* with a [link](https://example.org/).

## What next

- one
- two

    code & more
)";

}  // namespace

TEST_CASE("front matter and Markdown make a whole story") {
  const auto source = parse(full, "story.txt").value();
  REQUIRE(source.format == "markdown");
  REQUIRE(source.warnings.empty());
  const auto& story = source.stories.at(0);
  REQUIRE(story.id == "pact-7");
  REQUIRE(story.version == 3);
  REQUIRE(story.status == StoryStatus::withheld);
  REQUIRE(story.url == "https://example.org/pact?utm_source=x");
  REQUIRE(story.title == "Two ports sign a pact");
  REQUIRE(story.summary == "What it says.");
  REQUIRE(story.authors == List{"Jane Sample", "John Sample"});
  REQUIRE(to_rfc3339(*story.published) == "2023-10-18T19:37:00Z");
  REQUIRE(to_rfc3339(*story.updated) == "2023-10-19T09:00:00Z");
  REQUIRE(to_rfc3339(*story.embargo) == "2023-10-20T06:00:00Z");
  REQUIRE(story.language == "en-GB");
  REQUIRE(story.topics == List{"politics", "trade"});
  REQUIRE(story.regions == List{"East Asia", "Europe"});
  REQUIRE(story.section == "World");
  REQUIRE(story.site == "Harbour Post");
  REQUIRE(story.urgency == 2);
  REQUIRE(story.body_text.starts_with("First paragraph with a link.\n\nWhat next\n\n• one\n\n• two"));
  REQUIRE(
      story.body_html.starts_with("<p>First <em>paragraph</em> with a <a href=\"https://example.org/\" "
                                  "rel=\"nofollow noopener\">link</a>.</p>"));
}

TEST_CASE("Markdown alone takes its title from the first heading, which leaves the body") {
  const auto story = story_of("# Dam *breaks*\n\nWater came at night.\nPeople ran.\n\n## More\n\nLater.\n");
  REQUIRE(story.title == "Dam breaks");
  REQUIRE(story.id == "dam-breaks");
  REQUIRE(story.summary == "Water came at night. People ran.");
  REQUIRE(story.body_text == "Water came at night. People ran.\n\nMore\n\nLater.");
  REQUIRE(story.headings == List{"More"});
  REQUIRE(story.body_html.find("Dam") == std::string::npos);
}

TEST_CASE("front matter may be TOML") {
  const auto source = parse(
      "+++\ntitle = \"Two ports sign a pact\"\ndate = 2023-10-18T15:37:00-04:00\ntags = [\"politics\", "
      "'trade']\n"
      "authors = [\"Jane Sample\"]\nurgency = 2\ndraft = false\n[extra]\nlayout = 1\n+++\n\nBody.\n",
      "story.txt");
  REQUIRE(source);
  REQUIRE(source->format == "markdown");
  const auto& story = source->stories.at(0);
  REQUIRE(story.title == "Two ports sign a pact");
  REQUIRE(to_rfc3339(*story.published) == "2023-10-18T19:37:00Z");
  REQUIRE(story.topics == List{"politics", "trade"});
  REQUIRE(story.authors == List{"Jane Sample"});
  REQUIRE(story.urgency == 2);
  REQUIRE(story.status == StoryStatus::usable);
  REQUIRE(story.body_text == "Body.");
  REQUIRE(error_of("+++\ntitle = \"T\"\ndate = 2023-13-45\n+++\nBody.\n").starts_with("story.md:3:"));
  REQUIRE(error_of("+++\ntitle = \"T\"\nstatus = \"witheld\"\n+++\nBody.\n").find("status") !=
          std::string::npos);
  REQUIRE(error_of("+++\ntitle = \"T\"\nBody.\n").find("never ends; add a line \"+++\"") !=
          std::string::npos);
}

TEST_CASE("what site generators call fields is understood, and a draft does not leave") {
  const auto story = story_of(
      "---\ntitle: T\ndescription: What it says.\ntags: [politics]\ncategories: [world]\nlastmod: "
      "2023-10-19\n"
      "lang: fr\nsummary: Ours.\n---\nBody.\n");
  REQUIRE(story.summary == "Ours.");
  REQUIRE(story.topics == List{"politics", "world"});
  REQUIRE(story.language == "fr");
  REQUIRE(story.updated);
  REQUIRE(story_of("---\ntitle: T\ndraft: true\n---\nB.\n").status == StoryStatus::withheld);
  REQUIRE(story_of("---\ntitle: T\npublished: false\n---\nB.\n").status == StoryStatus::withheld);
  REQUIRE(story_of("+++\ntitle = 'T'\ndraft = true\n+++\nB.\n").status == StoryStatus::withheld);
}

TEST_CASE("Markdown without a title is a story still, named by its content") {
  const auto story = story_of("- one\n- *two*\n");
  REQUIRE(story.title.empty());
  REQUIRE(story.id.starts_with("item-"));
  REQUIRE(story.body_text == "• one\n\n• two");
  REQUIRE(story_of("- one\n- *two*\n").id == story.id);
}

TEST_CASE("raw HTML is kept as far as it is safe, and its text counts") {
  const auto story = story_of(
      "# T\n\nWater is H<sub>2</sub>O.\n\n<figure><img src=\"https://example.org/a.jpg\" onload=\"x()\">"
      "<figcaption>The dam</figcaption></figure>\n\n<p class=x>Raw <b>words</b>.</p>\n");
  REQUIRE(story.body_html.find("H<sub>2</sub>O") != std::string::npos);
  REQUIRE(story.body_html.find("onload") == std::string::npos);
  REQUIRE(story.body_text.find("Raw words.") != std::string::npos);
  REQUIRE(story.image == "https://example.org/a.jpg");
}

TEST_CASE("raw HTML and script links do not pass") {
  const auto story =
      story_of("# T\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) <b onclick=a>b</b>\n");
  REQUIRE(story.body_html.find("<script") == std::string::npos);
  REQUIRE(story.body_html.find("javascript") == std::string::npos);
  REQUIRE(story.body_html.find("onclick") == std::string::npos);
  REQUIRE(story.body_text == "x b");
}

TEST_CASE("a mapping in front matter is what names it") {
  const auto yaml = story_of(
      "---\ntitle: T\nauthor: {name: Jane Sample, url: 'https://example.org/jane', links: [{name: no}]}\n"
      "tags:\n  - name: politics\n    weight: {name: no}\n  - trade\n"
      "cover:\n  alt: a boat\n  image: https://example.org/boat.jpg\nsection: News\n---\nBody.\n");
  CHECK(yaml.authors == List{"Jane Sample"});
  CHECK(yaml.topics == List{"politics", "trade"});
  CHECK(yaml.image == "https://example.org/boat.jpg");
  CHECK(yaml.section == "News");
  const auto toml = story_of(
      "+++\ntitle = \"T\"\n[cover]\nalt = \"a boat\"\nimage = \"https://example.org/boat.jpg\"\n"
      "[[authors]]\nname = \"Jane Sample\"\n[[authors]]\nname = \"John Sample\"\n+++\nBody.\n");
  CHECK(toml.authors == List{"Jane Sample", "John Sample"});
  CHECK(toml.image == "https://example.org/boat.jpg");
  CHECK(error_of("---\ntitle: T\nstatus: {name: witheld}\n---\n").find("status") != std::string::npos);
}

TEST_CASE("wrong values are warnings with their place, unknown names come with a suggestion") {
  const auto source = parse(
                          "---\ntitle: T\nurgency: high\nversion: [1]\nregoins: [Asia]\nupdated: someday\n"
                          "url: javascript:alert(1)\nauthors: {first: Jane}\nlanguage: 'x y'\n---\nBody.\n")
                          .value();
  REQUIRE(source.stories.at(0).title == "T");
  REQUIRE(source.stories.at(0).url.empty());
  REQUIRE_FALSE(source.stories.at(0).urgency);
  const List expected{
      "story.md:3:1: urgency: must be a whole number from 1 to 8; ignored",
      "story.md:4:1: version: must be one text or number; ignored",
      "story.md:5:1: regoins: unknown field, ignored (did you mean \"regions\"?)",
      "story.md:6:1: updated: cannot read the date \"someday\"; left out",
      "story.md:7:1: url: must be an absolute http or https URL; ignored",
      "story.md:8:1: authors: must be a list of texts; ignored",
      "story.md:9:1: language: must be a language tag such as \"en\" or \"pt-BR\"; ignored",
  };
  REQUIRE(source.warnings == expected);
}

TEST_CASE("a status or embargo that cannot be read refuses the story") {
  REQUIRE(error_of("---\ntitle: T\nstatus: kiled\n---\n") ==
          "story.md:3:1: status: must be usable, withheld or canceled");
  REQUIRE(
      error_of("---\ntitle: T\nembargo: soon\n---\n").starts_with("story.md:3:1: embargo: cannot be read"));
  REQUIRE(error_of("---\ntitle: T\nembargo: [2023-10-18]\n---\n").starts_with("story.md:3:1: embargo:"));
  REQUIRE(
      error_of("---\nstatus: canceled\ntitle: T\n").starts_with("story.md:1:1: front matter begins here"));
  const auto held = story_of("---\ntitle: T\nembargo:\n---\nBody.\n");
  REQUIRE(held.embargo == held_indefinitely);
}

TEST_CASE("broken YAML names its line and column") {
  // An open quotation must not swallow the status.
  REQUIRE(error_of("---\ntitle: 'open\nstatus: canceled\n---\n").starts_with("story.md:4:1: front matter: "));
  REQUIRE(
      error_of("---\ntitle: \"open\nstatus: canceled\n---\n").starts_with("story.md:4:1: front matter: "));
  REQUIRE(error_of("---\ntitle: T\n--- {a: b}\nstatus: canceled\n---\n").find("one YAML document") !=
          std::string::npos);
  REQUIRE(error_of("---\ntitle: a\ntitle: b\n---\n") ==
          "story.md:3:1: front matter: the name is there twice");
  REQUIRE(error_of("---\n- a: b\n---\n").starts_with("story.md:2:1: front matter: must be a mapping"));
  REQUIRE(error_of("---\na: \"\\é\"\n---\n").find("\uFFFD") != std::string::npos);
  REQUIRE(error_of("---\na: \"\\xzz\"\n---\n").starts_with("story.md:2:"));
}

TEST_CASE("YAML bombs and nests neither crash nor grow") {
  std::string bomb = "---\ntitle: T\na: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 9; ++i) bomb += std::string(i ? "," : "") + "*" + static_cast<char>(c - 1);
    bomb += "]\n";
  }
  REQUIRE(story_of(bomb + "topics: *j\n---\nBody.\n").topics.empty());
  for (const auto* nest : {"[", "{a: ", "- ", "? ", "!!x ", "&a "}) {
    std::string deep = "---\nx: ";
    while (deep.size() < 60'000) deep += nest;
    CAPTURE(nest);
    REQUIRE_NOTHROW(parse(deep + "\n---\nBody.\n").has_value());
  }
  REQUIRE(error_of("---\nx: " + std::string(70'000, 'x') + "\n---\n").find("more than the limit") !=
          std::string::npos);
}

TEST_CASE("Markdown that is slow for naive parsers is not slow here") {
  for (const auto* pattern :
       {"> ", "- ", "*a ", "[a](", "`", "<!--", "![[", "**x [a*b**c* _", "1. ", "&#", "<a b=\""}) {
    std::string text = "# T\n\n";
    while (text.size() < 100'000) text += pattern;
    CAPTURE(pattern);
    REQUIRE(parse(text));
  }
  REQUIRE_FALSE(parse("# T\n\n" + std::string(2U << 20, 'x')));
}

TEST_CASE("Markdown of nothing but marks is refused before it costs memory") {
  std::string quotes = "# T\n\n";
  quotes.append(200'000, '>');
  REQUIRE(error_of(quotes).find("marks of Markdown") != std::string::npos);
  REQUIRE(story_of("# T\n\n![x](data:image/png;base64," + std::string(400'000, 'A') + ")\n").title == "T");
}

TEST_CASE("front matter may begin with blank lines and comments") {
  for (const std::string above :
       {"---\n\n", "---\n# Hold until noon\n", "---\n\n# a\n  # b\n\n", "\n \n---\n"}) {
    INFO(above);
    const auto source = parse(above + "draft: true\ntitle: T\n---\nBody.\n", "story.txt");
    REQUIRE(source);
    const auto& story = source->stories.at(0);
    REQUIRE(story.status == StoryStatus::withheld);
    REQUIRE(story.title == "T");
    REQUIRE(story.body_text == "Body.");
  }
  REQUIRE(story_of("+++\n# note\n\ndraft = true\ntitle = 'T'\n+++\nBody.\n").status == StoryStatus::withheld);
  REQUIRE(error_of("\n\n---\n# note\nstatus: no\n---\nB.\n").starts_with("story.md:5:1: "));
  REQUIRE(error_of("\n---\n# note\ntitle: T\nB.\n").starts_with("story.md:2:1: "));
}

TEST_CASE("what holds a story back is read in all its spellings") {
  for (const std::string held :
       {"draft: True", "draft: yes", "Draft: ON", "draft: 1", "published: False", "published: no",
        "publish: off", "PUBLISHED: \"false\"", "status: Draft", "status: private", "unpublished: true"}) {
    INFO(held);
    REQUIRE(story_of("---\ntitle: T\n" + held + "\n---\nB.\n").status == StoryStatus::withheld);
  }
  for (const std::string free : {"draft: False", "draft: no", "published: yes", "publish: true",
                                 "status: published", "published: 2023-10-18"}) {
    INFO(free);
    REQUIRE(story_of("---\ntitle: T\n" + free + "\n---\nB.\n").status == StoryStatus::usable);
  }
}

TEST_CASE("what may hold a story back and cannot be read refuses the file") {
  for (const std::string doubtful : {"draft: maybe", "draft:", "draft: [true]", "draft: {a: b}",
                                     "published: flase", "publish: 2023-10-18", "status: ready"}) {
    INFO(doubtful);
    REQUIRE(error_of("---\ntitle: T\n" + doubtful + "\n---\nB.\n").starts_with("story.md:3:1: "));
  }
  REQUIRE(error_of("---\ntitle: T\ndraft: maybe\n---\nB.\n") == "story.md:3:1: draft: must be true or false");
  REQUIRE(error_of("---\nstatus: withheld\nStatus: usable\n---\nB.\n") ==
          "story.md:3:1: Status: the name is there twice");
}

TEST_CASE("what holds a story back wins over what releases it") {
  REQUIRE(story_of("---\ntitle: T\ndraft: true\nstatus: usable\n---\nB.\n").status == StoryStatus::withheld);
  REQUIRE(story_of("---\ntitle: T\nstatus: usable\npublished: false\n---\nB.\n").status ==
          StoryStatus::withheld);
  REQUIRE(story_of("---\ntitle: T\nstatus: withheld\ndraft: false\n---\nB.\n").status ==
          StoryStatus::withheld);
  REQUIRE(story_of("---\ntitle: T\ndraft: true\nstatus: canceled\n---\nB.\n").status ==
          StoryStatus::canceled);
}

TEST_CASE("a generator's day of publication is an embargo") {
  const auto story = story_of("---\ntitle: T\npublishDate: 2030-01-02T03:04:05Z\n---\nB.\n");
  REQUIRE(to_rfc3339(*story.embargo) == "2030-01-02T03:04:05Z");
}

TEST_CASE("lines of names and values may stand over Markdown without a fence") {
  const auto story = story_of(
      "Title: Two ports: a pact\nDate: 2023-10-18 15:37 UTC\nAuthor: Jane Sample\nTags: politics, trade\n"
      "Status: draft\n\nFirst *paragraph*.\n");
  REQUIRE(story.title == "Two ports: a pact");
  REQUIRE(to_rfc3339(*story.published) == "2023-10-18T15:37:00Z");
  REQUIRE(story.authors == List{"Jane Sample"});
  REQUIRE(story.topics == List{"politics", "trade"});
  REQUIRE(story.status == StoryStatus::withheld);
  REQUIRE(story.body_text == "First paragraph.");
  REQUIRE(story_of("# T\n\nNote: this is prose.\n").body_text == "Note: this is prose.");
  REQUIRE(story_of("Note: this is prose.\n\nMore.\n").body_text.starts_with("Note: this is prose."));
}

TEST_CASE("tables of Markdown are tables") {
  const auto story = story_of("# T\n\n| Port | Ships |\n| --- | ---: |\n| North | 12 |\n| South | 7 |\n");
  REQUIRE(story.body_text == "Port | Ships\nNorth | 12\nSouth | 7");
  REQUIRE(story.body_html.find("<table>") != std::string::npos);
  REQUIRE(story.body_html.find("<td>North</td>") != std::string::npos);
  REQUIRE(story_of("# T\n\na | b\n").body_text == "a | b");
}

TEST_CASE("a table whose short rows would be filled up to many cells stays text") {
  std::string wide = "|", rule = "|", rows;
  for (int i = 0; i < 1000; ++i) wide += "a|", rule += "-|";
  for (int i = 0; i < 20'000; ++i) rows += "|a\n";
  const auto story = story_of("# T\n\n" + wide + "\n" + rule + "\n" + rows);
  REQUIRE(story.body_html.find("<table>") == std::string::npos);
}

TEST_CASE("ordered lists of Markdown keep their numbers") {
  REQUIRE(story_of("# T\n\n3. three\n4. four\n").body_text == "3. three\n\n4. four");
}

TEST_CASE("front matter may be empty, and Markdown without it is known by a heading at its start") {
  const auto empty = story_of("---\n---\n# Dam breaks\n\nWater came.\n");
  CHECK(empty.title == "Dam breaks");
  CHECK(empty.body_html == "<p>Water came.</p>");
  CHECK(story_of("---\n\n---\n# Dam breaks\n").title == "Dam breaks");
  const auto source = parse("# Dam *breaks*\n\nWater came.\n", "story").value();
  CHECK(source.format == "markdown");
  CHECK(source.stories.at(0).title == "Dam breaks");
  CHECK(parse("#dam breaks\n\nWater came.\n", "story").value().format == "page-text");
  CHECK(parse("# Dam breaks\n<p>Water came.</p>\n", "story.html").value().format != "markdown");
}

TEST_CASE("a path in front matter is relative to where the file came from") {
  ParseOptions options;
  options.file_name = "story.md";
  options.url = "https://example.org/2023/dam.md";
  const auto source = parse_stories("---\ntitle: Dam\nfeatured_image: /i/dam.jpg\n---\nx\n", options).value();
  CHECK(source.stories.at(0).image == "https://example.org/i/dam.jpg");
  CHECK(story_of("---\ntitle: Dam\nimage: /i/dam.jpg\n---\nx\n").image.empty());
}
