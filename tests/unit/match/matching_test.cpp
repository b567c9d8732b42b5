#include <catch2/catch.hpp>

#include "match/evaluate.hpp"
#include "match/query_parser.hpp"
#include "story/story.hpp"

using namespace crier;

namespace {

Story sample() {
  Story story;
  story.id = "tide";
  story.title = "Mayor Okoro’s tide wall wins vote";
  story.summary = "Council backs U.S. loan.";
  story.body_text =
      "Lagos — The city council voted 31–9 for the sea wall, a state-of-the-art barrier worth $5bn.\n\n"
      "“The wall protects 1,000 homes,” Mayor Ada Okoro said. O’Brien & Partners, the engineers, write C++ "
      "models. "
      "Critics said the sea is rising 3.5 millimetres a year. They follow #tidewall and @harbourdesk.";
  story.language = "en";
  story.topics = {"Climate change", "Cities"};
  story.regions = {"West Africa"};
  story.section = "World";
  story.authors = {"Zoë Müller", "Ben Adeyemi"};
  story.source = "wire";
  story.site = "www.example.org";
  story.urgency = 3;
  story.published = parse_rfc3339("2023-10-18T19:37:00Z");
  return story;
}

bool is_true(std::string_view query, const AnalyzedStory& story) {
  Diagnostics diagnostics;
  const auto rule = parse_query(query, {}, diagnostics);
  INFO(query);
  INFO((diagnostics.empty() ? "" : to_string(diagnostics.list()[0])));
  REQUIRE(rule);
  return matches(*rule, story);
}

bool is_found(std::string_view query, std::string_view text, std::string_view language) {
  Story story;
  story.body_text = text;
  story.language = language;
  return is_true(query, analyze(story));
}

}  // namespace

TEST_CASE("what a rule finds in a story, and what not") {
  const auto story = analyze(sample());
  const std::vector<std::pair<std::string, bool>> table{
      {"mayor", true},
      {"MAYORS", true},
      {"Okoro", true},
      {"\"Okoro's\"", true},
      {"harbour", false},
      {"harbourdesk", true},
      {"@harbourdesk", true},
      {"#harbourdesk", false},
      {"#tidewall", true},
      {"\"sea wall\"", true},
      {"\"wall sea\"", false},
      {"\"sea walls\"", true},
      {"=\"sea walls\"", false},
      {"=vote", true},
      {"=votes", false},
      {"votes", true},
      {"vot*", true},
      {"zeb*", false},
      {"state-of-the-art", true},
      {"\"state of the art\"", true},
      {"\"O'Brien\"", true},
      {"OBrien", true},
      {"U.S.", true},
      {"us", false},
      {"C++", true},
      {"C", false},
      {"$5bn", true},
      {"5bn", true},
      {"\"€5bn\"", false},
      {"\"1,000 homes\"", true},
      {"1000", true},
      {"3.5", true},
      {"\"31-9\"", true},
      // No phrase or NEAR reaches from one field into another.
      {"\"vote council\"", false},
      {"vote NEAR/100 backs", false},
      {"title:wall", true},
      {"title:sea", false},
      {"title:\"tide wall\"", true},
      {"title:\"city council\"", false},
      {"title:(Okoro AND wall)", true},
      {"title:win*", true},
      {"title:barr*", false},
      {"council NEAR/6 wall", false},
      {"council NEAR/7 wall", true},
      {"wall NEAR/7 council", true},
      {"wall ONEAR/7 council", false},
      {"council ONEAR/7 wall", true},
      {"\"city council\" NEAR/2 votes", true},
      {"(harbour OR council) NEAR/1 voted", true},
      {"mayor NEAR/5 mayor", false},
      {"title:(mayor NEAR/3 wall)", true},
      {"wall AND sea", true},
      {"wall AND harbour", false},
      {"harbour OR wall", true},
      {"wall NOT sea", false},
      {"wall NOT harbour", true},
      {"wall AND (harbour OR sea) NOT sport", true},
      {"ATLEAST(2, wall, harbour, sea)", true},
      {"ATLEAST(3, wall, harbour, sea)", false},
      {"topic:\"climate change\"", true},
      {"topic:climate", false},
      {"topic:Cities AND region:west-africa", true},
      {"section:world", true},
      {"author:\"Zoe Muller\"", true},
      {"author:Ben", false},
      {"source:wire", true},
      {"site:www.example.org", true},
      {"lang:en", true},
      {"lang:en-GB", false},
      {"urgency<=3", true},
      {"urgency<3", false},
      {"urgency=3", true},
      {"urgency>=4", false},
      {"published>=2023-10-18", true},
      {"published>2023-10-18", false},
      {"published<=2023-10-18", true},
      {"published=2023-10-18", true},
      {"published<2023-10-18", false},
      {"published>2023-10-18T19:37:00Z", false},
      {"published>=2023-10-18T21:37:00+02:00", true},
      {"NOT NOT wall", true},
  };
  for (const auto& [query, expected] : table) {
    CAPTURE(query);
    CHECK(is_true(query, story) == expected);
  }
}

