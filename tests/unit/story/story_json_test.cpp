#include <algorithm>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "story/parse.hpp"

using namespace crier;

namespace {

Result<ParsedSource> parse(const std::string& text, const std::string& file_name = "story.json") {
  ParseOptions options;
  options.file_name = file_name;
  return parse_stories(text, options);
}

std::string error_of(const std::string& text) {
  const auto source = parse(text);
  return source ? "no error" : source.error().message;
}

}  // namespace

TEST_CASE("normalised JSON comes back as it went out") {
  Story story;
  story.id = "a/b?c";
  story.version = 2;
  story.status = StoryStatus::canceled;
  story.url = "https://example.org/a";
  story.title = "Ünïcode “title”";
  story.summary = "S";
  story.body_text = "One.\n\nTwo.";
  story.headings = {"One."};
  story.body_html = "<p>One.</p>";
  story.authors = {"Jane Sample"};
  story.published = parse_rfc3339("2023-10-18T19:37:00Z");
  story.embargo = held_indefinitely;
  story.correction = "An earlier version named the wrong port.";
  story.language = "en";
  story.topics = {"politics"};
  story.regions = {"East Asia"};
  story.section = "World";
  story.site = "Harbour Post";
  story.image = "https://example.org/a.jpg";
  story.enclosures = {{"https://example.org/a.mp3", "audio/mpeg", 1200}, {"https://example.org/b", "", 0}};
  story.urgency = 1;
  const auto text = boost::json::serialize(to_json(story));
  for (const auto& written : {text, "[" + text + "]", "{\"stories\":[" + text + "]}"}) {
    const auto source = parse(written, "dropped.txt");
    REQUIRE(source);
    REQUIRE(source->format == "json");
    REQUIRE(source->warnings.empty());
    REQUIRE(boost::json::serialize(to_json(source->stories.at(0))) == text);
  }
}

TEST_CASE("what crier parse prints can be parsed again") {
  const auto source = parse(R"([{"title":"One"},{"title":"Two"}])").value();
  const auto printed = to_json(source);
  REQUIRE(printed.at("source").at("format") == "json");
  REQUIRE(printed.at("source").at("bozo") == false);
  REQUIRE(printed.at("source").at("encoding") == "utf-8");
  REQUIRE(printed.at("source").as_object().size() == 3);
  REQUIRE(printed.at("stories").at(1).at("id") == "two");
  REQUIRE_FALSE(printed.at("stories").at(1).as_object().contains("published"));
  REQUIRE(parse(boost::json::serialize(printed))->stories.size() == 2);
}

TEST_CASE("an enclosure that cannot be used costs a warning, not the story") {
  const auto source = parse(R"({"title":"A","enclosures":[{"url":"file:///etc/passwd"},)"
                            R"({"url":"https://example.org/a.mp3","bytes":-1},7]})")
                          .value();
  REQUIRE(source.stories.at(0).enclosures.size() == 1);
  REQUIRE(source.stories.at(0).enclosures.at(0).url == "https://example.org/a.mp3");
  REQUIRE(source.stories.at(0).enclosures.at(0).bytes == 0);
  REQUIRE(source.warnings ==
          std::vector<std::string>{
              "story.json:1:14: enclosures[0]: must have a url, absolute and http or https; left out",
              "story.json:1:14: enclosures[2]: must have a url, absolute and http or https; left out",
          });
}

TEST_CASE("one bad story stops no other") {
  const auto source =
      parse(R"([{"title":"A"},{"title":"B","status":"gone"},7,{"summary":"x"},{"id":"c","urgency":12}])")
          .value();
  REQUIRE(source.stories.size() == 2);
  REQUIRE(source.warnings ==
          std::vector<std::string>{
              "story.json:1:29: story refused: [1].status: must be usable, withheld or canceled",
              "story.json:1:46: story refused: [2]: must be an object",
              "story.json:1:48: story refused: [3] has neither a title nor an id",
              "story.json:1:74: [4].urgency: must be a whole number from 1 to 8; ignored",
          });
}

TEST_CASE("what nobody would be told of is said") {
  REQUIRE(parse("[]")->warnings == std::vector<std::string>{"story.json:1:1: there is no story in it"});
}

TEST_CASE("a body in HTML alone is read as text, too, and nothing executable stays in it") {
  const auto source = parse(R"([{"title":"T","body_html":"<h2>More</h2><p>Body.</p><script>x()</script>"},)"
                            R"({"title":"U","body_html":"<p>B</p>","body_text":"Own words."}])")
                          .value();
  REQUIRE(source.warnings.empty());
  REQUIRE(source.stories.at(0).body_text == "More\n\nBody.");
  REQUIRE(source.stories.at(0).headings == std::vector<std::string>{"More"});
  REQUIRE(source.stories.at(0).body_html.find("<script") == std::string::npos);
  REQUIRE(source.stories.at(1).body_text == "Own words.");
}

TEST_CASE("numbers serve as ids, `embargoed` as embargo, ninjs' lowest urgency as ours") {
  const auto story = parse(R"({"id": 42, "embargoed": null, "title": "T", "urgency": 9})")->stories.at(0);
  REQUIRE(story.id == "42");
  REQUIRE(story.embargo == held_indefinitely);
  REQUIRE(story.urgency == 8);
}

TEST_CASE("every complaint about a value says where it stands") {
  const auto* const written = R"({
  "title": "A \" }, ] and a \\",
  "topics": [["a"], {"b": [1, "]"]}],
  "date": "someday",
  "regoins": "Asia",  "summary": {"en": "x"}, "summary":
    ["late"],
  "url": "ftp://x"
}
)";
  const std::vector<std::string> expected{
      "story.json:3:3: topics: must be a list of texts; ignored",
      "story.json:4:3: date: cannot read the date \"someday\"; left out",
      "story.json:5:3: regoins: unknown field, ignored (did you mean \"regions\"?)",
      "story.json:5:47: summary: must be one text or number; ignored",
      "story.json:7:3: url: must be an absolute http or https URL; ignored",
  };
  auto warnings = parse(written)->warnings;
  std::sort(warnings.begin(), warnings.end());
  REQUIRE(warnings == expected);
  REQUIRE(error_of("{\"id\": 1,\n \"embargo\": \"soon\"}").starts_with("story.json:2:2: embargo: cannot"));
  REQUIRE(error_of("\n  {\"id\": \"\"}").starts_with("story.json:2:3: the object has neither"));
  REQUIRE(error_of("\n {\"source\": {},\n\"stories\": 7}").starts_with("story.json:3:1: stories: must be"));
  REQUIRE(parse("{\"stories\": [{\"id\": 1},\n {\"id\": 2,\n  \"date\": \"x\"}]}")
              ->warnings.front()
              .starts_with("story.json:3:3: stories[1].date: cannot read"));
  // Written with escapes it is found where its story is.
  REQUIRE(
      parse("{\"id\": 1,\n \"d\\u0061te\": \"x\"}")->warnings.front().starts_with("story.json:1:1: date:"));
}

