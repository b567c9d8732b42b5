#include "story/date_text.hpp"

#include <catch2/catch.hpp>

using namespace crier;

namespace {

std::string read(std::string_view text, const std::string& zone = "") {
  const auto date = parse_date_text(text, zone);
  return date ? to_rfc3339(date->time) + (date->doubt.empty() ? "" : " ?") : "refused";
}

}  // namespace

TEST_CASE("dates of pages, wires and feeds become UTC") {
  const auto* utc = "2023-10-18T19:37:00Z";
  for (const auto* text :
       {"Oct 18, 2023, 3:37pm EDT", "October 18, 2023 3:37 PM ET", "Oct. 18, 2023 at 3:37 p.m. ET",
        "18 October 2023, 20:37 BST", "18th of October 2023 19:37 UTC", "2023-10-18 19:37 UTC",
        "2023-10-18T15:37:00-04:00", "2023-10-18T19:37Z", "2023/10/18 19:37 GMT",
        "Wed, 18 Oct 2023 15:37:00 -0400", "Wed, 18 Oct 23 15:37 EDT",
        "Wed, 18 Oct 2023 15:37:00 -0400 (EDT)", "3:37 PM EDT, Wed October 18, 2023", "18.10.2023 21:37 CEST",
        "10/18/2023 3:37pm (EDT)", "Thursday October 19 2023 1:07 IST", "18 Oct 2023 20:37 GMT+1",
        "2023-10-19 04:37:00.123 JST", "18-Oct-2023 20:37 WAT"}) {
    CAPTURE(text);
    REQUIRE(read(text).starts_with(utc));
  }
}

TEST_CASE("ET, CT, MT and PT follow daylight saving time") {
  REQUIRE(read("Jul 4, 2023, 12:00pm ET") == "2023-07-04T16:00:00Z");
  REQUIRE(read("Jan 4, 2023, 12:00pm ET") == "2023-01-04T17:00:00Z");
  REQUIRE(read("Jan 4, 2023, 12:00am PT") == "2023-01-04T08:00:00Z");
  REQUIRE(read("Nov 5, 2023, 1:30am CT") == "2023-11-05T06:30:00Z");
}

TEST_CASE("what has to be assumed is said") {
  REQUIRE(parse_date_text("Oct 18, 2023 15:37 XYZT", "")->doubt ==
          "unknown time zone \"xyzt\"; UTC is assumed");
  REQUIRE(parse_date_text("Oct 18, 2023 15:37", "")->doubt == "no time zone; UTC is assumed");
  REQUIRE(read("Oct 18, 2023 15:37", "Asia/Tokyo") == "2023-10-18T06:37:00Z");
  REQUIRE(read("Oct 18, 2023 15:37 IST") == "2023-10-18T10:07:00Z ?");
  REQUIRE(read("Oct 18, 2023 15:37", "Nowhere/At_All") == "2023-10-18T15:37:00Z ?");
  REQUIRE(read("Oct 18, 2023") == "2023-10-18T00:00:00Z ?");
}

TEST_CASE("what is no date, or two dates, is refused") {
  for (const auto* text :
       {"", "18", "2023", "Oct 2023", "Oct 38, 2023", "Feb 29, 2023", "3/4/2023", "0/0/0000",
        "Oct 18, 2023 25:00", "Oct 18, 2023 13:00pm", "Oct 18, 2023 3:37pm EDT and more", "Section 230",
        "two hours ago", "99999999999999", "18 Oktober 2023", "２０２３-10-18", "2023-10-18-2023",
        "Oct 18, 2023 15:37 +99:99"}) {
    CAPTURE(text);
    REQUIRE(read(text) == "refused");
  }
  REQUIRE(read("4/4/2023 10:00 UTC") == "2023-04-04T10:00:00Z");
}

TEST_CASE("a broken date is told from a title with numbers") {
  REQUIRE(resembles_date("Oct 38, 2023, 3:37pm EDT"));
  REQUIRE(resembles_date("Octember 18, 2023, 3:37pm EDT"));
  REQUIRE(resembles_date("2023-13-45 10:00"));
  for (const auto* title : {"2023 in review", "Election 2024", "Euro 2024 final 3 for 2", "Cannes May 2024",
                            "October 7, 2023: a timeline", "Section 230 and its 26 words"}) {
    CAPTURE(title);
    REQUIRE_FALSE(resembles_date(title));
  }
}