TEST_CASE("a story without urgency is normal; without a time it is neither before nor after") {
  const auto story = analyze(Story{});
  REQUIRE(is_true("urgency=5", story));
  REQUIRE_FALSE(is_true("published>=2000-01-01", story));
  REQUIRE_FALSE(is_true("published<2000-01-01", story));
  REQUIRE_FALSE(is_true("a", story));
  REQUIRE_FALSE(is_true("a NEAR/5 b", story));
}

TEST_CASE("lists of none: all and none are true, any is not") {
  const auto story = analyze(sample());
  REQUIRE(matches(all_of({}), story));
  REQUIRE(matches(none_of({}), story));
  REQUIRE_FALSE(matches(any_of({}), story));
}

TEST_CASE("rules find words in the world's languages") {
  struct Case {
    std::string query, text, language;
    bool found;
  };
  const std::vector<Case> table{
      {"国家主席", "国家主席在北京会见记者。", "zh", true},
      {"主席国家", "国家主席在北京会见记者。", "zh", false},
      {"\"北京 记者\"", "国家主席在北京会见记者。", "zh", false},
      {"プリンス", "ﾌﾟﾘﾝｽ大統領が演説した", "ja", true},
      {"大統領 NEAR/3 演説", "ﾌﾟﾘﾝｽ大統領が演説した", "ja", true},
      {"대통령", "대통령이 오늘 서울에서 연설했다", "ko", true},
      {"محمد", "قال مُحَمَّد إن الانتخابات", "ar", true},
      {"الإنتخابات", "قال محمد إن الانتخابات", "ar", true},
      {"שלום", "שָׁלוֹם לכולם", "he", true},
      {"צה״ל", "דובר צה\"ל הודיע", "he", true},
      {"मंत्री", "प्रधान मंत्री ने कहा", "hi", true},
      {"выборы", "итоги выборов объявлены", "ru", true},
      {"елка", "Ёлка на площади", "ru", true},
      {"Wahl", "Die Wahlen in Österreich", "de", true},
      {"osterreich", "Die Wahlen in Österreich", "de", true},
      {"STRASSE", "Die Straße ist gesperrt", "de", true},
      {"istanbul", "İSTANBUL'da seçim", "tr", true},
      {"isik", "IŞIK ve ışık", "tr", true},
      {"ไทย", "รัฐบาลไทยประกาศ", "th", true},
      {"investigación", "Las investigaciones siguen", "es", true},
      {"esta", "La casa está cerrada", "es", true},
      {"élection", "L’élection présidentielle", "fr", true},
      {"elections", "L’élection présidentielle", "fr", true},
      {"Ελλάδα", "Η ΕΛΛΑΔΑ σήμερα", "el", true},
      // A name is found in every language, stemmed there or not.
      {"Reuters", "Wie Reuters meldet", "de", true},
      {"Reuters", "jak podaje Reuters", "pl", true},
      {"Angeles", "vive en Los Ángeles", "es", true},
      {"chips", "the chip maker", "", true},
      {"chips", "the chip maker", "pl", false},
  };
  for (const auto& [query, text, language, found] : table) {
    CAPTURE(query, text);
    CHECK(is_found(query, text, language) == found);
  }
}

TEST_CASE("hostile repetition does not slow a pair or a phrase down") {
  Story story;
  for (int i = 0; i < 200'000; ++i) story.body_text += i % 2 == 0 ? "sea " : "wall ";
  const auto analysed = analyze(story);
  REQUIRE(is_true("sea NEAR/1 wall", analysed));
  REQUIRE(is_true("(sea OR wall) NEAR/100 (wall OR sea)", analysed));
  REQUIRE_FALSE(is_true("sea NEAR/100 zebra", analysed));
  std::string phrase;
  for (int i = 0; i < 31; ++i) phrase += "sea wall ";
  REQUIRE(is_true('"' + phrase + '"', analysed));
  REQUIRE_FALSE(is_true('"' + phrase + "sea sea\"", analysed));
}