TEST_CASE("what is wrong with a story as a whole is said where it stands") {
  ParseOptions options;
  options.file_name = "lines.jsonl";
  options.first_line = 7;
  options.now = parse_rfc3339("2026-11-23T12:00:00Z");
  const std::string id(2000, 'x');
  const auto source = parse_stories(
      R"([{"id":"a"},{"id":"b", "date":"2999-01-01T00:00:00Z"},{"title":"t", "id":")" + id + "\"}]", options);
  REQUIRE(source->warnings.size() == 2);
  REQUIRE(
      source->warnings[0].starts_with("lines.jsonl:7:24: published: 2999-01-01T00:00:00Z is in the future"));
  REQUIRE(source->warnings[1].starts_with("lines.jsonl:7:69: story refused: "));
}

TEST_CASE("broken JSON names line and column") {
  REQUIRE(error_of("{\"title\": \"T\",\n  \"id\": nope}").starts_with("story.json:2:"));
  REQUIRE(error_of("{\"title\": \"T\"").find("ends too early") != std::string::npos);
  REQUIRE(error_of("{\"title\": \"T\"}\n\n x").starts_with("story.json:3:2: "));
  REQUIRE(error_of(std::string(100'000, '[')).starts_with("story.json:1:"));
  REQUIRE(error_of("\"just a text\"").find("must be a story") != std::string::npos);
  REQUIRE(error_of("{\"stories\": {}}").find("stories: must be a list") != std::string::npos);
  REQUIRE(error_of("{\"title\": \"\"}").find("neither a title nor an id") != std::string::npos);
}

TEST_CASE("brackets alone do not make a text JSON") {
  for (const auto* text : {"[BREAKING] Dam breaks\n\nWater.\n", "{{ draft }} Dam breaks\n"}) {
    const auto source = parse(text, "page.txt");
    REQUIRE(source);
    REQUIRE(source->format == "page-text");
  }
}

TEST_CASE("control characters smuggled in by escapes are dropped") {
  const auto story =
      parse(
          R"({"title": "A\u0000B\r\nBcc: x", "body_text": "x\u0000\u0007y\r\nz", "topics": ["a\nb", " ", "a b"]})")
          ->stories.at(0);
  REQUIRE(story.title == "AB Bcc: x");
  REQUIRE(story.body_text == "xy\nz");
  REQUIRE(story.topics == std::vector<std::string>{"a b"});
}

TEST_CASE("sizes and counts are capped, and said") {
  std::string list = "[";
  for (std::size_t i = 0; i <= max_stories; ++i)
    list += (i ? ",{\"id\":" : "{\"id\":") + std::to_string(i) + "}";
  const auto many = parse(list + "]").value();
  REQUIRE(many.stories.size() == max_stories);
  REQUIRE(many.warnings.size() == 1);

  std::string topics = "\"x\"";
  for (int i = 0; i < 1000; ++i) topics += ",\"t" + std::to_string(i) + "\"";
  const auto story =
      parse("{\"title\":\"" + std::string(5000, 'x') + "\",\"topics\":[" + topics + "]}").value();
  REQUIRE(story.stories.at(0).title.size() == 1024);
  REQUIRE(story.stories.at(0).topics.size() == 100);
  REQUIRE(story.warnings.size() == 2);

  std::string unknown = "{\"id\":1";
  for (int i = 0; i < 1000; ++i) unknown += ",\"zz" + std::to_string(i) + "\":1";
  REQUIRE(parse(unknown + "}")->warnings.size() == max_warnings + 1);
  REQUIRE_FALSE(parse(std::string(max_story_bytes + 1, ' ')));
}
