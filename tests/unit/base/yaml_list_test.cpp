// A long list read item by item: it must be what parse_yaml makes of it, or the same complaint.
#include <algorithm>
#include <random>

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "base/yaml.hpp"

using namespace crier;

namespace {

std::string to_text(const YamlNode& node) {
  std::string out = fmt::format("{}:{} {}", node.line, node.column, static_cast<int>(node.kind));
  if (node.kind == YamlNode::Kind::scalar) out += (node.quoted ? " \"" : " ") + node.scalar;
  for (const auto& item : node.items) out += "\n- " + to_text(item);
  for (const auto& entry : node.entries) out += "\n" + to_text(entry.key) + " =\n" + to_text(entry.value);
  return out + ";";
}

std::string to_text(const Diagnostics& diagnostics) {
  std::string out;
  for (const auto& diagnostic : diagnostics.list()) out += to_string(diagnostic) + "\n";
  return out;
}

bool can_read_all(std::string_view text, const std::vector<YamlPiece>& pieces) {
  return std::ranges::all_of(pieces,
                             [&](const YamlPiece& piece) { return read_piece(text, piece).has_value(); });
}

// How many items were left to be read one by one; the tree and the complaints are those of parse_yaml.
std::size_t pieces_of(std::string_view text) {
  Diagnostics whole_diagnostics;
  Diagnostics diagnostics;
  std::vector<YamlPiece> pieces;
  const auto whole = parse_yaml(text, "a.yaml", whole_diagnostics);
  auto root = parse_yaml_but_list(text, "people", pieces, "a.yaml", diagnostics);
  INFO(text);
  if (!can_read_all(text, pieces)) {
    CHECK(diagnostics.empty());
    return 0;
  }
  CHECK(to_text(diagnostics) == to_text(whole_diagnostics));
  REQUIRE(root.has_value() == whole.has_value());
  if (!root) return 0;
  for (auto& entry : root->entries) {
    if (entry.key.scalar != "people" || pieces.empty()) continue;
    CHECK(entry.value.items.empty());
    for (const auto& piece : pieces) entry.value.items.push_back(read_piece(text, piece).value());
    entry.value.line = whole->find("people")->line;
    entry.value.column = whole->find("people")->column;
  }
  CHECK(to_text(*root) == to_text(*whole));
  return pieces.size();
}

constexpr std::string_view sample = R"(# people
site: {name: x}
people:   # all of them

  - id: amara
    name: Zoë O'Brien, the 1st
    quiet_hours: 22:00-06:30
    phone: "+2348012345678"
    # a comment
    follow:
      - {topic: china-russia, deliver: alert, by: [email, whatsapp]}
      - {match: 'chips AND ("it''s" OR Taiwan)', by: email}
      - topic: ports
        by:
        - email
  - {id: bruno, url: https://example.org/a#d, at: 07:00}
  - id: chen   # likes: comments
    webhook:
      url: https://hooks.example.org/chen
      secret_file:
    follow: []

  # the last
  - id: dora
    note: >
      folded
        - and indented
    plain: goes
      on here
  - 'just a text'
tests:
  - {story: s.txt}
)";

}  // namespace

TEST_CASE("a block list is left in pieces, whatever its items are") {
  CHECK(pieces_of(sample) == 5);
  CHECK(pieces_of("people:\n- id: a\n- id: b\n") == 2);
  CHECK(pieces_of("people:\r\n  - id: a\r\n    b: c\r\n  - id: b\r\n") == 2);
  CHECK(pieces_of("people:\n  - id: a\n  -\n    id: b\n  - \"a\\tb\"\n  - - x\n    - y\n") == 4);
  CHECK(pieces_of("people:\n    - id: a\n      follow:\n      - b\n      - c\n      more: d\n") == 1);
  CHECK(pieces_of("people:\n  - a: null\n    b: ~\n    c: Null\n    d:\n    e: \"\"\n    f: NULL x\n") == 1);
}

TEST_CASE("what is no block list of the root is read as a whole") {
  for (const auto* text :
       {"people: [a, b]\n", "people:\n", "people: x\n", "people:\n  a: b\n", "", "- people:\n",
        "a:\n  people:\n    - id: x\n", "a: |\n people:\n  - x\n", "peoples:\n  - a\n",
        "\xEF\xBB\xBFpeople:\n  - a\n", "people:\n  # nothing\n\nb: c\n"})
    CHECK(pieces_of(text) == 0);
}

TEST_CASE("mistakes in a long list are found where they are") {
  for (const auto* text : {"people:\n  - id: a\n  - id: \"b\n  - id: c\n",
                           "people:\n  - id: a\n    id: b\n",
                           "people:\n  - id: a\n - id: b\n",
                           "people:\n  - {id: a\n  - id: b\n",
                           "people:\n  - id: a\n    b: c: d\n",
                           "people:\n  - id: a\n     b: c\n",
                           "people:\n  - id: a\n   b: c\n",
                           "people:\n  - id: &x a\n  - id: *x\n",
                           "people:\n  - id: a\n\tb: c\n",
                           "people:\n  - id: a\n    b: @c\n",
                           "people:\n  - a\npeople:\n  - b\n",
                           "people:\n  - a\n---\nb: c\n",
                           "people:\n  - a\n...\n",
                           "people:\n  - {a: b, a: c}\n",
                           "people:\n  - {a: b}}\n",
                           "people:\n  - [a, b\n",
                           "people:\n  - a: !tag b\n",
                           "people:\n  - a: b\n  c: d\n",
                           "people:\n  - a\nb: \"c\n",
                           "x: \"y\npeople:\n  - a\n",
                           "x: [y\npeople:\n  - a\n",
                           "people:\n  - a: caf\xE9\n",
                           "people:\n  - a: b\x04\n  - c: d\n",
                           "people:\n  - ? a\n    : b\n",
                           "people:\n  - a: 'b' c\n",
                           "people:\n  - : b\n",
                           "people:\n  - a: -\n",
                           "people:\n  - -a: b\n"})
    pieces_of(text);
  pieces_of("x: \"y\npeople:\n  - a\nb: z\"\n");          // the key stands in a quote
  pieces_of("people:\n  - a: \"x\n  - y\"\n  - b: c\n");  // a quote goes over the edge of an item
  pieces_of("people:\n  - " + std::string(300, '[') + "\n");
  pieces_of("people:\n  - " + std::string(100, '[') + std::string(100, ']') + "\n");
}

TEST_CASE("a list that is damaged anywhere still reads like the whole") {
  std::mt19937 random(20231018);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  constexpr std::string_view signs = " \n-:'\"[]{},#&*!|>%@`\\?=~0a\t\r";
  for (int i = 0; i < 4000; ++i) {
    std::string text(sample);
    for (auto changes = 1 + below(3); changes > 0; --changes) {
      const auto at = below(text.size());
      switch (below(3)) {
        case 0:
          text[at] = signs[below(signs.size())];
          break;
        case 1:
          text.insert(at, 1, signs[below(signs.size())]);
          break;
        default:
          text.erase(at, 1);
      }
    }
    pieces_of(text);
  }
}
