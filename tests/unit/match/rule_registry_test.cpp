// Equal rules are one; who holds them decides how long they are there.
#include "match/rule_registry.hpp"

#include <catch2/catch.hpp>

#include "match/query_parser.hpp"
#include "story/story.hpp"

using namespace crier;

namespace {

Rule rule_of(std::string_view query, bool stemming = true) {
  auto rule = read_query(query, {stemming, {}});
  INFO(query);
  REQUIRE(rule);
  return *rule;
}

AnalyzedStory story_about(std::string_view title) {
  Story story;
  story.title = title;
  story.language = "en";
  return analyze(story);
}

bool have_one_key(std::string_view a, std::string_view b) {
  return key_of(rule_of(a)) == key_of(rule_of(b));
}

}  // namespace

TEST_CASE("rules have one key when they say the same") {
  CHECK(have_one_key("chips AND China", "CHIPS AND china"));
  CHECK(have_one_key("chips AND China", "(China) AND (chips)"));
  CHECK(have_one_key("a OR b OR a", "b OR a"));
  CHECK(have_one_key("a AND a", "a"));
  CHECK(have_one_key("a NEAR/5 b", "b NEAR/5 a"));
  CHECK(have_one_key("ATLEAST(2, a, b, c)", "ATLEAST(2, c, b, a)"));
  CHECK(have_one_key("region:\"East-Asia \"", "region:\"east asia\""));
}

TEST_CASE("rules that say different things have different keys") {
  const std::vector<std::string_view> queries{"a",
                                              "b",
                                              "=a",
                                              "abc*",
                                              "title:a",
                                              "title:=a",
                                              "NOT a",
                                              "\"a b\"",
                                              "\"b a\"",
                                              "a AND b",
                                              "a OR b",
                                              "ab",
                                              "a NEAR/5 b",
                                              "a NEAR/6 b",
                                              "a ONEAR/5 b",
                                              "b ONEAR/5 a",
                                              "topic:a",
                                              "region:a",
                                              "urgency<=2",
                                              "urgency>=2",
                                              "published>=2023-01-01",
                                              "a AND NOT b",
                                              "NOT (a AND b)",
                                              "(a OR b) AND c",
                                              "a OR (b AND c)",
                                              "ATLEAST(2, a, b, c)",
                                              "ATLEAST(1, a, b, c)",
                                              "ATLEAST(2, a, a, b)",
                                              "ATLEAST(2, a, b)",
                                              "a AND b AND c"};
  for (const auto a : queries)
    for (const auto b : queries) {
      INFO(a << " / " << b);
      CHECK(have_one_key(a, b) == (a == b));
    }
  CHECK(key_of(rule_of("ships")) != key_of(rule_of("ships", false)));
}

TEST_CASE("equal rules are one in the index for as long as one of them is held") {
  RuleRegistry registry;
  const auto ferry = story_about("A ferry sinks");
  auto first = registry.hold(rule_of("ferry AND sinks"));
  auto second = registry.hold(rule_of("Sinks AND Ferry"));
  auto third = registry.hold(first.id());
  CHECK(first.id() == second.id());
  CHECK(registry.index().size() == 1);
  CHECK(registry.index().match(ferry) == std::vector<RuleId>{first.id()});
  first = {};
  second = {};
  CHECK(registry.index().match(ferry) == std::vector<RuleId>{third.id()});
  CHECK(registry.changes().removed == 0);
  third = {};
  CHECK(registry.index().size() == 0);
  CHECK(registry.index().match(ferry).empty());
  CHECK(registry.changes().added == 1);
  CHECK(registry.changes().removed == 1);
}

TEST_CASE("an id that nobody holds goes to another rule, which is found in its stead") {
  RuleRegistry registry;
  auto kept = registry.hold(rule_of("harbour"));
  auto gone = registry.hold(rule_of("ferry"));
  const auto id = gone.id();
  gone = {};
  const auto fresh = registry.hold(rule_of("bridge"));
  CHECK(fresh.id() == id);
  CHECK(registry.index().match(story_about("A ferry")).empty());
  CHECK(registry.index().match(story_about("A bridge over the harbour")) ==
        std::vector<RuleId>{kept.id(), id});
}

TEST_CASE("a rule that was moved to rarer words leaves nothing behind for the one that gets its id") {
  RuleRegistry registry;
  const auto story = story_about("harbour ferry bridge");
  for (int round = 0; round < 50; ++round) {
    auto moved = registry.hold(rule_of("harbour AND ferry"));
    for (int i = 0; i < 40; ++i) registry.index().learn(story_about(round % 2 == 0 ? "harbour" : "ferry"));
    registry.index().reanchor(1);
    moved = {};
    const auto other = registry.hold(rule_of("harbour AND storm"));
    CHECK(registry.index().match(story).empty());
    CHECK(registry.index().match(story_about("storm over the harbour")) == std::vector<RuleId>{other.id()});
  }
}

TEST_CASE("a rule costs what an average story looks at for it") {
  RuleRegistry registry;
  const auto rare = registry.hold(rule_of("harbour AND the"));
  const auto frequent = registry.hold(rule_of("the"));
  const auto wide = registry.hold(rule_of("the OR of OR storm"));
  for (int i = 0; i < 100; ++i) registry.index().learn(story_about("the end of day " + std::to_string(i)));
  registry.index().reanchor(10);
  const auto& index = registry.index();
  CHECK(index.cost(rare.id()).postings < 0.02);
  CHECK(index.cost(frequent.id()).postings > 0.98);
  CHECK(index.cost(frequent.id()).likeliest_term > 0.98);
  CHECK(index.cost(wide.id()).postings > 1.9);
  CHECK(index.cost(999).postings == 0);
}
