#include "match/explain.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "match/query_parser.hpp"
#include "story/story.hpp"

using namespace crier;

namespace {

AnalyzedStory sample() {
  Story story;
  story.title = "Okoro and Brandt\nsign “Ring Road” pact";
  story.summary = "A treaty, at last.";
  story.body_text =
      "President Ada Okoro’s visit ended well. Ministers praised the Ring Road plan and an apple orchard. "
      "Much later, after many speeches and songs, the summit closed.";
  story.language = "en";
  story.regions = {"West Africa", "Sahel"};
  story.urgency = 4;
  return analyze(story);
}

Explanation explained(std::string_view query) {
  Diagnostics diagnostics;
  const auto rule = parse_query(query, {}, diagnostics);
  INFO(query);
  REQUIRE(rule);
  return explain(*rule, sample());
}

}  // namespace

TEST_CASE("an explanation says in one line why a rule matched, or what it lacked") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"\"ada okoro\" OR brandt OR train", "matched: \"Ada Okoro\" (body word 2), Brandt (title word 3)"},
      {"minister AND visits", "matched: Ministers (body word 7), visit (body word 4)"},
      {"\"okoro and brandt sign\"", "matched: \"Okoro and Brandt sign\" (title word 1)"},
      {"\"Ring Road\" NEAR/3 plan", "matched: \"Ring Road\" (body word 10) near plan (body word 12)"},
      {"treaty NOT sport", "matched: treaty (summary word 2), NOT sport"},
      {"region:sahel AND urgency<=4", "matched: region:sahel, urgency<=4 (4)"},
      {"ATLEAST(2, train, treaty, brandt)", "matched: treaty (summary word 2), Brandt (title word 3)"},
      {"orch*", "matched: orchard (body word 16)"},
      {"train", "no match: needs train; it does not occur"},
      {"\"Ada Brandt\" OR train", "no match: needs one of \"Ada Brandt\", train; neither occurs"},
      {"train OR plane OR ship", "no match: needs one of train, plane, ship; none occurs"},
      {"train OR region:Asia", "no match: needs one of train, region:Asia; neither holds"},
      {"okoro AND (train OR plane) AND ship",
       "no match: needs ship; it does not occur; and one more clause fails"},
      {"okoro NOT treaty", "no match: excludes treaty; found treaty (summary word 2)"},
      {"=minister", "no match: needs =minister; only another form occurs: Ministers (body word 7)"},
      {"title:treaty",
       "no match: needs treaty in the title; it occurs elsewhere only: treaty (summary word 2)"},
      {"title:orch*", "no match: needs orch* in the title; it occurs elsewhere only: orchard (body word 16)"},
      {"zepp*", "no match: needs zepp*; no word begins so"},
      {"\"Ada Brandt\"",
       "no match: needs \"Ada Brandt\"; its words do not stand together: Ada (body word 2), Brandt (title "
       "word "
       "3)"},
      {"\"Ada Lovelace\"", "no match: needs \"Ada Lovelace\"; of it only Ada (body word 2) occurs"},
      {"\"Grace Hopper\"", "no match: needs \"Grace Hopper\"; it does not occur"},
      {"train AND plane AND ship AND treaty",
       "no match: needs train; it does not occur; and 2 more clauses fail"},
      {"(okoro AND train) OR (plane AND ship)",
       "no match: needs one of okoro AND train, plane AND ship; neither holds. Nearest: needs train; it does "
       "not occur"},
      {"(train AND plane) OR ship", "no match: needs one of train AND plane, ship; neither holds"},
      {"region:Asia OR (region:Sahel AND urgency<=2)",
       "no match: needs one of region:Asia, region:Sahel AND urgency<=2; neither holds. Nearest: needs "
       "urgency<=2; the story has 4"},
      {"okoro NOT (treaty AND \"Ring Road\")",
       "no match: excludes treaty AND \"Ring Road\"; found treaty (summary word 2), \"Ring Road\" (title "
       "word "
       "5)"},
      {"region:Asia", "no match: needs region:Asia; the story has \"West Africa\", Sahel"},
      {"topic:Climate", "no match: needs topic:Climate; the story has no topic"},
      {"urgency<=2", "no match: needs urgency<=2; the story has 4"},
      {"published>=2023-01-01",
       "no match: needs published>=2023-01-01; the story has no time of publication"},
      {"\"Ring Road\" NEAR/5 summit",
       "no match: needs \"Ring Road\" NEAR/5 summit; the nearest are 14 words apart: \"Ring Road\" (body "
       "word 10) and "
       "summit (body word 25)"},
      {"train NEAR/5 summit", "no match: needs train NEAR/5 summit; train does not occur"},
      {"train NEAR/5 plane", "no match: needs train NEAR/5 plane; neither side occurs"},
      {"treaty NEAR/5 summit",
       "no match: needs treaty NEAR/5 summit; they occur in different fields only: treaty (summary word 2) "
       "and "
       "summit (body word 25)"},
      {"summit ONEAR/5 plan",
       "no match: needs summit ONEAR/5 plan; they do not occur in this order: summit (body word 25) and plan "
       "(body word 12)"},
      {"orchard ONEAR/3 apple",
       "no match: needs orchard ONEAR/3 apple; they stand the other way round: apple (body word 15) and "
       "orchard (body word 16)"},
      {"train OR plane NEAR/5 ship", "no match: needs one of train, plane NEAR/5 ship; neither holds"},
      {"\"Grace Hopper\" OR train AND treaty",
       "no match: needs one of \"Grace Hopper\", train AND treaty; neither holds. Nearest: needs train; it "
       "does not occur"},
      {"ATLEAST(3, train, treaty, brandt)",
       "no match: needs 3 of train, treaty, brandt; only treaty, brandt hold"},
      {"ATLEAST(2, train, treaty, plane)", "no match: needs 2 of train, treaty, plane; only treaty holds"},
  };
  for (const auto& [query, text] : table) {
    CAPTURE(query);
    CHECK(to_text(explained(query)) == text);
  }
}

