// Broken YAML as people write it when they mean a query: where the mistake is, and what to write.
#include "base/yaml_hint.hpp"

#include <catch2/catch.hpp>

#include "base/yaml.hpp"

using namespace crier;

namespace {

// "line:column: message" of the one complaint of parse_yaml.
std::string refusal(std::string_view text) {
  Diagnostics diagnostics;
  INFO(text);
  REQUIRE_FALSE(parse_yaml(text, "a.yaml", diagnostics));
  REQUIRE(diagnostics.list().size() == 1);
  const auto& [place, message, excerpt, suggestion] = diagnostics.list().front();
  return std::to_string(place.line) + ":" + std::to_string(place.column) + ": " + message;
}

}  // namespace

TEST_CASE("a text that begins with one of YAML's signs is to be quoted") {
  CHECK(refusal("a: {any: [@bbc]}\nb: c\n") ==
        "1:11: not YAML: a text that begins with @ needs quotes: write '@bbc'");
  CHECK(refusal("a:\n  - @bbc OR @dw\n") ==
        "2:5: not YAML: a text that begins with @ needs quotes: write '@bbc OR @dw'");
  CHECK(refusal("a:\n  - *ship\n  - x\n") ==
        "2:5: not YAML: a text that begins with * needs quotes: write '*ship'");
  CHECK(refusal("a: [x, %b, c]\n") == "1:8: not YAML: a text that begins with % needs quotes: write '%b'");
}

TEST_CASE("a text that goes on behind a quote is to be quoted as a whole") {
  CHECK(refusal("a: [\"Belt and Road\" NEAR/3 summit]\n") ==
        "1:19: not YAML: the text ends at this quote, but goes on behind it: write '\"Belt and Road\" NEAR/3 "
        "summit'");
  CHECK(refusal("a:\n  - \"x\" AND y\n  - z\n") ==
        "2:7: not YAML: the text ends at this quote, but goes on behind it: write '\"x\" AND y'");
  CHECK(refusal("a: {any: ['Xi's plan']}\nb: c\n") ==
        "1:14: not YAML: the text ends at this quote, but goes on behind it: write \"Xi's plan\"");
  CHECK(refusal("a:\n  - 'Xi's plan'\n") ==
        "2:8: not YAML: the text ends at this quote, but goes on behind it: write \"Xi's plan\"");
}

TEST_CASE("what is never closed is shown where it opens") {
  CHECK(refusal("topics: [x\n") == "1:9: not YAML: this [ is never closed: add ]");
  CHECK(refusal("a: {b: [x}\nc: d\n") == "1:8: not YAML: this [ is never closed: add ]");
  CHECK(refusal("a: {b: [x]\nc: d\n") == "1:4: not YAML: this { is never closed: add }");
  CHECK(refusal("a: [x, [y], 'z'\n") == "1:4: not YAML: this [ is never closed: add ]");
  CHECK(refusal("a: [b, 'c]\n").ends_with("this quote is never closed"));
  CHECK(refusal("a: {any: [#tag, chips]}\nb: c\n") ==
        "1:11: not YAML: # begins a comment here, so that the [ before it is never closed: write '#tag' if "
        "it is "
        "text");
  CHECK(refusal("a: [x, # both\n  y]\nb: [z\n") == "3:4: not YAML: this [ is never closed: add ]");
}

TEST_CASE("a second colon in a line is a text to be quoted or a mapping") {
  CHECK(refusal("a: chips: x\n") ==
        "1:9: not YAML: a second \": \" in one line: put a text that holds it in quotes, a mapping in { }");
}

TEST_CASE("brackets and quotes within words, blocks and comments open nothing") {
  const auto* broken = "a: b[c 'd\n# ['\ne: |\n  ['\n\n  {\nf: \"[\\\"\"\ng: 'it''s ['\nh: [x\n";
  CHECK(refusal(broken) == "9:4: not YAML: this [ is never closed: add ]");
}

TEST_CASE("nothing is said where nothing is known") {
  CHECK_FALSE(find_yaml_hint("a: b", 4, "end of map not found"));
  CHECK_FALSE(find_yaml_hint("", 0, "unknown token"));
  CHECK_FALSE(find_yaml_hint("a: b", 99, "end of sequence flow not found"));
}

TEST_CASE("a text is put in quotes that it does not hold") {
  CHECK(quoted_for_yaml("@bbc") == "'@bbc'");
  CHECK(quoted_for_yaml("Xi's") == "\"Xi's\"");
  CHECK(quoted_for_yaml("\"Xi's plan\" AND x") == "'\"Xi''s plan\" AND x'");
}
