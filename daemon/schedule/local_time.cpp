#include "schedule/local_time.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <set>
#include <vector>

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>
#include <fmt/core.h>

#include "base/suggest.hpp"

namespace crier {
namespace {

cctz::civil_minute to_civil(const LocalTime& local) {
  return cctz::civil_minute(local.year, local.month, local.day, local.hour, local.minute);
}

LocalTime from_civil(const cctz::civil_minute& civil) {
  return {static_cast<int>(civil.year()), civil.month(), civil.day(), civil.hour(), civil.minute()};
}

bool has_zone_syntax(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.starts_with('/') || name.ends_with('/')) return false;
  if (name.find("//") != std::string_view::npos) return false;
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '-' || c == '/';
  });
}

// "UTC" and Area/City say which zone is meant; "IST", "CST", "EST5EDT" are abbreviations of several.
bool is_abbreviation(std::string_view name) {
  return name.find('/') == std::string_view::npos && name != "UTC" && name != "GMT";
}

const std::set<std::string, std::less<>>& known_names() {
  static const auto names = [] {
    std::set<std::string, std::less<>> out;
    std::ifstream table("/usr/share/zoneinfo/tzdata.zi");
    for (std::string line; std::getline(table, line);) {
      // "Z Africa/Lagos …" is a zone, "L Africa/Lagos Africa/Accra" a link.
      if (line.starts_with("Z ")) out.insert(line.substr(2, line.find(' ', 2) - 2));
      if (line.starts_with("L ")) out.insert(line.substr(line.rfind(' ') + 1));
    }
    return out;
  }();
  return names;
}

std::string suggestion(std::string_view name) {
  const auto& known = known_names();
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  return did_you_mean(name, candidates);
}

}  // namespace

struct Zone::Rules {
  cctz::time_zone zone;
};

std::string to_string(const LocalTime& local) {
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}", local.year, local.month, local.day, local.hour,
                     local.minute);
}

std::optional<LocalTime> parse_local_time(std::string_view text) {
  // As UTC it has the same fields, and the RFC 3339 reader checks them.
  const auto time = text.size() == 16 ? parse_rfc3339(std::string(text) + ":00Z") : std::nullopt;
  if (!time) return std::nullopt;
  return Zone::utc().to_local(*time);
}

int iso_weekday(const LocalTime& local) {
  const auto weekday = cctz::get_weekday(cctz::civil_day(to_civil(local)));
  return static_cast<int>(weekday) + 1;  // cctz counts from Monday = 0
}

LocalTime add_days(const LocalTime& local, int days) {
  const auto day = cctz::civil_day(to_civil(local)) + days;
  return {static_cast<int>(day.year()), day.month(), day.day(), local.hour, local.minute};
}

Zone::Zone(std::string name, std::shared_ptr<const Rules> rules)
    : name_(std::move(name)), rules_(std::move(rules)) {}

Result<Zone> Zone::find(std::string_view name) {
  if (!has_zone_syntax(name))
    return Error{fmt::format("\"{}\" is not a time zone name; write it like Africa/Lagos", name)};
  if (is_abbreviation(name))
    return Error{
        fmt::format("\"{}\" is not of the form Area/City (abbreviations mean several zones): write one like "
                    "Europe/Berlin, or UTC",
                    name)};
  auto rules = std::make_shared<Rules>();
  if (!cctz::load_time_zone(std::string(name), &rules->zone))
    return Error{fmt::format("unknown time zone \"{}\"{}", name, suggestion(name))};
  return Zone(std::string(name), std::move(rules));
}

Zone Zone::utc() {
  auto rules = std::make_shared<Rules>();
  rules->zone = cctz::utc_time_zone();
  return {"UTC", std::move(rules)};
}

LocalTime Zone::to_local(Time time) const {
  return from_civil(
      cctz::civil_minute(cctz::convert(std::chrono::floor<std::chrono::seconds>(time), rules_->zone)));
}

std::string Zone::label(Time time) const {
  const auto found = rules_->zone.lookup(std::chrono::floor<std::chrono::seconds>(time));
  std::string name = found.abbr;
  if (!name.starts_with('+') && !name.starts_with('-')) return name;
  // The database writes "+0545" where nobody has a name for it.
  const auto minutes = std::abs(found.offset / 60);
  auto label = fmt::format("GMT{}{}", name.front(), minutes / 60);
  return minutes % 60 == 0 ? label : fmt::format("{}:{:02}", label, minutes % 60);
}

Time Zone::to_utc(const LocalTime& local) const {
  const auto found = rules_->zone.lookup(cctz::civil_second(to_civil(local)));
  // UNIQUE has pre == post; in a gap `pre` uses the offset before it, in an overlap it is the first of two.
  return Time(found.pre);
}

}  // namespace crier
