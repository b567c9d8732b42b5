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

TEST_CASE("an answer that has aged on its way is fresh for the rest of its max-age") {
  CHECK(parse_freshness("max-age=300", " 100 ") == 200s);
  CHECK(parse_freshness("max-age=300", "400") == 0s);
  CHECK(parse_freshness("max-age=300", "-5") == 300s);
  CHECK(parse_freshness("max-age=300", "99999999999999") == 300s);
}

TEST_CASE("a validator is sent back byte for byte, or not at all") {
  CHECK(usable_validator("W/\"a, b\"") == "W/\"a, b\"");
  CHECK(usable_validator("\"x\r\nHost: evil\"").empty());
  CHECK(usable_validator(std::string(1025, 'x')).empty());
}

TEST_CASE("a max-age is read where an answer may be kept") {
  CHECK(parse_freshness("max-age=60") == 60s);
  CHECK(parse_freshness("public,  Max-Age=300 , must-revalidate") == 300s);
  CHECK(parse_freshness("max-age=99999999999999999999999") == 24h * 365);
  for (const auto* none : {"", "public", "no-store, max-age=60", "max-age=60, no-cache",
                           "max-age=", "max-age=x", "max-age=-5", "s-maxage=60", ",,,", "max-age"}) {
    CAPTURE(none);
    CHECK_FALSE(parse_freshness(none));
  }
}
