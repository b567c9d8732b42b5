// What the headers of a feed's answer ask for.
#include "app/feed_fetch.hpp"

#include <catch2/catch.hpp>

using namespace crier;
using namespace std::chrono_literals;

TEST_CASE("a max-age is read where an answer may be kept") {
  CHECK(parse_max_age("max-age=60") == 60s);
  CHECK(parse_max_age("public,  Max-Age=300 , must-revalidate") == 300s);
  CHECK(parse_max_age("max-age=99999999999999999999999") == 24h * 365);
  for (const auto* none : {"", "public", "no-store, max-age=60", "max-age=60, no-cache",
                           "max-age=", "max-age=x", "max-age=-5", "s-maxage=60", ",,,", "max-age"}) {
    CAPTURE(none);
    CHECK_FALSE(parse_max_age(none));
  }
}
