#include "base/diagnostic.hpp"

#include <catch2/catch.hpp>

using namespace crier;

TEST_CASE("a complaint reads file:line:column: message, then the line with a caret") {
  CHECK(to_string(Diagnostic{{"a.yaml", 3, 7}, "no such key", "  langage: en\n  ^"}) ==
        "a.yaml:3:7: no such key\n  langage: en\n  ^");
  CHECK(to_string(Diagnostic{{"a.yaml", 3, 0}, "oops", ""}) == "a.yaml:3:1: oops");
  CHECK(to_string(Diagnostic{{"a.yaml", 0, 0}, "is empty", ""}) == "a.yaml: is empty");
  CHECK(to_string(Diagnostic{{}, "x: cannot open", ""}) == "x: cannot open");
}

TEST_CASE("complaints are sorted by place, those of one place stay in order") {
  Diagnostics diagnostics;
  diagnostics.add({"b.yaml", 1, 1}, "5");
  diagnostics.add({"a.yaml", 10, 1}, "4");
  diagnostics.add({"a.yaml", 2, 9}, "2");
  diagnostics.add({"a.yaml", 2, 9}, "3");
  diagnostics.add({"a.yaml", 2, 1}, "1");
  diagnostics.sort();
  std::string order;
  for (const auto& diagnostic : diagnostics.list()) order += diagnostic.message;
  CHECK(order == "12345");
}

TEST_CASE("the caret stands under the column") {
  CHECK(caret_excerpt("one\ntwo three\n", 2, 5) == "  two three\n      ^");
  CHECK(caret_excerpt("one\r\ntwo\r\n", 1, 3) == "  one\n    ^");
  CHECK(caret_excerpt("\ta: b", 1, 5) == "  \ta: b\n  \t   ^");
  CHECK(caret_excerpt("caf\u00e9: b", 1, 8) ==
        "  caf\u00e9: b\n        ^");  // one column a character, not a byte
  CHECK(caret_excerpt("one", 1, 99) == "  one\n     ^");
}

TEST_CASE("no line, no excerpt") {
  CHECK(caret_excerpt("one\n", 3, 1).empty());
  CHECK(caret_excerpt("", 1, 1).empty());
  CHECK(caret_excerpt("one", 0, 1).empty());
  CHECK(caret_excerpt("one", 1, 0).empty());
  CHECK(caret_excerpt("one", -5, -5).empty());
}

TEST_CASE("of a long line only the part around the caret is shown, and no half characters") {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "\u00e9";
  for (const int column : {1, 2, 99, 100, 101, 5000, 9999, 10'000, 20'000}) {
    const auto excerpt = caret_excerpt(text, 1, column);
    const auto line = excerpt.substr(2, excerpt.find('\n') - 2);
    CHECK(line.size() <= 100);
    CHECK(line.find("\u00e9") == 0);
    CHECK(line.size() % 2 == 0);
    CHECK(excerpt.back() == '^');
  }
}
