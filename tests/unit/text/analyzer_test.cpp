#include "text/analyzer.hpp"

#include <catch2/catch.hpp>

#include "story/story.hpp"

using namespace crier;

namespace {

Story sample() {
  Story story;
  story.id = "harbour";
  story.title = "Harbour workers strike";
  story.summary = "Cranes stand still.";
  story.body_text = "The harbour’s cranes\n\nstood still on Monday.";
  story.language = "en-GB";
  story.topics = {"Labour", "Shipping & Ports"};
  story.regions = {"West-Africa"};
  story.site = "www.example.org";
  return story;
}

std::vector<Position> positions(std::span<const Position> found) {
  return {found.begin(), found.end()};
}

}  // namespace

TEST_CASE("an analysed story knows its words, stems and places") {
  const auto story = analyze(sample());
  REQUIRE(story.word_count() == 13);
  REQUIRE(story.title_end() == 3);

  const auto harbour = positions(story.with_exact("harbour"));
  REQUIRE(harbour.size() == 2);
  const auto place = story.place_of(harbour[1]);
  REQUIRE(place.field == TextField::body);
  REQUIRE(place.word == 2);
  REQUIRE(story.text(place.field).substr(place.begin, place.end - place.begin) == "harbour");

  const auto crane = positions(story.with_stem(stem(story.language(), "crane")));
  REQUIRE(crane.size() == 2);
  REQUIRE(story.place_of(crane[0]).field == TextField::summary);
  REQUIRE(story.place_of(crane[0]).word == 1);
  REQUIRE(crane[1] - crane[0] > field_gap);
  REQUIRE(story.with_exact("crane").empty());
  REQUIRE(story.with_prefix("st").size() == 5);
  REQUIRE(story.with_prefix("zebra").empty());
}

TEST_CASE("field values are compared by their words") {
  const auto story = analyze(sample());
  REQUIRE(story.values(ValueField::region)[0].folded == fold_value("west africa"));
  REQUIRE(story.values(ValueField::topic)[1].text == "Shipping & Ports");
  REQUIRE(story.values(ValueField::lang).size() == 2);
  REQUIRE(story.values(ValueField::lang)[1].folded == "en");
  REQUIRE(story.values(ValueField::author).empty());
  REQUIRE(story.urgency() == 5);
}

TEST_CASE("a story of nothing is analysed") {
  const auto story = analyze(Story{});
  REQUIRE(story.word_count() == 0);
  REQUIRE(story.with_exact("a").empty());
  REQUIRE(story.with_prefix("").empty());
}

TEST_CASE("stems follow the language of the story") {
  const auto language = [](std::string_view tag) { return stemming_language(tag); };
  REQUIRE(stem(language("en"), "elections") == stem(language("en-US"), "election"));
  REQUIRE(stem(language(""), "elections") == stem(language("en"), "elections"));
  REQUIRE(stem(language("es"), "investigación") == stem(language("es"), "investigaciones"));
  REQUIRE(stem(language("de-AT"), "häuser") == stem(language("de"), "haus"));
  REQUIRE(stem(language("ru"), "выборы") == stem(language("ru"), "выборов"));
  REQUIRE(stem(language("nb"), "havnene") == stem(language("no"), "havn"));
  REQUIRE(stem(language("pl"), "wybory") == "wybory");
  REQUIRE(stem(language("zh-Hant"), "chips") == "chips");
  REQUIRE(stem(language("en"), "3.5") == "3.5");
  REQUIRE(language("nonsense") == language("xx"));
}

TEST_CASE("a story of distinct words takes what it needs and no more") {
  Story story;
  for (int i = 0; i < 200'000; ++i) story.body_text += "w" + std::to_string(i) + ' ';
  const auto analysed = analyze(story);
  REQUIRE(analysed.word_count() == 200'000);
  REQUIRE(analysed.with_exact("w199999").size() == 1);
  REQUIRE(analysed.place_of(analysed.with_exact("w199999")[0]).word == 200'000);
  REQUIRE(analysed.with_prefix("w19999").size() == 11);
}
