#include <algorithm>
#include <functional>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/story_input.hpp"
#include "app/story_walk.hpp"
#include "base/unicode.hpp"
#include "dispatch/replay.hpp"

namespace crier {
namespace {

namespace json = boost::json;

// A report with what is needed to print it.
struct Replayed {
  const ReplayReport& report;
  const StoryWalk& walk;
  std::string rules;  // the candidate's file; empty = none

  bool is_compared() const { return !rules.empty(); }
  double per_day(std::int64_t count) const { return static_cast<double>(count) / walk.days(); }
};

// Topics with the largest change first, without a comparison those with the most deliveries.
std::vector<const ReplayTopic*> ordered(const Replayed& replayed) {
  std::vector<const ReplayTopic*> topics;
  for (const auto& topic : replayed.report.topics) topics.push_back(&topic);
  std::ranges::stable_sort(topics, std::greater<>(), [](const ReplayTopic* topic) {
    const auto& count = topic->count;
    return std::pair(count.gained + count.lost, count.running + count.candidate);
  });
  return topics;
}

std::string before_and_after(const Replayed& replayed, std::int64_t running, std::int64_t candidate) {
  return replayed.is_compared() ? fmt::format("{} → {}", running, candidate) : fmt::format("{}", running);
}

void print_head(const Replayed& replayed, std::string_view what) {
  if (replayed.is_compared())
    fmt::print("{:>13}  {:>17}  {:>7}  {:>7}  {}\n", "stories", "deliveries", "gained", "lost", what);
  else
    fmt::print("{:>9}  {:>10}  {}\n", "stories", "deliveries", what);
}

std::string signed_text(char sign, std::int64_t count) {
  return count == 0 ? "0" : fmt::format("{}{}", sign, count);
}

void print_row(const Replayed& replayed, const ReplayCount& count, std::string_view name) {
  if (replayed.is_compared())
    fmt::print("{:>13}  {:>17}  {:>7}  {:>7}  {}\n",
               before_and_after(replayed, count.running_stories, count.candidate_stories),
               before_and_after(replayed, count.running, count.candidate), signed_text('+', count.gained),
               signed_text('-', count.lost), name);
  else
    fmt::print("{:>9}  {:>10}  {}\n", count.running_stories, count.running, name);
}

void print_topics(const Replayed& replayed) {
  constexpr std::size_t most = 30;
  const auto topics = ordered(replayed);
  print_head(replayed, "by topic");
  for (std::size_t i = 0; i < std::min(most, topics.size()); ++i) {
    const auto& count = topics[i]->count;
    const auto stories = replayed.is_compared() ? count.candidate_stories : count.running_stories;
    const auto* unfollowed = count.running + count.candidate == 0 ? "; nobody follows it" : "";
    print_row(replayed, count,
              fmt::format("{} ({}{})", shorten(single_line(topics[i]->name), 60),
                          rate_text(replayed.per_day(stories)), unfollowed));
  }
  if (topics.size() > most) fmt::print("and {} more topics\n", topics.size() - most);
  print_row(replayed, replayed.report.total, "all, each delivery once");
}

// All days of a month or less; of a longer time those on which anything happened.
void print_days(const Replayed& replayed) {
  constexpr std::size_t few = 31;
  const auto& days = replayed.report.days;
  print_head(replayed, "by day");
  for (const auto& [date, count] : days) {
    const bool is_empty = count.running + count.candidate == 0;
    if (days.size() <= few || !is_empty) print_row(replayed, count, date);
  }
}

void print_examples(const Replayed& replayed, std::string_view heading,
                    std::vector<ReplayExample> ReplayTopic::*examples) {
  constexpr std::size_t most = 10;
  std::size_t shown = 0;
  for (const auto* topic : ordered(replayed)) {
    for (const auto& example : topic->*examples) {
      if (shown == most) return;
      if (shown++ == 0) fmt::print("\n{}\n", heading);
      std::string readers;
      for (const auto& subscriber : example.subscribers)
        readers += (readers.empty() ? "" : ", ") + subscriber;
      fmt::print(
          "  {}  “{}”  {}: {} {} to {}{}\n", to_rfc3339(example.seen_at).substr(0, 10),
          shorten(single_line(example.title), 90), shorten(single_line(topic->name), 40), example.deliveries,
          example.deliveries == 1 ? "delivery" : "deliveries", readers,
          example.deliveries > example.subscribers.size() && example.subscribers.size() == 5 ? " …" : "");
    }
  }
}

// "about 9 a day (alerts: about 7 a day; in editions: about 2 a day)"
std::string rates(const Replayed& replayed, std::int64_t all, std::int64_t alerts) {
  if (all == 0) return "nothing";
  const auto rate = [&](std::int64_t count) { return rate_text(replayed.per_day(count)); };
  if (alerts == all) return fmt::format("{}, all alerts", rate(all));
  if (alerts == 0) return fmt::format("{}, all in editions", rate(all));
  return fmt::format("{} (alerts: {}; in editions: {})", rate(all), rate(alerts), rate(all - alerts));
}

std::string forecast(const Replayed& replayed) {
  const auto& report = replayed.report;
  const auto running = rates(replayed, report.total.running, report.running_alerts);
  if (!replayed.is_compared()) return "Forecast of deliveries: " + running;
  return fmt::format("Forecast of deliveries with {}: {}\nwith the running rules: {}", replayed.rules,
                     rates(replayed, report.total.candidate, report.candidate_alerts), running);
}

void print_text(const Replayed& replayed) {
  const auto& report = replayed.report;
  fmt::print("{} {} {}\n\n", report.stories, report.stories == 1 ? "story" : "stories",
             replayed.walk.span_text());
  print_topics(replayed);
  fmt::print("\n");
  print_days(replayed);
  print_examples(replayed, "gained, for example", &ReplayTopic::gained);
  print_examples(replayed, "lost, for example", &ReplayTopic::lost);
  fmt::print("\n{}\n", forecast(replayed));
}

json::object to_json(const Replayed& replayed, const ReplayCount& count) {
  json::object out{{"stories", count.running_stories}, {"deliveries", count.running}};
  if (!replayed.is_compared()) return out;
  out["candidate_stories"] = count.candidate_stories;
  out["candidate_deliveries"] = count.candidate;
  out["gained"] = count.gained;
  out["lost"] = count.lost;
  return out;
}

json::array to_json(const std::vector<ReplayExample>& examples) {
  json::array out;
  for (const auto& example : examples)
    out.push_back({{"id", example.story_id},
                   {"title", example.title},
                   {"seen", to_rfc3339(example.seen_at)},
                   {"deliveries", example.deliveries},
                   {"subscribers", json::array(example.subscribers.begin(), example.subscribers.end())}});
  return out;
}

json::object forecast_json(const Replayed& replayed) {
  const auto& report = replayed.report;
  const auto rates = [&](std::int64_t all, std::int64_t alerts) {
    return json::object{{"a_day", replayed.per_day(all)},
                        {"alerts_a_day", replayed.per_day(alerts)},
                        {"text", rate_text(replayed.per_day(all))}};
  };
  json::object out{{"running", rates(report.total.running, report.running_alerts)}};
  if (replayed.is_compared()) out["candidate"] = rates(report.total.candidate, report.candidate_alerts);
  return out;
}

void print_json(const Replayed& replayed) {
  const auto& report = replayed.report;
  json::array topics;
  for (const auto* topic : ordered(replayed)) {
    json::object entry{{"topic", topic->name}};
    for (auto& [key, value] : to_json(replayed, topic->count)) entry[key] = value;
    const auto stories =
        replayed.is_compared() ? topic->count.candidate_stories : topic->count.running_stories;
    entry["stories_a_day"] = replayed.per_day(stories);
    if (replayed.is_compared())
      entry["examples"] = json::object{{"gained", to_json(topic->gained)}, {"lost", to_json(topic->lost)}};
    topics.push_back(std::move(entry));
  }
  json::array days;
  for (const auto& [date, count] : report.days) {
    json::object entry{{"day", date}};
    for (auto& [key, value] : to_json(replayed, count)) entry[key] = value;
    days.push_back(std::move(entry));
  }
  const json::object out{{"since", to_rfc3339(replayed.walk.since())},
                         {"until", to_rfc3339(replayed.walk.until())},
                         {"log_begins", to_rfc3339(replayed.walk.begins())},
                         {"days_covered", replayed.walk.days()},
                         {"stories", report.stories},
                         {"total", to_json(replayed, report.total)},
                         {"topics", std::move(topics)},
                         {"days", std::move(days)},
                         {"forecast", forecast_json(replayed)}};
  fmt::print("{}\n", json::serialize(out));
}

}  // namespace

int replay_command(const Words& words) {
  CommandLine line(
      "replay", "[--since 7d] [--until TIME] [--rules FILE] [--config PATH] [--json]",
      "Says what the rules would have sent for the stories of the past days; with --rules also what the\n"
      "rules of that file would have, and which deliveries they gain and lose. A FILE without subscribers\n"
      "changes only the topics it names. Nothing is sent. Runs beside the daemon, or without it.");
  line.option("since", "SPAN", "how far back: 7d, 12h, or an RFC 3339 time (default: 7d)")
      .option("until", "TIME", "up to this RFC 3339 time (default: now)")
      .option("rules", "FILE", "the rules to try")
      .common();
  if (const auto code = line.read(words, 0, 0)) return *code;
  int code = exit_code::ok;
  const auto running = load_changed_config_or_complain(line, {}, code);
  if (!running) return code;
  std::optional<Config> candidate;
  const auto rules = line.get("rules").value_or("");
  if (!rules.empty()) {
    candidate = load_changed_config_or_complain(line, rules, code);
    if (!candidate) return code;
  }
  auto walk = StoryWalk::open(line, *running, "7d", code);
  if (!walk) return code;
  Replay replay(running->newsroom, candidate ? &candidate->newsroom : nullptr, walk->begins(), walk->until());
  walk->run([&](const Story& story, Time seen_at) { replay.add(story, seen_at); });
  const Replayed replayed{replay.report(), *walk, rules};
  if (line.json())
    print_json(replayed);
  else
    print_text(replayed);
  return exit_code::ok;
}

}  // namespace crier
