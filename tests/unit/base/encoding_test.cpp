#include "base/encoding.hpp"

#include <catch2/catch.hpp>

using namespace crier;

TEST_CASE("base64 round-trips the vectors of RFC 4648") {
  for (const auto& [plain, coded] : {std::pair{"", ""},
                                     {"f", "Zg=="},
                                     {"fo", "Zm8="},
                                     {"foo", "Zm9v"},
                                     {"foob", "Zm9vYg=="},
                                     {"fooba", "Zm9vYmE="},
                                     {"foobar", "Zm9vYmFy"}}) {
    REQUIRE(to_base64(plain) == coded);
    REQUIRE(from_base64(coded) == plain);
  }
  for (const auto* broken : {"Zg", "Zg=", "Zh==", "Z===", "Zm9v!", "Zm 9"}) {
    CAPTURE(broken);
    REQUIRE_FALSE(from_base64(broken));
  }
  REQUIRE(from_base64url(to_base64url("\xff\xfe\xfd")) == "\xff\xfe\xfd");
}

TEST_CASE("percent-encoding leaves only unreserved characters") {
  REQUIRE(percent_encode("a b&c+é~") == "a%20b%26c%2B%C3%A9~");
  REQUIRE(percent_decode("a%20b%2B+") == "a b++");
  REQUIRE_FALSE(percent_decode("%4"));
  REQUIRE_FALSE(percent_decode("%zz"));
}

TEST_CASE("slugs are plain, whatever the title holds") {
  REQUIRE(to_slug("Putin and Xi get closer") == "putin-and-xi-get-closer");
  REQUIRE(to_slug("  China’s “Über”-plan: 50% more!  ") == "chinas-uber-plan-50-more");
  REQUIRE(to_slug("習近平").empty() == false);
  REQUIRE(to_slug("one two three", 8) == "one-two");
  REQUIRE(to_slug("…").empty());
}

TEST_CASE("ill-formed UTF-8 is noticed and repaired") {
  REQUIRE(is_valid_utf8("naïve 習"));
  REQUIRE_FALSE(is_valid_utf8("na\xefve"));
  REQUIRE_FALSE(is_valid_utf8("\xed\xa0\x80"));
  REQUIRE(is_valid_utf8(repair_utf8("na\xefve \xed\xa0\x80 \xf0\x9f")));
}

TEST_CASE("what a stranger said becomes one bounded line") {
  REQUIRE(to_one_line("  a\r\n\tb \x1b[31m c  ", 100) == "a b [31m c");
  REQUIRE(to_one_line("a\xFF", 100) == "a\xEF\xBF\xBD");
  // The controls beyond ASCII: U+009B begins what a terminal obeys.
  REQUIRE(to_one_line("a\xC2\x9B"
                      "31m\xC2\x85\xC2\xA0z",
                      100) == "a 31m \xC2\xA0z");
  REQUIRE(to_one_line("gr\xC3\xBC\xC3\x9F", 3) == "gr");
  REQUIRE(to_one_line("gr\xC3\xBC\xC3\x9F", 4) == "gr\xC3\xBC");
  REQUIRE(to_one_line(std::string(5000, ' ') + "x", 10).size() <= 10);
  REQUIRE(to_one_line("", 10).empty());
  REQUIRE(to_one_line("abc", 0).empty());
}
