// When an edition is due: once per nominal date, whatever the clocks of its zone do.
#include "schedule/edition.hpp"

#include <set>

#include <catch2/catch.hpp>

using namespace crier;
using namespace std::chrono_literals;

namespace {

Time at(std::string_view text) {
  return parse_rfc3339(text).value();
}

Recurrence daily(std::string_view zone, int hour, int minute) {
  return {Zone::find(zone).value(), hour, minute, 0x7F};
}

std::vector<std::string> instants(const Recurrence& recurrence, std::string_view after, std::size_t count) {
  std::vector<std::string> out;
  for (const auto& occurrence : next_occurrences(recurrence, at(after), count))
    out.push_back(to_rfc3339(occurrence.at));
  return out;
}

}  // namespace

TEST_CASE("a daily edition fires exactly once per nominal date, over ten years in every kind of zone") {
  const auto zone =
      GENERATE(as<std::string>{}, "UTC", "Australia/Lord_Howe", "America/Nuuk", "Africa/Cairo",
               "Africa/Casablanca", "Pacific/Apia", "Asia/Kathmandu", "America/St_Johns", "Europe/Berlin",
               "Europe/Dublin", "America/New_York", "America/Santiago", "Asia/Beirut", "Asia/Gaza",
               "Pacific/Kiritimati", "Pacific/Chatham", "America/Vancouver", "Antarctica/Troll");
  const auto [hour, minute] =
      GENERATE(std::pair{0, 0}, std::pair{0, 30}, std::pair{2, 15}, std::pair{7, 0}, std::pair{23, 45});
  const auto recurrence = daily(zone, hour, minute);
  const auto start = at("2024-01-01T12:00:00Z");
  constexpr std::size_t days = 3653;
  const auto all = next_occurrences(recurrence, start, days);
  REQUIRE(all.size() == days);
  auto expected = all.front().nominal;
  Time previous = start;
  for (const auto& [nominal, instant] : all) {
    if (nominal != expected || instant <= previous) FAIL(zone << ": " << to_string(nominal));
    expected = add_days(expected, 1);
    previous = instant;
  }
  // Walking from one occurrence to the next, as the desk does, gives the same ones.
  Time walked = start;
  for (const auto& occurrence : all) {
    const auto next = next_occurrences(recurrence, walked, 1);
    if (next.size() != 1 || next[0].at != occurrence.at) FAIL(zone << ": " << to_string(occurrence.nominal));
    walked = next[0].at;
  }
}

TEST_CASE("a day that a zone skips has no occurrence") {
  const auto recurrence = daily("Pacific/Apia", 7, 0);
  CHECK(instants(recurrence, "2011-12-28T12:00:00Z", 3) ==
        std::vector<std::string>{"2011-12-28T17:00:00Z", "2011-12-29T17:00:00Z", "2011-12-30T17:00:00Z"});
  std::vector<std::string> nominal;
  for (const auto& occurrence : next_occurrences(recurrence, at("2011-12-28T12:00:00Z"), 3))
    nominal.push_back(to_string(occurrence.nominal));
  CHECK(nominal == std::vector<std::string>{"2011-12-28T07:00", "2011-12-29T07:00", "2011-12-31T07:00"});
}

TEST_CASE("only the weekdays of the set, by the edition's own calendar") {
  auto recurrence = daily("Pacific/Auckland", 7, 0);
  recurrence.days = 0b0010001;  // Monday and Friday
  // Monday 07:00 in Auckland is still Sunday in UTC.
  CHECK(instants(recurrence, "2026-11-20T00:00:00Z", 3) ==
        std::vector<std::string>{"2026-11-22T18:00:00Z", "2026-11-26T18:00:00Z", "2026-11-29T18:00:00Z"});
}

TEST_CASE("next is strictly after, and goes over New Year and leap days") {
  const auto recurrence = daily("Africa/Lagos", 7, 0);
  CHECK(instants(recurrence, "2026-11-23T06:00:00Z", 1).front() == "2026-11-24T06:00:00Z");
  CHECK(instants(recurrence, "2026-11-23T05:59:59.999Z", 1).front() == "2026-11-23T06:00:00Z");
  CHECK(instants(recurrence, "2026-12-31T06:00:00Z", 1).front() == "2027-01-01T06:00:00Z");
  CHECK(instants(recurrence, "2028-02-28T06:00:00Z", 2).back() == "2028-03-01T06:00:00Z");
  CHECK(next_occurrences(recurrence, at("2026-11-23T00:00:00Z"), 0).empty());
}

