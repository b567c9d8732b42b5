#include "match/telling_words.hpp"

#include <catch2/catch.hpp>

#include "match/query_parser.hpp"
#include "story/story.hpp"

using namespace crier;

namespace {

Rule rule(std::string_view query) {
  Diagnostics diagnostics;
  auto parsed = parse_query(query, {}, diagnostics);
  REQUIRE(parsed);
  return *std::move(parsed);
}

std::vector<std::string> words(std::string_view query, std::size_t most = 3) {
  Story story;
  story.title = "Putin and Xi get closer";
  story.body_text = "Xi Jinping met PUTIN in Beijing. Chips, and a chip foundry, were on the agenda.";
  story.language = "en";
  story.regions = {"East Asia"};
  return telling_words(rule(query), analyze(story), most);
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a rule's telling words are those that made it true, as the story spells them") {
  CHECK(words("\"xi jinping\" OR putin OR train") == Words{"Xi Jinping", "Putin"});
  CHECK(words("chip AND (train OR beijing) NOT sport") == Words{"Chips", "Beijing"});
  CHECK(words("chips NEAR/5 foundry") == Words{"chip", "foundry"});
  CHECK(words("found*") == Words{"foundry"});
  CHECK(words("ATLEAST(2, train, beijing, agenda)") == Words{"Beijing", "agenda"});
}

TEST_CASE("telling words are few, and each once") {
  CHECK(words("putin AND title:PUTIN AND beijing") == Words{"Putin", "Beijing"});
  CHECK(words("putin AND xi AND beijing AND agenda", 2) == Words{"Putin", "Xi"});
}

TEST_CASE("a rule without a match, or without words, has none") {
  CHECK(words("train").empty());
  CHECK(words("putin NOT xi").empty());
  CHECK(words("region:\"East Asia\"").empty());
}
