// Wall clocks and UTC: the vectors of RFC 5545's two rules, and the days that clocks skip or repeat.
#include "schedule/local_time.hpp"

#include <catch2/catch.hpp>

using namespace crier;

namespace {

Zone zone(std::string_view name) {
  return Zone::find(name).value();
}

std::string utc(std::string_view name, std::string_view local) {
  return to_rfc3339(zone(name).to_utc(parse_local_time(local).value()));
}

std::string local(std::string_view name, std::string_view utc_time) {
  return to_string(zone(name).to_local(parse_rfc3339(utc_time).value()));
}

}  // namespace

TEST_CASE("a wall-clock time in a gap takes the offset before it") {
  CHECK(utc("Europe/Berlin", "2027-03-28T02:30") == "2027-03-28T01:30:00Z");
  CHECK(utc("America/New_York", "2027-03-14T02:30") == "2027-03-14T07:30:00Z");
  CHECK(utc("Australia/Lord_Howe", "2026-10-04T02:15") == "2026-10-03T15:45:00Z");  // a gap of half an hour
  CHECK(utc("Africa/Cairo", "2027-04-30T00:00") == "2027-04-29T22:00:00Z");         // midnight does not exist
  CHECK(utc("America/Santiago", "2027-09-05T00:30") == "2027-09-05T04:30:00Z");
  CHECK(utc("America/Nuuk", "2027-03-27T23:30") == "2027-03-28T01:30:00Z");  // the gap crosses midnight
}

TEST_CASE("a wall-clock time that is repeated is its first occurrence") {
  CHECK(utc("Europe/Berlin", "2026-10-25T02:30") == "2026-10-25T00:30:00Z");
  CHECK(utc("America/New_York", "2026-11-01T01:30") == "2026-11-01T05:30:00Z");
  CHECK(utc("Africa/Cairo", "2026-10-29T23:30") == "2026-10-29T20:30:00Z");
}

TEST_CASE("zones that stopped changing their clocks in 2026") {
  CHECK(utc("America/Vancouver", "2026-12-01T07:00") == "2026-12-01T14:00:00Z");
  CHECK(utc("America/Edmonton", "2026-12-01T07:00") == "2026-12-01T13:00:00Z");
  CHECK(utc("Africa/Casablanca", "2026-12-01T07:00") == "2026-12-01T07:00:00Z");
}

TEST_CASE("rules go on beyond the last transition that is listed") {
  CHECK(utc("Europe/Berlin", "2060-07-01T07:00") == "2060-07-01T05:00:00Z");
  CHECK(utc("Africa/Cairo", "2060-07-01T07:00") == "2060-07-01T04:00:00Z");
  CHECK(utc("Europe/Dublin", "2060-01-01T07:00") == "2060-01-01T07:00:00Z");  // negative daylight saving
  CHECK(utc("America/Nuuk", "2060-07-01T07:00") == "2060-07-01T08:00:00Z");
}

TEST_CASE("offsets that are no whole hours, and the far ends of the date line") {
  CHECK(utc("Asia/Kathmandu", "2026-11-23T07:00") == "2026-11-23T01:15:00Z");
  CHECK(utc("Pacific/Kiritimati", "2026-11-23T07:00") == "2026-11-22T17:00:00Z");
  CHECK(utc("Pacific/Pago_Pago", "2026-11-23T07:00") == "2026-11-23T18:00:00Z");
  CHECK(local("Asia/Kathmandu", "2026-11-23T18:20:00Z") == "2026-11-24T00:05");
  CHECK(local("America/St_Johns", "1969-12-31T23:59:59Z") == "1969-12-31T20:29");  // before 1970 rounds down
}

TEST_CASE("a zone is an IANA name and nothing else") {
  for (const auto* good : {"Africa/Lagos", "UTC", "GMT", "Etc/GMT+5", "America/Argentina/Buenos_Aires",
                           "US/Eastern", "Asia/Calcutta", "Europe/Kiev"})
    CHECK(Zone::find(good).has_value());
  CHECK(zone("Etc/GMT+5").to_local(Time{}).hour == 19);  // its sign is the other way round
  CHECK(zone("Asia/Calcutta").name() == "Asia/Calcutta");

  const std::string nul("Europe/Berlin\0", 14);
  constexpr std::string_view refused[] = {"",
                                          "IST",
                                          "CST",
                                          "EST5EDT",
                                          "Europe/Berln",
                                          "europe/berlin",
                                          "Europe",
                                          "Europe/",
                                          "/etc/passwd",
                                          "../../etc/passwd",
                                          "Europe//Berlin",
                                          "Europe/../Europe/Berlin",
                                          "Europe/Berlin ",
                                          "Europe/Zürich",
                                          "America/Argentina",
                                          "Fixed/UTC+01",
                                          "+01:00"};
  CHECK_FALSE(Zone::find(nul).has_value());
  for (const auto bad : refused) CHECK_FALSE(Zone::find(bad).has_value());
  CHECK_FALSE(Zone::find(std::string(100'000, 'A')).has_value());

  CHECK(Zone::find("Europe/Berln").error().message ==
        "unknown time zone \"Europe/Berln\" (did you mean \"Europe/Berlin\"?)");
  CHECK(Zone::find("IST").error().message.find("Area/City") != std::string::npos);
}

TEST_CASE("local times are read as they are written") {
  const auto parsed = parse_local_time("2028-02-29T23:59");
  REQUIRE(parsed);
  CHECK(to_string(*parsed) == "2028-02-29T23:59");
  for (const auto* bad : {"", "2027-02-29T07:00", "2026-11-23 7:00", "2026-11-23T07:00Z", "2026-11-23T24:00",
                          "2026-13-01T07:00", "2026-11-23T07:60", "2026-11-23T07:0x"})
    CHECK_FALSE(parse_local_time(bad));
}

TEST_CASE("days are counted on the calendar") {
  const auto newyear = parse_local_time("2026-12-31T07:30").value();
  CHECK(to_string(add_days(newyear, 1)) == "2027-01-01T07:30");
  CHECK(to_string(add_days(newyear, -365)) == "2025-12-31T07:30");
  CHECK(to_string(add_days(parse_local_time("2028-02-28T00:00").value(), 1)) == "2028-02-29T00:00");
  CHECK(iso_weekday(parse_local_time("2026-11-23T00:00").value()) == 1);
  CHECK(iso_weekday(parse_local_time("2026-11-29T23:59").value()) == 7);
}
