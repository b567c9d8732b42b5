#include <catch2/catch.hpp>

#include "match/query_parser.hpp"

using namespace crier;

namespace {

Diagnostic error_of(std::string_view query, Place start = {"rules.yaml", 7, 1}) {
  Diagnostics diagnostics;
  INFO(query);
  REQUIRE_FALSE(parse_query(query, start, diagnostics));
  REQUIRE(diagnostics.list().size() == 1);
  return diagnostics.list()[0];
}

struct Case {
  std::string query;
  int column;
  std::string message;
};

}  // namespace

TEST_CASE("every error of a query has its column and says what to type") {
  const std::vector<Case> table{
      {"", 1, "the query is empty; write a word or a \"phrase\""},
      {"  ", 3, "the query is empty; write a word or a \"phrase\""},
      {"climate change", 9,
       "two conditions stand side by side; write climate AND change, or \"climate change\" for the phrase"},
      {"a \"b c\"", 3, "two conditions stand side by side; write AND or OR between them"},
      {"(a) (b)", 5, "two conditions stand side by side; write AND or OR between them"},
      {"region:East Asia", 13, "two conditions stand side by side; write region:\"East Asia\""},
      {"title:climate change", 15, "two conditions stand side by side; write title:\"climate change\""},
      {"chips and Taiwan", 7,
       "\"and\" is not an operator; write AND, or \"chips and Taiwan\" in quotes for the words"},
      {"chips Or Taiwan", 7,
       "\"Or\" is not an operator; write OR, or \"chips Or Taiwan\" in quotes for the words"},
      {"not sport", 1, "\"not\" is not an operator; write NOT, or \"not sport\" in quotes for the words"},
      {"a near/5 b", 3,
       "\"near/5\" is not an operator; write NEAR/5, or \"a near/5 b\" in quotes for the words"},
      {"atleast(2, a, b)", 1,
       "\"atleast\" is not an operator; write ATLEAST, or \"atleast\" in quotes for the words"},
      {"AND a", 1, "AND needs something before it; write a AND b, or \"AND\" for the word"},
      {"a AND", 3, "AND needs something behind it; write a word or remove it"},
      {"a OR OR b", 6, "OR needs something before it; write a OR b, or \"OR\" for the word"},
      {"NOT", 1, "NOT needs something behind it; write a word or remove it"},
      {"(a OR )", 4, "OR needs something behind it; write a word or remove it"},
      {"()", 1, "nothing is between these parentheses; write a word or remove them"},
      {"(a OR b", 1, "this ( is never closed; add a )"},
      {"a)", 2, "nothing is open here; remove this ) or add a ( before it"},
      {"\"open", 1, "this quotation mark is never closed; write \"…\""},
      {"“Rising Tide”", 1, "write straight quotation marks (\") instead of “"},
      {"a AND «b»", 7, "write straight quotation marks (\") instead of «"},
      {"\"...\"", 1, "this has neither letters nor digits; write a word"},
      {"a AND !!", 7, "there is no !!; write one of = < > <= >="},
      {"!a", 1, "write NOT instead of !"},
      {"a, b", 2,
       "a comma is understood within ATLEAST(…) only; write AND or OR, or quotes around a text with commas"},
      {"(a, b)", 3,
       "a comma is understood within ATLEAST(…) only; write AND or OR, or quotes around a text with commas"},
      {", a", 1, "nothing stands before this comma; write a word or remove it"},
      {"chips -sport", 7, "write NOT sport instead of -"},
      {"chips && Taiwan", 7, "write AND instead of &&"},
      {"chips & Taiwan", 7, "write AND instead of &"},
      {"chips || Taiwan", 7, "write OR instead of ||"},
      {"chips | Taiwan", 7, "write OR instead of |"},
      {"chips ! sport", 7, "write NOT instead of !"},
      {"Yahoo!", 6, "! means nothing here; write \"Yahoo!\" in quotes"},
      {"(a OR Yahoo!!) AND b", 12, "! means nothing here; write \"Yahoo!!\" in quotes"},
      {"chips NEAR/3 NOT", 14,
       "NOT cannot stand here; write NOT in front of the condition, or \"NOT\" for the word"},
      {"chips NEAR/3 AND", 14, "AND needs something before it; write a AND b, or \"AND\" for the word"},
      {"title:NOT", 7, "NOT cannot stand here; write NOT in front of the condition, or \"NOT\" for the word"},
      {"title:OR", 7, "OR needs something before it; write a OR b, or \"OR\" for the word"},
      {"=NOT", 2, "NOT is an operator; write \"NOT\" in quotes for the word"},
      {"=AND", 2, "AND is an operator; write \"AND\" in quotes for the word"},
      {"region:NOT", 8, "NOT is an operator; write \"NOT\" in quotes for the word"},
      {"section:=World", 9, "a field is compared as a whole and knows no =; write section:\"…\""},
      {"language:en", 1,
       "there is no field \"language\" (did you mean \"lang:\"?); if it is text, write it in quotes"},
      {"TITLE:x", 1,
       "there is no field \"TITLE\" (did you mean \"title:\"?); if it is text, write it in quotes"},
      {"body:x", 1,
       "there is no field \"body\"; a word without a field is looked for in title, summary and body"},
      {"-sport", 1, "write NOT sport instead of -"},
      {"chips AND –sport", 11, "write NOT sport instead of –"},
      {"+chips", 1, "write chips alone: + is not needed"},
      {"a AND & b", 7, "write AND instead of &"},
      {"a OR || b", 6, "write OR instead of ||"},
      {"AT&T", 3, "& means nothing here; write \"AT&T\" in quotes"},
      {"wom?n", 4, "? means nothing here; write \"wom?n\" in quotes"},
      {"tide~2", 5, "~ means nothing here; write \"tide~2\" in quotes"},
      {"sanc*tion", 5, "* is understood at the end of a word only, as in sanction*"},
      {"*tion", 1, "* is understood at the end of a word only, as in sanction*"},
      {"a*", 1, "a prefix needs at least two letters before *; write more of the word"},
      {"*", 1, "a prefix needs at least two letters before *; write more of the word"},
      {"state-of*", 1, "a prefix is one word, but state-of is 2; write \"state-of\" without *"},
      {"北京*", 1, "a prefix is one word, but 北京 is 2; write \"北京\" without *"},
      {"\"rising tid*\"", 12, "* does not work within quotes; write prefix* without them"},
      {"\"rising tid\"*", 13, "* belongs directly behind a word, as in sanction*"},
      {"=sanction*", 2, "= and * exclude each other; write =sanction or sanction*"},
      {"= (a)", 1, "= needs a word or a \"phrase\" behind it, as in =Apple"},
      {"<5", 1, "< needs urgency or published before it, as in urgency<=2"},
      {"regoin:Asia", 1,
       "there is no field \"regoin\" (did you mean \"region:\"?); if it is text, write it in quotes"},
      {"a OR http://example.org", 6, "there is no field \"http\"; if it is text, write it in quotes"},
      {"rule:shipping", 6, "rule: names a topic of the configuration, and there is none here; write it out"},
      {"title:(rule:a)", 8, "title: is about words; write rule: outside it"},
      {"a AND \xff", 7, "this is not UTF-8 text; type the word again"},
      {"region:", 1, "region: needs a value behind it, as in region:\"East Asia\""},
      {"region:(a OR b)", 8, "a field has one value; write (region:a OR region:b)"},
      {"region:As*", 8, "region: compares the whole value and knows no *; write it out"},
      {"region:\"-\"", 8, "this value has neither letters nor digits; write one that has"},
      {"title:", 1, "title: needs a word, a \"phrase\" or (several) behind it, as in title:summit"},
      {"title:(a AND region:b)", 14, "title: is about words; write region: outside it"},
      {"title:title:a", 7, "this is within title: already; write only the word"},
      {"title:(a AND urgency<=2)", 14, "title: is about words; write urgency outside it"},
      {"urgency:2", 1, "write urgency with = < > <= or >=, as in urgency<=2"},
      {"urgency<=9", 10, "urgency goes from 1 (flash) to 8; write it as in urgency<=2"},
      {"urgency<=", 10, "urgency goes from 1 (flash) to 8; write it as in urgency<=2"},
      {"urgency<1", 8, "no urgency is < 1; write <= 1"},
      {"urgency!=5", 8, "there is no !=; put NOT in front, as in NOT urgency=5"},
      {"urgency==5", 8, "there is no ==; write one of = < > <= >="},
      {"urgancy<=2", 1,
       "only urgency and published can be compared (did you mean \"urgency\"?); for a field write "
       "region:\"East Asia\""},
      {"\"a\"=b", 4, "only urgency and published can be compared; remove ="},
      {"published>=2023-02-30", 12,
       "write a day or a time with its offset: 2023-01-31 or 2023-01-31T18:00:00Z"},
      {"published>=yesterday", 12,
       "write a day or a time with its offset: 2023-01-31 or 2023-01-31T18:00:00Z"},
      {"published:2023-01-01", 1, "write published with = < > <= or >=, as in published>=2023-01-01"},
      {"a NEAR b", 3, "write NEAR/N with the distance in words, 1 to 100, as in NEAR/5"},
      {"a ONEAR/0 b", 3, "write ONEAR/N with the distance in words, 1 to 100, as in ONEAR/5"},
      {"a NEAR/101 b", 3, "write NEAR/N with the distance in words, 1 to 100, as in NEAR/5"},
      {"a NEAR/5", 3, "NEAR/5 needs something behind it; write a word or remove it"},
      {"NEAR/5 b", 1, "NEAR/5 needs something before it; write a NEAR/5 b, or \"NEAR/5\" for the word"},
      {"(a AND b) NEAR/5 c", 1,
       "NEAR/5 takes a word, a \"phrase\", a prefix*, or (several OR such) on each side"},
      {"a NEAR/5 region:b", 10,
       "NEAR/5 takes a word, a \"phrase\", a prefix*, or (several OR such) on each side"},
      {"a NEAR/5 b NEAR/5 c", 12, "NEAR/5 joins two; write a NEAR/5 b AND b NEAR/5 c"},
      {"title:a NEAR/5 b", 1,
       "both sides of NEAR/5 must be looked for in one place; write title:(a NEAR/5 b)"},
      {"ATLEAST", 1, "write ATLEAST(2, a, b, c): a number, then what to choose from"},
      {"ATLEAST(a, b)", 9, "write ATLEAST(2, a, b, c): a number, then what to choose from"},
      {"ATLEAST(2)", 9, "write ATLEAST(2, a, b, c): a number, then what to choose from"},
      {"ATLEAST(0, a)", 9, "write ATLEAST(2, a, b, c): a number, then what to choose from"},
      {"ATLEAST(3, a, b)", 9, "3 of 2 can never be; lower the number or add to the list"},
      {"ATLEAST(1, a, )", 15, "nothing stands before this ); write a word or remove it"},
      {"ATLEAST(1, a", 8, "this ( is never closed; add a )"},
  };
  for (const auto& [query, column, message] : table) {
    CAPTURE(query);
    const auto error = error_of(query);
    CHECK(error.message == message);
    CHECK(error.place.column == column);
    CHECK(error.place.line == 7);
    CHECK(error.place.file == "rules.yaml");
  }
}

