#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/story_input.hpp"
#include "base/clock.hpp"
#include "base/suggest.hpp"
#include "schedule/edition.hpp"

namespace crier {
namespace {

Result<unsigned> parse_days(std::string_view text) {
  static constexpr std::array<std::string_view, 7> names{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  unsigned days = 0;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto word = text.substr(0, comma);
    const auto found = std::ranges::find(names, word);
    if (found == names.end())
      return Error{fmt::format("\"{}\" is no day; write mon,tue,wed,thu,fri,sat,sun", word)};
    days |= 1U << (found - names.begin());
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  if (days == 0) return Error{"--days must name at least one day"};
  return days;
}

// The recurrence of --zone and --at.
Result<Recurrence> given_recurrence(const CommandLine& line) {
  Recurrence recurrence;
  const auto zone = Zone::find(line.get("zone").value_or(""));
  if (!zone) return zone.error();
  recurrence.zone = *zone;
  const auto clock = parse_quiet_hours(line.get("at").value_or("") + "-00:00");
  if (!clock) return Error{"--at must be a local time like 07:00"};
  recurrence.hour = clock->start_minute / 60;
  recurrence.minute = clock->start_minute % 60;
  if (const auto text = line.get("days")) {
    const auto days = parse_days(*text);
    if (!days) return days.error();
    recurrence.days = *days;
  }
  return recurrence;
}

Result<Recurrence> recurrence_of(const Config& config, const std::string& name) {
  const auto& editions = config.newsroom.editions;
  if (const auto* edition = config.newsroom.find_edition(name)) return edition->recurrence;
  std::vector<std::string_view> known;
  for (const auto& edition : editions) known.push_back(edition.name);
  return Error{fmt::format("there is no edition \"{}\"{}", name, did_you_mean(name, known))};
}

}  // namespace

int next_command(const Words& words) {
  CommandLine line(
      "next", "EDITION | --zone ZONE --at HH:MM [--days mon,tue] [--after TIME] [--count N]",
      "Prints the UTC instants at which an edition, or a local time in a zone, is due; one a line.");
  line.option("zone", "ZONE", "an IANA time zone instead of an edition")
      .option("at", "HH:MM", "the local time in that zone")
      .option("days", "LIST", "only on these days: mon,tue,wed,thu,fri,sat,sun")
      .option("after", "TIME", "from this RFC 3339 time on (default: now)")
      .option("count", "N", "how many (default 1)")
      .common();
  if (const auto code = line.read(words, 0, 1)) return *code;
  if (line.arguments().empty() != line.has("zone"))
    return line.usage_error("name either an edition or --zone and --at");
  Time after = SystemClock().now();
  if (const auto code = line.read_time("after", after)) return *code;
  std::size_t count = 1;
  if (const auto code = line.read_number("count", 1, 10'000, count)) return *code;
  Result<Recurrence> recurrence = Error{};
  if (line.has("zone")) {
    recurrence = given_recurrence(line);
    if (!recurrence) return line.usage_error(recurrence.error().message);
  } else {
    int code = 0;
    const auto config = load_config_or_complain(line, code);
    if (!config) return code;
    recurrence = recurrence_of(*config, line.arguments()[0]);
    if (!recurrence) return line.fail(exit_code::missing_input, recurrence.error().message);
  }
  boost::json::array instants;
  for (const auto& occurrence : next_occurrences(*recurrence, after, count)) {
    if (line.json())
      instants.push_back({{"nominal", to_string(occurrence.nominal)}, {"at", to_rfc3339(occurrence.at)}});
    else
      fmt::print("{}\n", to_rfc3339(occurrence.at));
  }
  if (line.json()) fmt::print("{}\n", boost::json::serialize(instants));
  return exit_code::ok;
}

}  // namespace crier
