#include "net/http_headers.hpp"

#include <catch2/catch.hpp>

using namespace crier;
using namespace std::chrono_literals;

TEST_CASE("the three forms of an HTTP date name one moment") {
  for (const auto* text :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    CAPTURE(text);
    REQUIRE(to_rfc3339(parse_http_date(text).value()) == "1994-11-06T08:49:37Z");
  }
}

TEST_CASE("what is not an HTTP date is none") {
  for (const auto* text :
       {"", "now", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:00:00 GMT", "Sun, 06 Nov 99999 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 EST", ", , : : - - GMT"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_http_date(text));
  }
}

TEST_CASE("Retry-After is a wait between nothing and the cap") {
  const auto now = parse_rfc3339("1994-11-06T08:49:07Z").value();
  REQUIRE(parse_retry_after("120", now) == 2min);
  REQUIRE(parse_retry_after(" 0 ", now) == 0s);
  REQUIRE(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now) == 30s);
  REQUIRE(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now) == 0s);
  REQUIRE(parse_retry_after("Sun, 06 Nov 9994 08:49:37 GMT", now) == 24h);
  REQUIRE(parse_retry_after("99999999999999999999999999", now) == 24h);
  REQUIRE(parse_retry_after("86401", now, 1h) == 1h);
  for (const auto* text : {"", "-1", "1.5", "+5", "soon", "12 s"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_retry_after(text, now));
  }
}

TEST_CASE("an answer is fresh for as long as its headers say") {
  const auto now = parse_rfc3339("1994-11-06T08:49:07Z").value();
  const std::string_view later = "Sun, 06 Nov 1994 08:49:37 GMT";
  CHECK(parse_freshness("max-age=300", "", "", now) == 5min);
  CHECK(parse_freshness("public, Max-Age = \"300\"", " 100 ", later, now) == 200s);
  CHECK(parse_freshness("max-age=300", "400", "", now) == 0s);
  CHECK(parse_freshness("max-age=99999999999999", "", "", now) == 24h);
  CHECK(parse_freshness("", "", later, now) == 30s);
  CHECK(parse_freshness("s-maxage=5", "", "Sun, 06 Nov 1994 08:00:00 GMT", now) == 0s);
  for (const auto* text :
       {"", ",,", "max-age", "max-age=", "max-age=-1", "max-age=300, no-cache", "no-store", "="}) {
    CAPTURE(text);
    CHECK_FALSE(parse_freshness(text, "", "0", now));
  }
}

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
