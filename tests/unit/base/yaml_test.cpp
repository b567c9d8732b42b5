// YAML as ops write it and as an attacker would: every node knows its place, nothing unfolds.
#include "base/yaml.hpp"

#include <catch2/catch.hpp>

using namespace crier;

namespace {

using Kind = YamlNode::Kind;

YamlNode parse(std::string_view text) {
  Diagnostics diagnostics;
  auto node = parse_yaml(text, "a.yaml", diagnostics);
  for (const auto& diagnostic : diagnostics.list()) UNSCOPED_INFO(to_string(diagnostic));
  REQUIRE(node);
  REQUIRE(diagnostics.empty());
  return std::move(*node);
}

// "line:column: message" of the one complaint.
std::string refusal(std::string_view text) {
  Diagnostics diagnostics;
  const auto node = parse_yaml(text, "a.yaml", diagnostics);
  CHECK_FALSE(node);
  REQUIRE(diagnostics.list().size() == 1);
  const auto& [place, message, excerpt, suggestion] = diagnostics.list().front();
  CHECK(suggestion.empty());
  CHECK(place.file == "a.yaml");
  return std::to_string(place.line) + ":" + std::to_string(place.column) + ": " + message;
}

std::string place(const YamlNode* node) {
  REQUIRE(node != nullptr);
  return std::to_string(node->line) + ":" + std::to_string(node->column);
}

}  // namespace

TEST_CASE("a tree with its places and kinds") {
  const auto root = parse(
      "plain: word\n"
      "quoted: \"07:00\"\n"
      "single: 'it''s'\n"
      "block: |\n"
      "  two\n"
      "  lines\n"
      "list: [a, {b: c}]\n"
      "nothing:\n"
      "tilde: ~\n");
  REQUIRE(root.kind == Kind::map);
  CHECK(root.find("plain")->scalar == "word");
  CHECK_FALSE(root.find("plain")->quoted);
  CHECK(place(root.find("plain")) == "1:8");
  CHECK(root.find("quoted")->quoted);
  CHECK(place(root.find("quoted")) == "2:9");
  CHECK(root.find("single")->scalar == "it's");
  CHECK(root.find("block")->scalar == "two\nlines\n");
  CHECK(root.find("block")->quoted);
  REQUIRE(root.find("list")->items.size() == 2);
  CHECK(place(&root.find("list")->items[1].entries[0].value) == "7:15");
  CHECK(root.find("nothing")->kind == Kind::null);
  CHECK(place(root.find("nothing")) == "8:1");  // nothing is written, so the key is what can be pointed at
  CHECK(root.find("tilde")->kind == Kind::null);
  CHECK(root.find("absent") == nullptr);
  CHECK(root.entries.size() == 7);
}

TEST_CASE("scalars stay as they are written") {
  const auto root = parse("phone: +2348012345678\noctal: 012\nyes: yes\nversion: 1.10\ntime: 07:00\n");
  CHECK(root.find("phone")->scalar == "+2348012345678");
  CHECK(root.find("octal")->scalar == "012");
  CHECK(root.find("yes")->scalar == "yes");
  CHECK(root.find("version")->scalar == "1.10");
  CHECK(root.find("time")->scalar == "07:00");
}

TEST_CASE("columns of nodes count bytes; a byte order mark and CR LF do not move them") {
  CHECK(place(parse("{\u00e4: b}").entries[0].value.kind == Kind::scalar
                  ? &parse("{\u00e4: b}").entries[0].value
                  : nullptr) == "1:6");
  const auto crlf = parse("a: b\r\nc: d\r\n");
  CHECK(place(crlf.find("c")) == "2:4");
  CHECK(crlf.find("c")->scalar == "d");
  CHECK(place(parse("\xEF\xBB\xBF"
                    "a: b\n")
                  .find("a")) == "1:4");
}

TEST_CASE("an empty file is an empty node") {
  for (const auto* text : {"", "\n\n", "# only a comment\n", "---\n"}) CHECK(parse(text).kind == Kind::null);
}

