#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "story/parse.hpp"

using namespace crier;

namespace {

Result<ParsedSource> parse(const std::string& text) {
  ParseOptions options;
  options.file_name = "item";
  return parse_stories(text, options);
}

Story story_of(const std::string& members) {
  auto source = parse(R"({"uri":"urn:example:1","headline":"H",)" + members + "}");
  if (!source) FAIL(source.error().message);
  REQUIRE(source->format == "ninjs");
  return source->stories.at(0);
}

std::string error_of(const std::string& members) {
  const auto source = parse(R"({"uri":"urn:example:1","headline":"H",)" + members + "}");
  return source ? "no error" : source.error().message;
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("an item of ninjs 1.x is a story") {
  const auto source = parse(R"({
    "uri": "https://example.org/news/pact",
    "type": "text", "mimetype": "text/html", "representationtype": "complete",
    "version": "3", "pubstatus": "usable", "urgency": 2, "language": "en",
    "versioncreated": "2026-11-20T16:00:00Z", "firstcreated": "2026-11-20T15:00:00+01:00",
    "byline": "By Jane Sample and Ada Sample, Jane Sample", "slugline": "PORTS-PACT",
    "headline": "Two ports sign a pact",
    "description_text": "What it says.",
    "ednote": "SECRET: hold for legal",
    "body_html": "<p>The ports agreed.</p><h2>Next</h2><script>x()</script>",
    "body_text": "The ports agreed.",
    "subject": [{"name": "trade", "code": "20000210"}, {"code": "medtop:11000000"}, {"code": "04000000"},
                {"code": "17000000", "scheme": "http://cv.iptc.org/newscodes/mediatopic/"}, {"rel": "about"}],
    "place": [{"name": "East Asia"}], "keywords": ["shipping"],
    "associations": {
      "side": {"type": "picture", "renditions": {"small": {"href": "https://example.org/s.jpg", "width": 100}}},
      "featuremedia": {"type": "picture", "renditions": {
        "thumb": {"href": "https://example.org/t.jpg", "width": 100},
        "base": {"href": "https://example.org/b.jpg", "width": 1200, "mimetype": "image/jpeg"}}},
      "talk": {"type": "audio", "renditions": {
        "mp3": {"href": "https://example.org/a.mp3", "mimetype": "audio/mpeg", "sizeinbytes": 1200}}}
    }
  })")
                          .value();
  REQUIRE(source.format == "ninjs");
  REQUIRE(source.warnings.empty());
  const auto& story = source.stories.at(0);
  REQUIRE(story.id == "https://example.org/news/pact");
  REQUIRE(story.url == "https://example.org/news/pact");
  REQUIRE(story.version == 3);
  REQUIRE(story.status == StoryStatus::usable);
  REQUIRE(story.urgency == 2);
  REQUIRE(story.title == "Two ports sign a pact");
  REQUIRE(story.summary == "What it says.");
  REQUIRE(story.body_text == "The ports agreed.\n\nNext");
  REQUIRE(story.headings == List{"Next"});
  REQUIRE(story.body_html.find("script") == std::string::npos);
  REQUIRE(story.authors == List{"Jane Sample", "Ada Sample"});
  REQUIRE(story.topics == List{"trade", "politics", "economy", "weather", "shipping"});
  REQUIRE(story.regions == List{"East Asia"});
  REQUIRE(story.language == "en");
  REQUIRE(to_rfc3339(*story.published) == "2026-11-20T14:00:00Z");
  REQUIRE(to_rfc3339(*story.updated) == "2026-11-20T16:00:00Z");
  REQUIRE(story.image == "https://example.org/b.jpg");
  REQUIRE(story.enclosures.size() == 1);
  REQUIRE(story.enclosures[0].url == "https://example.org/a.mp3");
  REQUIRE(story.enclosures[0].bytes == 1200);
  REQUIRE_FALSE(story.correction);
  REQUIRE(boost::json::serialize(to_json(story)).find("SECRET") == std::string::npos);
}

TEST_CASE("an item of ninjs 2.x or 3.x is a story") {
  const auto source = parse(R"([{
    "standard": {"name": "ninjs", "version": "3.0"},
    "uri": "urn:example:pact", "version": "7", "pubStatus": "usable", "urgency": 9,
    "contentCreated": "2026-11-20T14:00:00Z", "versionCreated": "2026-11-20T16:00:00Z",
    "by": "Jane Sample", "edNote": "SECRET",
    "headlines": [{"role": "short", "value": "Pact"},
                  {"role": "main", "contentType": "text/html", "value": "Two <i>ports</i> sign"}],
    "descriptions": [{"role": "summary", "contentType": "text/plain", "value": "What it says."}],
    "bodies": [{"role": "caption", "contentType": "text/plain", "value": "A ship."},
               {"role": "main", "contentType": "text/plain", "value": "The ports agreed."}],
    "subjects": [{"uri": "http://cv.iptc.org/newscodes/mediatopic/15000000"}, {"name": "sailing"},
                 {"uri": "http://cv.iptc.org/newscodes/mediatopic/20000763"}],
    "places": [{"name": "Harbour Town"}],
    "associations": [{"name": "main", "type": "picture", "renditions": [
      {"name": "thumb", "href": "https://example.org/t.jpg", "width": 100},
      {"name": "full", "href": "https://example.org/f.jpg", "width": 900}]}]
  }])")
                          .value();
  REQUIRE(source.format == "ninjs");
  REQUIRE(source.warnings.empty());
  const auto& story = source.stories.at(0);
  REQUIRE(story.id == "urn:example:pact");
  REQUIRE(story.url.empty());
  REQUIRE(story.version == 7);
  REQUIRE(story.urgency == 8);
  REQUIRE(story.title == "Two ports sign");
  REQUIRE(story.summary == "A ship.");
  REQUIRE(story.body_text == "The ports agreed.");
  REQUIRE(story.authors == List{"Jane Sample"});
  REQUIRE(story.topics == List{"sport", "sailing", "medtop:20000763"});
  REQUIRE(story.regions == List{"Harbour Town"});
  REQUIRE(to_rfc3339(*story.published) == "2026-11-20T14:00:00Z");
  REQUIRE(story.image == "https://example.org/f.jpg");
  REQUIRE(boost::json::serialize(to_json(story)).find("SECRET") == std::string::npos);
}

