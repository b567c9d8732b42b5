#include <algorithm>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/story_input.hpp"
#include "app/story_walk.hpp"
#include "base/unicode.hpp"
#include "dispatch/replay.hpp"
#include "dispatch/topic_report.hpp"

namespace crier {
namespace {

namespace json = boost::json;

constexpr std::size_t max_listed = 20;
constexpr std::size_t max_costly = 5;

std::string name_text(const TopicRecord& topic) {
  return shorten(single_line(topic.name), 70);
}

void print_table(const TopicReport& report, const StoryWalk& walk) {
  fmt::print("{:>9} {:>8}  {:<20}  {:<11} {:>7}  {}\n", "followers", "stories", "how often", "last match",
             "cost", "topic");
  std::size_t own_rules = 0;
  for (const auto& topic : report.topics()) {
    if (!topic.is_topic && ++own_rules > max_listed) continue;
    fmt::print("{:>9} {:>8}  {:<20}  {:<11} {:>7.3f}  {}\n", topic.followers, topic.stories,
               rate_text(static_cast<double>(topic.stories) / walk.days()),
               topic.last_match ? to_rfc3339(*topic.last_match).substr(0, 10) : "-", topic.cost,
               name_text(topic));
  }
  if (own_rules > max_listed) fmt::print("and {} more rules of subscribers\n", own_rules - max_listed);
}

template <class List, class Show>
void print_list(std::string_view heading, const List& list, std::size_t count, const Show& show) {
  if (list.empty()) return;
  fmt::print("\n{} ({})\n", heading, count);
  for (std::size_t i = 0; i < std::min(list.size(), max_listed); ++i) fmt::print("  {}\n", show(list[i]));
  if (count > max_listed) fmt::print("  and {} more\n", count - max_listed);
}

std::vector<const TopicRecord*> those_that_never_fired(const TopicReport& report) {
  std::vector<const TopicRecord*> out;
  for (const auto& topic : report.topics())
    if (topic.stories == 0) out.push_back(&topic);
  return out;
}

void print_text(const TopicReport& report, const StoryWalk& walk) {
  fmt::print("{} {} {}\n\n", report.stories(), report.stories() == 1 ? "story" : "stories", walk.span_text());
  print_table(report, walk);
  const auto silent = those_that_never_fired(report);
  print_list("never fired", silent, silent.size(),
             [](const TopicRecord* topic) { return name_text(*topic); });
  print_list("stories that nobody heard", report.unheard(), static_cast<std::size_t>(report.unheard_count()),
             [](const UnheardStory& story) {
               return fmt::format("{}  “{}”", to_rfc3339(story.seen_at).substr(0, 10),
                                  shorten(single_line(story.title), 90));
             });
  const auto costliest = report.costliest(max_costly);
  print_list("costliest", costliest, costliest.size(), [&](std::size_t at) {
    const auto& topic = report.topics()[at];
    return fmt::format("{:>7.3f}  {}", topic.cost, name_text(topic));
  });
}

void print_json(const TopicReport& report, const StoryWalk& walk) {
  json::array topics;
  json::array silent;
  for (const auto& topic : report.topics()) {
    json::object entry{{"topic", topic.name},
                       {"own_rule", !topic.is_topic},
                       {"followers", topic.followers},
                       {"stories", topic.stories},
                       {"stories_a_day", static_cast<double>(topic.stories) / walk.days()},
                       {"cost", topic.cost}};
    if (topic.last_match) {
      entry["last_match"] = to_rfc3339(*topic.last_match);
      entry["last_title"] = topic.last_title;
    }
    topics.push_back(std::move(entry));
    if (topic.stories == 0) silent.emplace_back(topic.name);
  }
  json::array unheard;
  for (const auto& story : report.unheard())
    unheard.push_back({{"id", story.id}, {"title", story.title}, {"seen", to_rfc3339(story.seen_at)}});
  json::array costliest;
  for (const auto at : report.costliest(max_costly)) costliest.emplace_back(report.topics()[at].name);
  const json::object out{{"since", to_rfc3339(walk.since())},
                         {"until", to_rfc3339(walk.until())},
                         {"log_begins", to_rfc3339(walk.begins())},
                         {"stories", report.stories()},
                         {"topics", std::move(topics)},
                         {"never_fired", std::move(silent)},
                         {"unheard_count", report.unheard_count()},
                         {"unheard", std::move(unheard)},
                         {"costliest", std::move(costliest)}};
  fmt::print("{}\n", json::serialize(out));
}

}  // namespace

int topics_command(const Words& words) {
  CommandLine line(
      "topics", "[--since 30d] [--until TIME] [--config PATH] [--json]",
      "Tries the rules on the stories of the past days: what each topic found, which rules never fired,\n"
      "which stories nobody heard, which rules cost most. Runs beside the daemon, or without it.");
  line.option("since", "SPAN", "how far back: 30d, 12h, or an RFC 3339 time (default: 30d)")
      .option("until", "TIME", "up to this RFC 3339 time (default: now)")
      .common();
  if (const auto code = line.read(words, 0, 0)) return *code;
  int code = exit_code::ok;
  const auto config = load_config_or_complain(line, code);
  if (!config) return code;
  auto walk = StoryWalk::open(line, *config, "30d", code);
  if (!walk) return code;
  TopicReport report(config->newsroom);
  walk->run([&](const Story& story, Time seen_at) { report.add(story, seen_at); });
  report.weigh();
  if (line.json())
    print_json(report, *walk);
  else
    print_text(report, *walk);
  return exit_code::ok;
}

}  // namespace crier
