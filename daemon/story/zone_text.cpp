#include "story/zone_text.hpp"

#include <algorithm>
#include <array>

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>
#include <fmt/core.h>

namespace crier {
namespace {

struct FixedZone {
  std::string_view word;
  int minutes;  // east of UTC
};

constexpr std::array fixed_zones{
    FixedZone{"utc", 0},     FixedZone{"gmt", 0},     FixedZone{"ut", 0},     FixedZone{"z", 0},
    FixedZone{"est", -300},  FixedZone{"edt", -240},  FixedZone{"cst", -360}, FixedZone{"cdt", -300},
    FixedZone{"mst", -420},  FixedZone{"mdt", -360},  FixedZone{"pst", -480}, FixedZone{"pdt", -420},
    FixedZone{"akst", -540}, FixedZone{"akdt", -480}, FixedZone{"hst", -600}, FixedZone{"ast", -240},
    FixedZone{"adt", -180},  FixedZone{"met", 60},    FixedZone{"mest", 120}, FixedZone{"brt", -180},
    FixedZone{"art", -180},  FixedZone{"wet", 0},     FixedZone{"west", 60},  FixedZone{"bst", 60},
    FixedZone{"cet", 60},    FixedZone{"cest", 120},  FixedZone{"eet", 120},  FixedZone{"eest", 180},
    FixedZone{"trt", 180},   FixedZone{"msk", 180},   FixedZone{"wat", 60},   FixedZone{"cat", 120},
    FixedZone{"sast", 120},  FixedZone{"eat", 180},   FixedZone{"gst", 240},  FixedZone{"pkt", 300},
    FixedZone{"ist", 330},   FixedZone{"npt", 345},   FixedZone{"ict", 420},  FixedZone{"wib", 420},
    FixedZone{"hkt", 480},   FixedZone{"sgt", 480},   FixedZone{"pht", 480},  FixedZone{"awst", 480},
    FixedZone{"jst", 540},   FixedZone{"kst", 540},   FixedZone{"acst", 570}, FixedZone{"aest", 600},
    FixedZone{"aedt", 660},  FixedZone{"nzst", 720},  FixedZone{"nzdt", 780},
};

struct RegionalZone {
  std::string_view word;
  const char* region;
};

constexpr std::array regional_zones{
    RegionalZone{"at", "America/Halifax"},     RegionalZone{"et", "America/New_York"},
    RegionalZone{"ct", "America/Chicago"},     RegionalZone{"mt", "America/Denver"},
    RegionalZone{"pt", "America/Los_Angeles"},
};

template <class Zones>
auto find(const Zones& zones, std::string_view word) {
  return std::find_if(zones.begin(), zones.end(), [&](const auto& zone) { return zone.word == word; });
}

std::optional<Time> in_region(std::chrono::sys_seconds wall_clock, const std::string& region) {
  cctz::time_zone zone;
  if (region.empty() || !cctz::load_time_zone(region, &zone)) return std::nullopt;
  const auto civil = cctz::convert(wall_clock, cctz::utc_time_zone());
  return cctz::convert(civil, zone);
}

}  // namespace

bool is_zone_word(std::string_view lower_case_word) {
  return find(fixed_zones, lower_case_word) != fixed_zones.end() ||
         find(regional_zones, lower_case_word) != regional_zones.end();
}

DateReading apply_zone(std::chrono::sys_seconds wall_clock, const ZoneText& zone,
                       const std::string& default_zone) {
  if (zone.offset_minutes) return {wall_clock - std::chrono::minutes(*zone.offset_minutes), {}};
  if (zone.word.empty()) {
    if (const auto time = in_region(wall_clock, default_zone)) return {*time, {}};
    return {wall_clock, "no time zone; UTC is assumed"};
  }
  if (const auto fixed = find(fixed_zones, zone.word); fixed != fixed_zones.end()) {
    // Ireland and Israel use these letters as well.
    const bool ambiguous = zone.word == "ist";
    return {wall_clock - std::chrono::minutes(fixed->minutes),
            ambiguous ? "\"IST\" is taken as India's time" : ""};
  }
  if (const auto regional = find(regional_zones, zone.word); regional != regional_zones.end())
    if (const auto time = in_region(wall_clock, regional->region)) return {*time, {}};
  return {wall_clock, fmt::format("unknown time zone \"{}\"; UTC is assumed", zone.word)};
}

}  // namespace crier
