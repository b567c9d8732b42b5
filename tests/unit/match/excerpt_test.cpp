// What a reader of `crier explain` sees of the story around the words that were found.
#include "match/excerpt.hpp"

#include <catch2/catch.hpp>

#include "match/query_parser.hpp"
#include "story/story.hpp"

using namespace crier;

namespace {

Story sample() {
  Story story;
  story.title = "Harbour bridge reopens";
  story.body_text =
      "The first lorries crossed at dawn. Nobody had believed that the repair would take nine months, and "
      "the "
      "port authority least of all, which had promised a fortnight.\n\nDockworkers cheered at the pier while "
      "a "
      "container of oranges was craned from the waiting ship, the first one since the accident of last "
      "August, when nobody was hurt.";
  story.language = "en";
  return story;
}

std::vector<std::string> lines(const Story& story, std::string_view query, std::size_t most = 4) {
  Diagnostics diagnostics;
  const auto rule = parse_query(query, {}, diagnostics);
  REQUIRE(rule);
  const auto analysed = analyze(story);
  std::vector<std::string> out;
  for (const auto& excerpt : excerpts_of(analysed, explain(*rule, analysed).because, most))
    out.push_back(std::string(to_string(excerpt.field)) + ": " + highlighted(excerpt, "<", ">"));
  return out;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("an excerpt shows the words of a match where they stand, cut between words") {
  CHECK(lines(sample(), "harbour AND dockworkers") ==
        Lines{"title: <Harbour> bridge reopens",
              "body: …port authority least of all, which had promised a fortnight. <Dockworkers> cheered at "
              "the pier while a container of oranges was craned…"});
}

TEST_CASE("excerpts that overlap are one, with every word marked") {
  CHECK(
      lines(sample(), "container NEAR/9 ship AND craned") ==
      Lines{"body: …promised a fortnight. Dockworkers cheered at the pier while a <container> of oranges was "
            "<craned> from the waiting <ship>, the first one since…"});
}

TEST_CASE("what comes nearest to a failed clause, and what is excluded, is shown, too") {
  const auto excluded = lines(sample(), "harbour NOT oranges");
  REQUIRE(excluded.size() == 1);
  CHECK(excluded[0].find("<oranges>") != std::string::npos);
  const auto apart = lines(sample(), "lorries NEAR/2 ship");
  REQUIRE(apart.size() == 2);
  CHECK(apart[0].find("<lorries>") != std::string::npos);
  CHECK(apart[1].find("<ship>") != std::string::npos);
  CHECK(lines(sample(), "zeppelin").empty());
  CHECK(lines(sample(), "region:Asia").empty());
}

TEST_CASE("there are no more excerpts than asked for") {
  CHECK(lines(sample(), "harbour AND lorries AND hurt", 1).size() == 1);
}

TEST_CASE("an excerpt is one line that cannot command a terminal") {
  Story story;
  story.title =
      "Red \x1b[31m harbour\xC2\x9B"
      "31m alert";
  story.body_text = "The harbour\r\nand the\tquay\x7F.";
  const auto found = lines(story, "harbour AND quay");
  REQUIRE(found.size() == 2);
  CHECK(found[0] == "title: Red [31m <harbour> 31m alert");
  CHECK(found[1] == "body: The <harbour> and the <quay> .");
}

TEST_CASE("an excerpt of a text without spaces is cut between characters") {
  Story story;
  story.title = "新闻";
  for (int i = 0; i < 100; ++i) story.body_text += "数据";
  story.body_text += "普京";
  for (int i = 0; i < 100; ++i) story.body_text += "数据";
  const auto found = lines(story, "普京");
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with("body: …"));
  CHECK(found[0].find("数据<普京>数据") != std::string::npos);
  CHECK(found[0].ends_with("…"));
  CHECK(found[0].size() < 500);
}
