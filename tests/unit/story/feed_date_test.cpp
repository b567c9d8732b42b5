#include "story/feed_date.hpp"

#include <catch2/catch.hpp>

using namespace crier;

namespace {

std::string read(std::string_view text, const std::string& zone = "") {
  const auto date = parse_feed_date(text, zone);
  return date ? to_rfc3339(date->time) : "refused";
}

}  // namespace

TEST_CASE("RFC 822 dates are read as feeds write them") {
  for (const auto* text :
       {"Wed, 18 Oct 2023 19:37:00 GMT", "Wed, 18 Oct 23 19:37 UT", "Mon, 18 Oct 2023 15:37:00 -0400",
        "18 Oct 2023 19:37:00 Z", "Wed, 18 October 2023 15:37:00 EDT", "Wed, 18 Oct, 2023 19:37:00 UTC",
        "Wed, 18 Oct 2023 19:37:00 Etc/GMT", "Wed, 18 Oct 2023 18:36:00 GMT-01:01",
        "Wednesday, 18 Oct 2023 16:37 AT", "Wed Oct 18 2023 21:37:00 +0200", "Wed, 18 Oct 2023 21:37:00 MEST",
        "Wed, 2023/10/18 15:37:00 EDT"}) {
    CAPTURE(text);
    REQUIRE(read(text) == "2023-10-18T19:37:00Z");
  }
  REQUIRE(read("Thu, 5 Apr 2012 1:2:3 GMT") == "2012-04-05T01:02:03Z");
  REQUIRE(read("Thu, 01 Jan 2004") == "2004-01-01T00:00:00Z");
  REQUIRE(read("Wed, 18 Oct 2023 24:00:00 GMT") == "2023-10-19T00:00:00Z");
}

TEST_CASE("asctime has its year at the end") {
  REQUIRE(read("Sun Jan  4 16:29:06 2004") == "2004-01-04T16:29:06Z");
  REQUIRE(read("Sun Jul 15 01:16:00 +0000 2012") == "2012-07-15T01:16:00Z");
}

TEST_CASE("ISO 8601 dates are read in all their forms") {
  REQUIRE(read("2003-12-31T10:14:55.123Z") == "2003-12-31T10:14:55Z");
  REQUIRE(read("2003-12-31T10:14:55-08:00") == "2003-12-31T18:14:55Z");
  REQUIRE(read("2003-12-31T10:14Z") == "2003-12-31T10:14:00Z");
  REQUIRE(read("2003-12-31T24:00:00Z") == "2004-01-01T00:00:00Z");
  REQUIRE(read("20031231T101455Z") == "2003-12-31T10:14:55Z");
  REQUIRE(read("20031231101455") == "2003-12-31T10:14:55Z");
  REQUIRE(read("2004-07-08 23:56:58 -00:20") == "2004-07-09T00:16:58Z");
  for (const auto* text : {"2003-12-31", "20031231", "2003-365", "2003365", "031231", "03-12-31", "03365",
                           "2004-W01-3", "2003-012-31"}) {
    CAPTURE(text);
    REQUIRE(read(text) == "2003-12-31T00:00:00Z");
  }
  for (const auto* text : {"2003-12", "-03-12", "-0312"}) REQUIRE(read(text) == "2003-12-01T00:00:00Z");
  REQUIRE(read("2003") == "2003-01-01T00:00:00Z");
  REQUIRE(read("Wed Oct 18 2023 21:37:00 GMT+0200 (Central European Summer Time)") == "2023-10-18T19:37:00Z");
  REQUIRE(read("2003-12-31Z") == "2003-12-31T00:00:00Z");
  REQUIRE(read("2003-12-31+02:00") == "2003-12-30T22:00:00Z");
  REQUIRE(read("1697657820") == "2023-10-18T19:37:00Z");
  REQUIRE(read("1697657820000") == "2023-10-18T19:37:00Z");
}

TEST_CASE("a time without a zone is the source's own") {
  REQUIRE(read("2023-10-18T15:37:00", "Asia/Tokyo") == "2023-10-18T06:37:00Z");
  REQUIRE(read("18 Oct 2023 15:37", "Asia/Tokyo") == "2023-10-18T06:37:00Z");
}

TEST_CASE("months have their names in other languages") {
  REQUIRE(read("Κυρ, 11 Ιούλ 2004 12:00:00 EST") == "2004-07-11T17:00:00Z");
  REQUIRE(read("2004-július-13T9:15-05:00") == "2004-07-13T14:15:00Z");
  REQUIRE(read("2004-05-25 오후 11:23:17") == "2004-05-25T14:23:17Z");
  REQUIRE(read("2004년 05월 28일  01:31:15") == "2004-05-27T16:31:15Z");
  REQUIRE(read("Mi, 18 Okt 2023 21:37:00 +0200") == "2023-10-18T19:37:00Z");
  REQUIRE(read("mer., 18 août 2023 21:37 CEST") == "2023-08-18T19:37:00Z");
  REQUIRE(read("mercredi 18 octobre 2023 19:37") == "2023-10-18T19:37:00Z");
  REQUIRE(read("martes, 17 de octubre de 2023 19:37") == "2023-10-17T19:37:00Z");
  REQUIRE(read("18 Ekim 2023 19:37") == "2023-10-18T19:37:00Z");
}

TEST_CASE("what is no date is refused") {
  for (const auto* text :
       {"", "soon", "2003-12-31T25:14:55Z", "2003-12-31T10:61:55Z", "2003-12-31T10:14:61Z",

        "013", "2013-01-27-01", "2013-01-28T11:30:00-06:00Textra", "2013-xx-27", "2013-01-28T09:xx:00Z",
        "2013-01-28T09:00:00+00:xx", "Sun, 16 Dec 2012 1:2:3:4 GMT", "Sun, 16 zzz 2012 11:47:32 GMT",
        "Sun, 16 Dec zz 11:47:32 GMT", "Sun, 99 Jun 2009 12:00:00 GMT", "9999-12-31T23:59:59-99:99",
        "Sun, 16 Dec 2012 11:47:32 +zz:00", "2003-366", "2003-W54-1"}) {
    CAPTURE(text);
    REQUIRE(read(text) == "refused");
  }
}

TEST_CASE("dates in the words of other scripts are read as pages have them") {
  REQUIRE(read("Ср, 28 Окт 2015 10:00:07 +0300") == "2015-10-28T07:00:07Z");
  REQUIRE(read("28 октября 2015 10:00") == "2015-10-28T10:00:00Z");
  REQUIRE(read("śr, 28 paź 2015 10:00:00 +0100") == "2015-10-28T09:00:00Z");
  REQUIRE(read("2015年10月28日 10:00") == "2015-10-28T10:00:00Z");
  REQUIRE(read("28 أكتوبر 2015 10:00") == "2015-10-28T10:00:00Z");
  REQUIRE(read("28 अक्टूबर 2015") == "2015-10-28T00:00:00Z");
  REQUIRE(read("Thu, 31 Jun 2015 10:00:00 GMT") == "refused");
}