TEST_CASE("what decides whether a ninjs item may leave is never guessed") {
  REQUIRE(story_of(R"("pubstatus":"withheld")").status == StoryStatus::withheld);
  REQUIRE(story_of(R"("pubStatus":"canceled")").status == StoryStatus::canceled);
  REQUIRE(story_of(R"("pubStatus":"Cancelled")").status == StoryStatus::canceled);
  REQUIRE(story_of(R"("pubstatus":"stat:canceled")").status == StoryStatus::canceled);
  REQUIRE(story_of(R"("pubstatus":null)").status == StoryStatus::usable);
  REQUIRE(error_of(R"("pubstatus":"kiled")").find("pubstatus: must be usable, withheld or canceled") !=
          std::string::npos);
  REQUIRE(error_of(R"("pubStatus":["usable"])").find("pubStatus: must be") != std::string::npos);
  REQUIRE(to_rfc3339(*story_of(R"("embargoed":"2026-11-30T06:00:00+01:00")").embargo) ==
          "2026-11-30T05:00:00Z");
  REQUIRE(story_of(R"("embargoed":"")").embargo == held_indefinitely);
  REQUIRE(story_of(R"("embargoed":null)").embargo == held_indefinitely);
  REQUIRE(error_of(R"("embargoed":"soon")").find("embargoed: cannot be read") != std::string::npos);
}

TEST_CASE("a signal says that a ninjs item corrects an earlier one; its editor's note stays inside") {
  REQUIRE(story_of(R"("signal":[{"code":"sig:correction"}],"ednote":"wrong port")").correction == "");
  REQUIRE(story_of(R"("signals":[{"uri":"http://cv.iptc.org/newscodes/signal/correction"}])").correction ==
          "");
  REQUIRE(story_of(R"("signal":{"name":"Correction"})").correction == "");
  REQUIRE_FALSE(story_of(R"("signal":[{"code":"sig:update"}])").correction);
}

TEST_CASE("several ninjs items come in one file, and a bad one stops no other") {
  const auto source =
      parse(
          R"({"items":[{"uri":"a","headline":"A","pubstatus":"usable"},{"uri":"b","pubstatus":"gone"},7,)"
          R"({"uri":"c","headline":["x"],"slugline":"C-SLUG","subject":"x","urgency":"high","version":{}}]})")
          .value();
  REQUIRE(source.format == "ninjs");
  REQUIRE(source.stories.size() == 2);
  REQUIRE(source.stories.at(1).title == "C-SLUG");
  REQUIRE(source.warnings.size() == 6);
}

TEST_CASE("ninjs is told from our own JSON and from JSON Feed") {
  const auto format_of = [](const std::string& text) { return parse(text).value().format; };
  REQUIRE(format_of(R"({"uri":"a","headline":"H"})") == "ninjs");
  REQUIRE(format_of(R"({"guid":"a","pubstatus":"usable","headline":"H"})") == "ninjs");
  REQUIRE(format_of(R"({"items":[{"uri":"a","versionCreated":"2026-11-20T16:00:00Z"}]})") == "ninjs");
  REQUIRE(format_of(R"({"id":"a","title":"H","status":"usable"})") == "json");
  REQUIRE(format_of(R"({"version":"https://jsonfeed.org/version/1","items":[]})") == "json-feed");
}