TEST_CASE("an explanation for machines has the bytes to highlight") {
  const auto story = sample();
  const auto explanation = explained("\"Ada Okoro\" AND region:Sahel");
  REQUIRE(explanation.because.size() == 2);
  const auto& place = explanation.because[0].words.at(0).place;
  REQUIRE(story.text(place.field).substr(place.begin, place.end - place.begin) == "Ada Okoro");
  REQUIRE(
      boost::json::serialize(to_json(explanation)) ==
      R"({"matched":true,"because":[{"clause":"\"Ada Okoro\"","words":[{"field":"body","word":2,"begin":10,)"
      R"("end":19,"text":"Ada Okoro"}]},{"clause":"region:Sahel"}]})");
  REQUIRE(boost::json::serialize(to_json(explained("train"))) ==
          R"({"matched":false,"missing":"needs train; it does not occur","failed":{"clause":"train"}})");
  REQUIRE(
      boost::json::serialize(to_json(explained("okoro NOT treaty"))) ==
      R"j({"matched":false,"missing":"excludes treaty; found treaty (summary word 2)","failed":{"clause":)j"
      R"j("NOT treaty","words":[{"field":"summary","word":2,"begin":2,"end":8,"text":"treaty"}]}})j");
}

TEST_CASE("explanations stay short for long rules and stories") {
  std::string query = "w0";
  Story story;
  for (int i = 0; i < 300; ++i) {
    query += " OR w" + std::to_string(i);
    story.body_text += "w" + std::to_string(i % 100) + ' ';
  }
  Diagnostics diagnostics;
  const auto rule = parse_query(query, {}, diagnostics);
  REQUIRE(rule);
  REQUIRE(to_text(explain(*rule, analyze(story))).size() < 400);
  REQUIRE(to_text(explain(*rule, analyze(Story{}))).size() < 400);
  const auto repeated = parse_query("w1*", {}, diagnostics);
  REQUIRE(explain(*repeated, analyze(story)).because.at(0).words.size() == 20);
}

TEST_CASE("rules of empty lists are explained") {
  const auto story = sample();
  REQUIRE(to_text(explain(all_of({}), story)) == "matched: the rule asks for nothing");
  REQUIRE(to_text(explain(any_of({}), story)) == "no match: the rule has nothing to find");
}
