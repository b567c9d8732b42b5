// Quiet hours on the reader's own clock.
#include "schedule/quiet_hours.hpp"

#include <catch2/catch.hpp>

using namespace crier;
using namespace std::chrono_literals;

namespace {

std::string earliest(std::string_view now, std::string_view quiet, std::string_view zone) {
  return to_rfc3339(
      earliest_send(parse_rfc3339(now).value(), parse_quiet_hours(quiet).value(), Zone::find(zone).value()));
}

bool is_quiet(Time time, const QuietHours& quiet, const Zone& zone) {
  const auto local = zone.to_local(time);
  const int minute = local.hour * 60 + local.minute;
  const auto [start, end] = quiet;
  return start <= end ? minute >= start && minute < end : minute >= start || minute < end;
}

}  // namespace

TEST_CASE("an alert waits for the end of the quiet hours") {
  SECTION("over midnight") {
    CHECK(earliest("2026-11-23T20:59:59Z", "22:00-06:30", "Africa/Lagos") == "2026-11-23T20:59:59Z");
    CHECK(earliest("2026-11-23T21:00:00Z", "22:00-06:30", "Africa/Lagos") == "2026-11-24T05:30:00Z");
    CHECK(earliest("2026-11-24T03:00:00Z", "22:00-06:30", "Africa/Lagos") == "2026-11-24T05:30:00Z");
    CHECK(earliest("2026-11-24T05:30:00Z", "22:00-06:30", "Africa/Lagos") == "2026-11-24T05:30:00Z");
  }
  SECTION("within a day") {
    CHECK(earliest("2026-11-23T12:30:00Z", "12:00-14:00", "UTC") == "2026-11-23T14:00:00Z");
    CHECK(earliest("2026-11-23T11:59:59.999Z", "12:00-14:00", "UTC") == "2026-11-23T11:59:59.999Z");
    CHECK(earliest("2026-11-23T14:00:00Z", "12:00-14:00", "UTC") == "2026-11-23T14:00:00Z");
  }
  SECTION("equal times are no quiet hours") {
    CHECK(earliest("2026-11-23T07:00:00Z", "07:00-07:00", "UTC") == "2026-11-23T07:00:00Z");
    CHECK(earliest("2026-11-23T00:00:00Z", "00:00-00:00", "UTC") == "2026-11-23T00:00:00Z");
  }
  SECTION("over New Year in a zone of quarter hours") {
    CHECK(earliest("2026-12-31T18:30:00Z", "22:00-06:30", "Asia/Kathmandu") == "2027-01-01T00:45:00Z");
  }
}

TEST_CASE("quiet hours when clocks change") {
  SECTION("an end in the gap is that of the rule for gaps") {
    CHECK(earliest("2027-03-28T00:30:00Z", "22:00-02:30", "Europe/Berlin") == "2027-03-28T01:30:00Z");
  }
  SECTION("an hour that is repeated is quiet twice") {
    // 02:00-03:00 in Berlin is first 00:00Z-01:00Z, then 01:00Z-02:00Z.
    CHECK(earliest("2026-10-25T00:10:00Z", "22:00-02:30", "Europe/Berlin") == "2026-10-25T00:30:00Z");
    CHECK(earliest("2026-10-25T00:40:00Z", "22:00-02:30", "Europe/Berlin") == "2026-10-25T00:40:00Z");
    CHECK(earliest("2026-10-25T01:10:20Z", "22:00-02:30", "Europe/Berlin") == "2026-10-25T01:30:00Z");
  }
}

TEST_CASE("what may leave is never quiet, and leaves now or when the reader's clock shows the end") {
  const auto* zone_name = GENERATE("Europe/Berlin", "Australia/Lord_Howe", "America/Nuuk", "Africa/Cairo",
                                   "America/Santiago", "America/St_Johns", "Asia/Kathmandu");
  const auto* text =
      GENERATE("22:00-06:30", "23:30-00:15", "00:00-02:15", "01:45-02:00", "02:30-01:30", "12:00-14:00");
  const auto zone = Zone::find(zone_name).value();
  const auto quiet = parse_quiet_hours(text).value();
  // Around the days on which these zones change their clocks.
  for (const auto* from :
       {"2026-03-28T00:00:00Z", "2026-04-04T00:00:00Z", "2026-04-23T00:00:00Z", "2026-09-05T00:00:00Z",
        "2026-10-03T00:00:00Z", "2026-10-24T00:00:00Z", "2026-10-29T00:00:00Z"}) {
    const auto begin = parse_rfc3339(from).value();
    for (auto now = begin; now < begin + 48h; now += 7min) {
      const auto send = earliest_send(now, quiet, zone);
      const auto local = zone.to_local(send);
      const int past_end = (local.hour * 60 + local.minute - quiet.end_minute + 1440) % 1440;
      const bool good =
          is_quiet(now, quiet, zone) ? send > now && send <= now + 25h && past_end <= 60 : send == now;
      if (!good || is_quiet(send, quiet, zone))
        FAIL(zone_name << " " << text << ": " << to_rfc3339(now) << " → " << to_rfc3339(send));
    }
  }
  SUCCEED();
}

TEST_CASE("quiet hours are written as two times of the day") {
  const auto quiet = parse_quiet_hours("22:00-06:30");
  REQUIRE(quiet);
  CHECK(quiet->start_minute == 22 * 60);
  CHECK(quiet->end_minute == 6 * 60 + 30);
  for (const auto* bad : {"", "22:00", "22-6", "22:00-24:00", "22:60-06:00", "22:00 - 06:00", "22:00–06:30",
                          "-1:00-06:30", "22:00-06:3x", "22:00-06:300"})
    CHECK_FALSE(parse_quiet_hours(bad));
}