TEST_CASE("an error has its place in the file that holds the query, a caret and a suggestion") {
  REQUIRE(
      to_string(error_of("chips and Taiwan", {"a.yaml", 4, 20})) ==
      "a.yaml:4:26: \"and\" is not an operator; write AND, or \"chips and Taiwan\" in quotes for the words\n"
      "  chips and Taiwan\n"
      "        ^");
  REQUIRE(error_of("chips and Taiwan").suggestion == "AND");
  REQUIRE(error_of("a AND regoin:Asia").suggestion == "region:");
  REQUIRE(error_of("urgancy<=2").suggestion == "urgency");
  REQUIRE(error_of("language:en").suggestion == "lang:");
  REQUIRE(error_of("TITLE:x").suggestion == "title:");
  REQUIRE(error_of("climate change").suggestion.empty());

  const auto block = error_of("chips AND\n  (Taiwan or China)\n", {"a.yaml", 4, 20});
  REQUIRE(block.place.line == 5);
  REQUIRE(block.place.column == 11);
  REQUIRE(block.excerpt == "    (Taiwan or China)\n            ^");
}

TEST_CASE("queries without bounds are refused") {
  REQUIRE(error_of(std::string(max_query_bytes + 1, 'a')).message ==
          "the query has 65537 bytes, more than 65536; split it");

  const auto nested = [](std::size_t depth, std::string_view open, std::string_view close) {
    std::string query;
    for (std::size_t i = 0; i < depth; ++i) query += open;
    query += "a";
    for (std::size_t i = 0; i < depth; ++i) query += close;
    return query;
  };
  Diagnostics diagnostics;
  REQUIRE(parse_query(nested(200, "(", ")"), {}, diagnostics));
  REQUIRE(parse_query(nested(200, "NOT ", ""), {}, diagnostics));
  const std::string too_deep = "more than 200 levels within each other; make the query flatter";
  REQUIRE(error_of(nested(201, "(", ")")).message == too_deep);
  REQUIRE(error_of(nested(20'000, "(", ")")).message == too_deep);
  REQUIRE(error_of(nested(15'000, "NOT ", "")).message == too_deep);
  REQUIRE(error_of(nested(4'000, "ATLEAST(1,", ")")).message == too_deep);

  std::string many = "a";
  for (std::size_t i = 1; i < max_clauses; ++i) many += " OR a";
  REQUIRE(parse_query(many, {}, diagnostics));
  REQUIRE(error_of(many + " OR a").message == "more than 4096 words and conditions; split the query");

  std::string phrase;
  for (std::size_t i = 0; i < max_phrase_words; ++i) phrase += "a ";
  REQUIRE(parse_query('"' + phrase + '"', {}, diagnostics));
  REQUIRE(error_of('"' + phrase + "a\"").message == "a phrase has at most 64 words; shorten it");
}
