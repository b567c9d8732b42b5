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

TEST_CASE("a place counts lines, and characters in them") {
  CHECK(place_in("a.yaml", "one\ntwo", 6) == Place{"a.yaml", 2, 3});
  CHECK(place_in("a.yaml", "\u00e9\u5317\U0001F30D x", 10) == Place{"a.yaml", 1, 5});
  CHECK(place_in("a.yaml", "", 0) == Place{"a.yaml", 1, 1});
  CHECK(place_in("a.yaml", "\u00e9\n", 99) == Place{"a.yaml", 2, 1});
}

TEST_CASE("the caret stands under the place") {
  CHECK(caret_excerpt("one\ntwo three\n", 8) == "  two three\n      ^");
  CHECK(caret_excerpt("one\r\ntwo\r\n", 2) == "  one\n    ^");
  CHECK(caret_excerpt("\ta: b", 4) == "  \ta: b\n  \t   ^");
  CHECK(caret_excerpt("one", 3) == "  one\n     ^");
  CHECK(caret_excerpt("one\n\ntwo", 3) == "  one\n     ^");
}

TEST_CASE("the caret is as far to the right as a terminal shows what is before it") {
  CHECK(caret_excerpt("caf\u00e9: b", 7) == "  caf\u00e9: b\n        ^");
  CHECK(caret_excerpt("\u5317\u4eac b", 7) == "  \u5317\u4eac b\n       ^");  // two columns each
  CHECK(caret_excerpt("\uff21\uff22 b", 7) == "  \uff21\uff22 b\n       ^");
  CHECK(caret_excerpt("e\u0301 b", 4) == "  e\u0301 b\n    ^");  // an accent takes none
  CHECK(caret_excerpt("\t\u5317\tb", 5) == "  \t\u5317\tb\n  \t  \t^");
}

TEST_CASE("no line, no excerpt") {
  CHECK(caret_excerpt("one\n", 4).empty());
  CHECK(caret_excerpt("one\n", 99).empty());
  CHECK(caret_excerpt("one\n\ntwo", 4).empty());
  CHECK(caret_excerpt("", 0).empty());
}

TEST_CASE("of a long line only the part around the caret is shown, and no half characters") {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "\u00e9";
  for (const std::size_t offset : {0, 1, 98, 99, 100, 4999, 9998, 9999, 10'000}) {
    const auto excerpt = caret_excerpt(text, offset);
    const auto line = excerpt.substr(2, excerpt.find('\n') - 2);
    CHECK(line.size() <= 100);
    CHECK(line.find("\u00e9") == 0);
    CHECK(line.size() % 2 == 0);
    CHECK(excerpt.back() == '^');
  }
}
