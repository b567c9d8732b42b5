#include "base/time.hpp"

#include <catch2/catch.hpp>

using namespace crier;
using namespace std::chrono_literals;

TEST_CASE("RFC 3339 times are read with their offset and written in UTC") {
  REQUIRE(to_rfc3339(parse_rfc3339("2023-10-18T15:37:00-04:00").value()) == "2023-10-18T19:37:00Z");
  REQUIRE(to_rfc3339(parse_rfc3339("2023-10-18 19:37:00.250Z").value()) == "2023-10-18T19:37:00.250Z");
  REQUIRE(to_rfc3339(parse_rfc3339("1969-12-31T23:59:59Z").value()) == "1969-12-31T23:59:59Z");
}

TEST_CASE("what is not a full RFC 3339 time is refused") {
  for (const auto* text : {"", "2023-10-18", "2023-10-18T19:37Z", "2023-02-30T00:00:00Z",
                           "2023-10-18T24:00:00Z", "2023-10-18T19:37:00", "2023-10-18T19:37:00Zx",
                           "2023-10-18T19:37:00.Z", "2023-10-18T19:37:00+0400"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_rfc3339(text));
  }
}

TEST_CASE("mail dates name the right weekday") {
  REQUIRE(to_rfc5322(parse_rfc3339("2023-10-18T19:37:00Z").value()) == "Wed, 18 Oct 2023 19:37:00 +0000");
}

TEST_CASE("durations and sizes need a number and a unit") {
  REQUIRE(parse_duration("15m") == 15min);
  REQUIRE(parse_duration("250ms") == 250ms);
  REQUIRE(parse_duration("7 d") == 168h);
  for (const auto* text :
       {"", "15", "m", "-1m", "1.5h", "15 minutes", "99999999999999999999d", "9999999999d"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_duration(text));
  }
  REQUIRE(to_string(Duration(90s)) == "90s");
  REQUIRE(to_string(Duration(2h)) == "2h");
  REQUIRE(parse_size("90 KB") == 92160U);
  REQUIRE(parse_size("10MB") == 10U << 20);
  REQUIRE_FALSE(parse_size("90"));
  REQUIRE_FALSE(parse_size("90 kb"));
}
