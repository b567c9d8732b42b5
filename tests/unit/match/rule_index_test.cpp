#include "match/rule_index.hpp"

#include <catch2/catch.hpp>

#include "match/query_parser.hpp"
#include "story/story.hpp"

using namespace crier;

namespace {

Rule rule_of(std::string_view query) {
  Diagnostics diagnostics;
  auto rule = parse_query(query, {}, diagnostics);
  REQUIRE(rule);
  return *rule;
}

}  // namespace

TEST_CASE("an index answers the rules that match, ascending, as rules come and go") {
  Story story;
  story.title = "Ferry sinks off the coast";
  const auto analysed = analyze(story);

  RuleIndex index;
  REQUIRE(index.match(analysed).empty());
  index.add(7, rule_of("ferry"));
  index.add(3, rule_of("coast NOT train"));
  index.add(5, rule_of("train"));
  REQUIRE(index.size() == 3);
  REQUIRE(index.match(analysed) == std::vector<RuleId>{3, 7});

  index.add(5, rule_of("title:sinks"));
  REQUIRE(index.size() == 3);
  REQUIRE(index.match(analysed) == std::vector<RuleId>{3, 5, 7});

  index.remove(3);
  index.remove(99);
  REQUIRE(index.size() == 2);
  REQUIRE(index.match(analysed) == std::vector<RuleId>{5, 7});
}