TEST_CASE("the owed occurrence is the latest one, and only if nobody decided it") {
  const auto recurrence = daily("Africa/Lagos", 7, 0);
  const auto now = at("2026-11-23T06:30:00Z");
  REQUIRE(latest_occurrence(recurrence, at("2026-11-20T00:00:00Z"), now));
  CHECK(latest_occurrence(recurrence, at("2026-11-20T00:00:00Z"), now)->at == at("2026-11-23T06:00:00Z"));
  CHECK_FALSE(latest_occurrence(recurrence, at("2026-11-23T06:00:00Z"), now));
  CHECK_FALSE(latest_occurrence(recurrence, at("2026-11-23T06:10:00Z"), now));
  SECTION("at its very instant") {
    CHECK(latest_occurrence(recurrence, at("2026-11-22T06:00:00Z"), at("2026-11-23T06:00:00Z"))->at ==
          at("2026-11-23T06:00:00Z"));
    CHECK_FALSE(latest_occurrence(recurrence, at("2026-11-22T06:00:00Z"), at("2026-11-23T05:59:59Z")));
  }
  SECTION("a weekly one is found for a week") {
    auto weekly = recurrence;
    weekly.days = 1;
    CHECK(latest_occurrence(weekly, {}, at("2026-11-30T05:59:59Z"))->at == at("2026-11-23T06:00:00Z"));
  }
  SECTION("a clock that jumps back owes nothing twice") {
    CHECK_FALSE(latest_occurrence(recurrence, at("2026-11-23T06:00:00Z"), at("2026-11-22T08:00:00Z")));
  }
  SECTION("a clock at 1970 owes nothing that has a later record") {
    CHECK_FALSE(latest_occurrence(recurrence, at("2026-11-23T06:00:00Z"), Time{}));
  }
}

TEST_CASE("latest and next agree at every hour of a year of changes") {
  for (const auto* zone : {"Australia/Lord_Howe", "America/Nuuk", "Africa/Cairo", "Pacific/Apia"}) {
    const auto recurrence = daily(zone, 0, 15);
    std::set<Time> seen;
    for (auto now = at("2026-01-01T00:00:00Z"); now < at("2027-01-01T00:00:00Z"); now += 1h) {
      const auto latest = latest_occurrence(recurrence, {}, now);
      REQUIRE(latest);
      CHECK(next_occurrences(recurrence, latest->at, 1).front().at > now);
      seen.insert(latest->at);
    }
    CHECK(seen.size() >= 365);
  }
}

TEST_CASE("an occurrence is too soon within half the time to the one before") {
  const auto too_soon = [](const Recurrence& recurrence, std::string_view occurrence, std::string_view sent) {
    return is_too_soon(recurrence, *latest_occurrence(recurrence, Time::min(), at(occurrence)), at(sent));
  };
  const auto evening = daily("UTC", 18, 0);
  CHECK(too_soon(evening, "2026-11-24T18:00:00Z", "2026-11-24T06:01:00Z"));
  CHECK_FALSE(too_soon(evening, "2026-11-24T18:00:00Z", "2026-11-24T06:00:00Z"));
  SECTION("a weekly one within half a week") {
    auto tuesdays = evening;
    tuesdays.days = 0b0000010;
    CHECK(too_soon(tuesdays, "2026-11-24T18:00:00Z", "2026-11-23T18:00:00Z"));
    CHECK_FALSE(too_soon(tuesdays, "2026-11-24T18:00:00Z", "2026-11-20T18:00:00Z"));
  }
  SECTION("one that nobody changed never") {
    for (const unsigned days : {0x7FU, 0x1FU, 0b0000011U, 0b0010001U}) {
      auto recurrence = daily("Australia/Lord_Howe", 2, 15);
      recurrence.days = days;
      const auto all = next_occurrences(recurrence, at("2026-01-01T00:00:00Z"), 300);
      for (std::size_t i = 1; i < all.size(); ++i)
        if (is_too_soon(recurrence, all[i], all[i - 1].at)) FAIL(to_string(all[i].nominal));
    }
  }
}
