// How much a new sender may send a day.
#include "schedule/warm_up.hpp"

#include <catch2/catch.hpp>

using namespace crier;
using namespace std::chrono_literals;

namespace {

Time at(std::string_view text) {
  return parse_rfc3339(text).value();
}

const WarmUp plan{
    .from = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1), .first_day = 50, .done_at = 500};

}  // namespace

TEST_CASE("a new sender's share doubles from day to day until there is no limit") {
  CHECK(daily_share(plan, at("2026-11-30T23:59:59Z")) == 0);
  CHECK(daily_share(plan, at("2026-12-01T00:00:00Z")) == 50);
  CHECK(daily_share(plan, at("2026-12-02T12:00:00Z")) == 100);
  CHECK(daily_share(plan, at("2026-12-04T12:00:00Z")) == 400);
  CHECK_FALSE(daily_share(plan, at("2026-12-05T00:00:00Z")));
  CHECK_FALSE(daily_share(plan, at("2126-12-05T00:00:00Z")));
}

TEST_CASE("what has left today counts, what left on another day does not") {
  const auto now = at("2026-12-02T12:00:00Z");
  const auto today = std::chrono::floor<std::chrono::days>(now);
  CHECK(daily_room(plan, {today, 30}, now) == 70);
  CHECK(daily_room(plan, {today, 300}, now) == 0);
  CHECK(daily_room(plan, {today - std::chrono::days(1), 50}, now) == 100);
  CHECK(next_day(now) == at("2026-12-03T00:00:00Z"));
}