TEST_CASE("what could mean two things, or much more than it says, is refused with its place") {
  CHECK(refusal("a: &x [b]\nc: *x\n") == "1:4: anchors (&name) are not supported: write the value out");
  CHECK(refusal("a: b\nc: *x\n").starts_with("2:4: "));
  CHECK(refusal("a: !!python/object:os.system [x]\n") == "1:4: tags (!name) are not supported: leave it out");
  CHECK(refusal("a: !secret b\n") == "1:4: tags (!name) are not supported: leave it out");
  CHECK(refusal("a: ! b\n") == "1:4: tags (!name) are not supported: leave it out");
  CHECK(refusal("a: !x {b: c}\n") == "1:4: tags (!name) are not supported: leave it out");
  CHECK(refusal("a: 1\nb: 2\na: 3\n") == "3:1: \"a\" is there twice; the first is in line 1");
  CHECK(refusal("a: {b: 1, \"b\": 2}\n") == "1:11: \"b\" is there twice; the first is in line 1");
  CHECK(refusal("? [a, b]\n: c\n") == "1:3: a key must be a plain word; is a quote or bracket left open?");
  CHECK(refusal("? {a: b}\n: c\n") == "1:3: a key must be a plain word; is a quote or bracket left open?");
  CHECK(refusal(": c\n").ends_with("an empty key"));
  CHECK(
      refusal("a: b\n---\nc: d\n").ends_with("a second document (---) begins here: write one YAML document"));
}

TEST_CASE("the same key in different mappings is no repetition") {
  CHECK(parse("a: {x: 1}\nb: {x: 2}\nx: 3\n").entries.size() == 3);
}

TEST_CASE("what people are told counts characters") {
  CHECK(refusal("{\u00e4: 1, \u5317: 2, \u5317: 3}\n") ==
        "1:14: \"\u5317\" is there twice; the first is in line 1");
}

TEST_CASE("an item that nothing is written for stands at its dash") {
  for (const auto* text : {"a:\n  - #tidewall\n  - chips\n", "a:\n  - # one\n\n  # two\n  - chips\n"}) {
    const auto root = parse(text);
    REQUIRE(root.find("a")->items.size() == 2);
    CHECK(root.find("a")->items[0].kind == Kind::null);
    CHECK(place(&root.find("a")->items[0]) == "2:3");
  }
  const auto last = parse("a:\n  - chips\n  - #tidewall\n");
  CHECK(place(&last.find("a")->items[1]) == "3:3");
  CHECK(place(&parse("a:\n  -\n  - ~\n").find("a")->items[1]) == "3:5");
}

TEST_CASE("what is no YAML is refused where it goes wrong") {
  CHECK(refusal("a: b\n  c: d\n").starts_with("2:4: not YAML: "));
  CHECK(refusal("a: \"b\n\n") == "1:4: this quote is never closed");
  CHECK(refusal("a: 'it''s\nb: c\n") == "1:4: this quote is never closed");
  CHECK(refusal("a: \"b\\\"\n") == "1:4: this quote is never closed");
  CHECK(refusal("a:\n  - [b, \"c]\n").ends_with("is a quote or bracket left open?"));
  CHECK(refusal("a: @b\n").find("not YAML: ") != std::string::npos);
  CHECK(refusal("\tb: c\n").find("not YAML: ") != std::string::npos);
}

TEST_CASE("what is no text is refused, with its place and the byte") {
  CHECK(refusal("a: b\nc: caf\xE9\n") == "2:7: the byte 0xE9 is not UTF-8 text: save the file as UTF-8");
  CHECK(refusal("\u5317: caf\xE9\n") == "1:7: the byte 0xE9 is not UTF-8 text: save the file as UTF-8");
  CHECK(refusal(std::string_view("a: b\nc: \0d\n", 11)) ==
        "2:4: a NUL byte (0x00) is no text: remove it, or save the file as UTF-8");
  CHECK(refusal("\xFF\xFE"
                "a\0:\0")
            .starts_with("1:1: "));
  CHECK(refusal("a: \xC3").starts_with("1:4: the byte 0xC3 "));
}

TEST_CASE("depth is bounded, size is not") {
  std::string deep(100'000, '[');
  CHECK_FALSE(refusal(deep).empty());
  deep = std::string(150, '[') + std::string(150, ']');
  CHECK(parse(deep).kind == Kind::list);
  deep = std::string(250, '[') + std::string(250, ']');
  CHECK(refusal(deep) == "1:201: nested deeper than 200 levels");
  std::string block;
  for (int i = 0; i < 300; ++i) block += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  CHECK_FALSE(refusal(block).empty());
  const std::string huge(1 << 20, 'x');
  CHECK(parse("a: " + huge + "\nb: \"" + huge + "\"\n").find("a")->scalar == huge);
}
