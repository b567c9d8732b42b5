#include "match/query_parser.hpp"

#include <catch2/catch.hpp>

using namespace crier;

namespace {

Rule rule_of(std::string_view query) {
  Diagnostics diagnostics;
  auto rule = parse_query(query, {"rules.yaml", 1, 1}, diagnostics);
  INFO(query);
  INFO((diagnostics.empty() ? "" : to_string(diagnostics.list()[0])));
  REQUIRE(rule);
  REQUIRE(diagnostics.empty());
  return *rule;
}

}  // namespace

TEST_CASE("queries have one canonical text, which means the same") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"harbour", "harbour"},
      {"  harbour\n", "harbour"},
      {"\"Rising Tide\"", "\"Rising Tide\""},
      {"\"harbour\"", "harbour"},
      {"\"and\"", "\"and\""},
      {"state-of-the-art", "state-of-the-art"},
      {"O’Brien", "\"O’Brien\""},
      {"O'Brien", "O'Brien"},
      {"U.S.", "\"U.S.\""},
      {"C++", "\"C++\""},
      {"$5bn", "\"$5bn\""},
      {"12:30", "\"12:30\""},
      {"北京", "北京"},
      {"a AND b OR c AND d", "a AND b OR c AND d"},
      {"a AND (b OR c)", "a AND (b OR c)"},
      {"(a AND (b)) AND c", "a AND b AND c"},
      {"chips AND (China OR Taiwan) NOT sport", "chips AND (China OR Taiwan) AND NOT sport"},
      {"a NOT b NOT c", "a AND NOT b AND NOT c"},
      {"a OR b NOT c", "a OR b AND NOT c"},
      {"NOT (a OR b)", "NOT (a OR b)"},
      {"NOT NOT a", "NOT NOT a"},
      {"NOT a AND b", "NOT a AND b"},
      {"sanction*", "sanction*"},
      {"=Apple", "=Apple"},
      {"=\"Big Apple\"", "=\"Big Apple\""},
      {"\"Belt and Road\" NEAR/10 summit", "\"Belt and Road\" NEAR/10 summit"},
      {"(ship OR vessel*) ONEAR/3 =port", "(ship OR vessel*) ONEAR/3 =port"},
      {"NOT a NEAR/5 b", "NOT a NEAR/5 b"},
      {"ATLEAST(2, a, b OR c, \"d e\")", "ATLEAST(2, a, b OR c, \"d e\")"},
      {"title:harbour", "title:harbour"},
      {"title: \"rising tide\"", "title:\"rising tide\""},
      {"title:=Apple", "title:=Apple"},
      {"title:(a OR NOT b)", "title:a OR NOT title:b"},
      {"title:(a NEAR/5 b)", "title:a NEAR/5 title:b"},
      {"title:(a) AND b", "title:a AND b"},
      {"region:\"East Asia\"", "region:\"East Asia\""},
      {"region:Asia AND lang:en-GB", "region:Asia AND lang:en-GB"},
      {"site:example.org:8080", "site:\"example.org:8080\""},
      {"topic: climate", "topic:climate"},
      {"urgency<=2", "urgency<=2"},
      {"urgency < 3", "urgency<=2"},
      {"urgency=1", "urgency=1"},
      {"urgency>5", "urgency>=6"},
      {"published>=2023-01-01", "published>=2023-01-01"},
      {"published>2023-01-01", "published>=2023-01-02"},
      {"published<=2023-01-31", "published<2023-02-01"},
      {"published=2023-01-31", "published=2023-01-31"},
      {"published<2023-01-31T18:00:00+02:00", "published<2023-01-31T16:00:00Z"},
      {"published>2023-01-31T18:00:00Z", "published>2023-01-31T18:00:00Z"},
      {"published<=2023-01-31T18:00:00Z", "published<=2023-01-31T18:00:00Z"},
      {"published=2023-01-31T00:00:00Z", "published=2023-01-31T00:00:00Z"},
      {"a\u00A0AND\u3000b", "a AND b"},
  };
  for (const auto& [query, canonical] : table) {
    CAPTURE(query);
    const auto rule = rule_of(query);
    CHECK(to_string(rule) == canonical);
    CHECK(rule_of(canonical) == rule);
  }
}

TEST_CASE("rules are equal when they ask for the same") {
  REQUIRE(rule_of("Harbour") == rule_of("harbour"));
  REQUIRE(rule_of("\"O'Brien\"") == rule_of("O’Brien"));
  REQUIRE(rule_of("state-of-the-art") == rule_of("\"state of the art\""));
  REQUIRE(rule_of("=café") == rule_of("=cafe"));
  REQUIRE(rule_of("region:East-Asia") == rule_of("region:\"east asia\""));
  REQUIRE_FALSE(rule_of("harbour") == rule_of("=harbour"));
  REQUIRE_FALSE(rule_of("harbour") == rule_of("harbour*"));
  REQUIRE_FALSE(rule_of("harbour") == rule_of("title:harbour"));
  REQUIRE_FALSE(rule_of("a NEAR/5 b") == rule_of("a ONEAR/5 b"));
  REQUIRE_FALSE(rule_of("a AND b") == rule_of("a OR b"));
  REQUIRE_FALSE(rule_of("published>=2023-01-01") == rule_of("published>2023-01-01"));
}

TEST_CASE("a rule that asks for nothing is noticed") {
  for (const auto* query :
       {"a", "a NOT b", "NOT (NOT a)", "ATLEAST(2, a, b, NOT c)", "region:Asia", "urgency<=2",
        "a AND published>=2023-01-01", "NOT (NOT a OR NOT b)", "NOT ATLEAST(1, NOT a, NOT b)"}) {
    CAPTURE(query);
    CHECK(has_positive_clause(rule_of(query)));
  }
  for (const auto* query :
       {"NOT a", "a OR NOT b", "ATLEAST(2, a, NOT b, NOT c)", "published>=2023-01-01", "urgency>=1",
        "urgency<=8", "NOT (a AND b)", "NOT ATLEAST(2, NOT a, b)", "NOT region:Asia"}) {
    CAPTURE(query);
    CHECK_FALSE(has_positive_clause(rule_of(query)));
  }
  REQUIRE_FALSE(has_positive_clause(all_of({})));
  REQUIRE_FALSE(has_positive_clause(none_of({})));
  REQUIRE(has_positive_clause(all_of({rule_of("a"), none_of({rule_of("b")})})));
}

TEST_CASE("nodes of YAML make the same rules as queries") {
  const auto a = rule_of("a");
  const auto b = rule_of("b");
  const auto c = rule_of("c");
  REQUIRE(all_of({a, all_of({b, c})}) == rule_of("a AND b AND c"));
  REQUIRE(any_of({any_of({a, b}), c}) == rule_of("a OR b OR c"));
  REQUIRE(all_of({any_of({a, b}), none_of({c})}) == rule_of("(a OR b) NOT c"));
  REQUIRE(at_least(2, {a, b, c}) == rule_of("ATLEAST(2, a, b, c)"));
  REQUIRE(all_of({a}) == a);
}
