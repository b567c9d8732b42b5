// The links that an answer's headers name.
#include "net/link_header.hpp"

#include <catch2/catch.hpp>

using namespace crier;

TEST_CASE("the links of a header are read with their relations") {
  const auto links = parse_links(
      "<https://hub.example/?a,b;c>; rel=\"Hub other\", </feed>;rel=self; title=\"a, \\\"b\\\"; rel=hub\" "
      ",,<x>");
  REQUIRE(links.size() == 3);
  CHECK(links[0].target == "https://hub.example/?a,b;c");
  CHECK(links[0].has("hub"));
  CHECK(links[0].has("other"));
  CHECK(links[1].target == "/feed");
  CHECK(links[1].relations == std::vector<std::string>{"self"});
  CHECK(links[2].relations.empty());
}

TEST_CASE("of a broken Link header counts what can be read") {
  CHECK(parse_links("").empty());
  CHECK(parse_links("https://hub.example/; rel=hub").empty());
  CHECK(parse_links("<https://hub.example/").empty());
  CHECK(parse_links("<a>; rel=\"hub").at(0).has("hub"));
  CHECK(parse_links("<a>; rel=hub; <b>; rel=self").size() == 1);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "<a>;rel=hub,";
  CHECK(parse_links(many).size() == 100);
}
