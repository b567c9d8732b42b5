#include <catch2/catch.hpp>

#include "match/evaluate.hpp"
#include "match/query_parser.hpp"
#include "story/story.hpp"
#include "text/analyzer.hpp"

using namespace crier;

TEST_CASE("words are stemmed in the detected or the site's language, and lang: finds it") {
  const auto finds = [](std::string_view query, const Story& story, std::string_view site_language) {
    const auto rule = read_query(query);
    REQUIRE(rule.has_value());
    return matches(*rule, analyze(story, site_language));
  };
  Story story;
  story.body_text =
      "Die Regierung hat am Montag ein neues Gesetz beschlossen. Die Häuser an der Küste werden im Herbst "
      "geschützt, sagte die Ministerin.";
  CHECK(finds("Haus", story, "en"));
  CHECK(finds("lang:de", story, "en"));
  CHECK_FALSE(finds("lang:en", story, "en"));
  Story brief;
  brief.title = "Die Häuser";
  CHECK(finds("Haus", brief, "de-AT"));
  CHECK(finds("lang:de", brief, "de-AT"));
  CHECK_FALSE(finds("Haus", brief, "en"));
}
