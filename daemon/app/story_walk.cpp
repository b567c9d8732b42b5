#include "app/story_walk.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "app/exit_codes.hpp"
#include "app/progress.hpp"
#include "app/story_input.hpp"
#include "base/clock.hpp"

namespace crier {
namespace {

constexpr Duration one_day = std::chrono::days(1);

double days_between(Time begin, Time end) {
  return static_cast<double>((end - begin).count()) / static_cast<double>(one_day.count());
}

std::string length_text(Time begin, Time end) {
  const auto days = days_between(begin, end);
  if (days >= 1) return fmt::format("{:.1f} days", days);
  const auto hours = std::chrono::floor<std::chrono::hours>(end - begin).count();
  return hours < 1 ? "less than an hour" : fmt::format("{} hour{}", hours, hours == 1 ? "" : "s");
}

// A duration before `until`, or a time.
std::optional<Time> parse_since(std::string_view text, Time until) {
  const auto duration = parse_duration(text);
  if (!duration) return parse_rfc3339(text);
  if (*duration > until.time_since_epoch()) return Time{};
  return until - *duration;
}

}  // namespace

std::optional<StoryWalk> StoryWalk::open(const CommandLine& line, const Config& config,
                                         const char* since_by_default, int& code) {
  Time until = SystemClock().now();
  if (const auto text = line.get("until")) {
    const auto time = parse_rfc3339(*text);
    if (!time) {
      code = line.usage_error("--until must be a time like 2023-10-18T19:37:00Z");
      return std::nullopt;
    }
    until = *time;
  }
  const auto since = parse_since(line.get("since").value_or(since_by_default), until);
  if (!since || *since >= until) {
    code = line.usage_error("--since must be a duration like 7d or 12h, or a time before the end");
    return std::nullopt;
  }
  auto db = open_database(config);
  const auto log_begins = db ? PastStories(*db, *since, until).log_begins() : std::nullopt;
  if (!log_begins || *log_begins >= until) {
    code = line.fail(
        exit_code::missing_input,
        log_begins
            ? fmt::format("the story log begins at {}, after the time asked for", to_rfc3339(*log_begins))
            : fmt::format("no story has been seen yet: {} holds none", database_path(config).string()));
    return std::nullopt;
  }
  const auto begins = std::max(*since, *log_begins);
  if (begins - *since >= std::chrono::hours(1))
    fmt::print(stderr, "crier {}: the story log begins at {}: it holds {} of the {} asked for\n", line.name(),
               to_rfc3339(begins), length_text(begins, until), length_text(*since, until));
  return StoryWalk(std::move(db), *since, until, begins);
}

std::string StoryWalk::span_text() const {
  using std::chrono::seconds;
  return fmt::format("from {} to {}", to_rfc3339(std::chrono::floor<seconds>(begins_)),
                     to_rfc3339(std::chrono::floor<seconds>(until_)));
}

double StoryWalk::days() const {
  return std::max(1.0, days_between(begins_, until_));
}

void StoryWalk::run(const std::function<void(const Story&, Time seen_at)>& each) {
  PastStories stories(*db_, since_, until_);
  const SystemClock clock;
  Progress progress(clock, "stories", stories.count());
  for (auto some = stories.next(); !some.empty(); some = stories.next()) {
    for (const auto& [seen_at, story] : some) {
      if (story)
        each(*story, seen_at);
      else
        fmt::print(stderr, "warning: {}\n", story.error().message);
      progress.advance();
    }
  }
}

}  // namespace crier
