#include <algorithm>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/story_input.hpp"
#include "app/story_lines.hpp"
#include "audience/suppression.hpp"
#include "base/clock.hpp"
#include "dispatch/planner.hpp"
#include "match/explain.hpp"
#include "text/analyzer.hpp"

namespace crier {
namespace {

namespace json = boost::json;

struct Matched {
  std::vector<RulePosition> rules;
  Decisions decisions;
  std::string not_sent;  // why nothing goes out, whatever matches
  AnalyzedStory analysed;
  Time from;  // the earliest time at which it may go out
};

Matched match_story(const Newsroom& newsroom, const SuppressionList& suppressions, const Story& story,
                    Time at) {
  Matched matched;
  matched.analysed = analyze(story, newsroom.site.language);
  matched.rules = newsroom.book->match(matched.analysed);
  matched.from = std::max(at, story.embargo.value_or(at));
  if (story.status != StoryStatus::usable) {
    matched.not_sent = fmt::format("the story is {}", to_string(story.status));
    return matched;
  }
  matched.decisions = decide(newsroom, story, matched.analysed, matched.rules, at);
  apply_suppressions(matched.decisions, *newsroom.book, suppressions);
  return matched;
}

json::object to_json(const Newsroom& newsroom, const Story& story, const Matched& matched, bool explained) {
  const auto& book = *newsroom.book;
  json::array rules;
  json::array explanations;
  for (const auto rule : matched.rules) {
    rules.emplace_back(book.rules()[rule].name());
    if (explained) explanations.push_back(to_json(explain(book.rule_of(rule), matched.analysed)));
  }
  json::array deliveries;
  for (const auto& decision : matched.decisions.list) {
    json::object delivery{{"subscriber", book.subscribers()[decision.subscriber].id()},
                          {"channel", to_string(decision.channel)},
                          {"deliver", decision.edition.empty() ? "alert" : decision.edition},
                          {"reason", matched.decisions.reasons[decision.reason]}};
    if (!decision.suppressed.empty())
      delivery["suppressed"] = decision.suppressed;
    else if (decision.edition.empty())
      delivery["at"] = to_rfc3339(decision.due_at);
    else if (const auto* edition = newsroom.find_edition(decision.edition)) {
      const auto next = next_occurrences(edition->recurrence, matched.from, 1);
      if (!next.empty()) delivery["at"] = to_rfc3339(next.front().at);
    }
    deliveries.push_back(std::move(delivery));
  }
  json::object out{{"id", story.id}, {"title", story.title}, {"rules", std::move(rules)}};
  if (explained) out["explanations"] = std::move(explanations);
  out["deliveries"] = std::move(deliveries);
  if (!matched.not_sent.empty()) out["not_sent"] = matched.not_sent;
  return out;
}

void print_text(const Newsroom& newsroom, const Story& story, const Matched& matched, bool explained) {
  const auto& book = *newsroom.book;
  fmt::print("{}  {}\n", story.id, story.title);
  for (const auto rule : matched.rules) {
    fmt::print("  rule {}\n", book.rules()[rule].name());
    if (explained) fmt::print("    {}\n", to_text(explain(book.rule_of(rule), matched.analysed)));
  }
  if (matched.rules.empty()) fmt::print("  no rule matches\n");
  if (!matched.not_sent.empty()) fmt::print("  would send nothing: {}\n", matched.not_sent);
  const auto shown = to_json(newsroom, story, matched, false);
  for (const auto& item : shown.at("deliveries").as_array()) {
    const auto& delivery = item.as_object();
    const auto text = [&](std::string_view key) {
      const auto* value = delivery.if_contains(key);
      return value == nullptr ? std::string("-") : std::string(value->as_string());
    };
    const auto when = delivery.contains("suppressed") ? "suppressed: " + text("suppressed") : text("at");
    fmt::print("  {:<16} {:<9} {:<16} {}  {}\n", text("subscriber"), text("channel"), text("deliver"), when,
               text("reason"));
  }
}

// The stories of all files; a file that cannot be read is complained about and sets `code`.
std::vector<Story> read_stories(const CommandLine& line, const Config& config, int& code) {
  std::vector<Story> stories;
  auto names = line.arguments();
  for (const auto& name : names) {
    std::error_code ignored;
    if (!std::filesystem::exists(name, ignored)) {
      auto story = find_story(name, config);
      if (story) {
        stories.push_back(std::move(*story));
        continue;
      }
      code = line.fail(exit_code::missing_input, story.error().message);
      continue;
    }
    auto parsed = parse_file(name, config);
    if (!parsed)
      code = line.fail(exit_code::bad_data, parsed.error().message);
    else
      std::ranges::move(parsed->stories, std::back_inserter(stories));
  }
  return stories;
}

// Rules can be tried with a new crier before the daemon that runs has brought the database to its version.
SuppressionList known_suppressions(const Config& config) {
  try {
    const auto db = open_database(config);
    return db ? SuppressionList::load(*db) : SuppressionList();
  } catch (const std::runtime_error& e) {
    fmt::print(stderr, "warning: without the suppressed addresses: {}\n", e.what());
    return {};
  }
}

}  // namespace

int match_command(const Words& words) {
  CommandLine line("match", "STORY… [--stories FILE.jsonl] [--rules FILE] [--at TIME] [--explain]",
                   "Prints who gets each story, by which channel, when, and why. Nothing is sent.\n"
                   "Exits 1 when nothing matches.\n" +
                       std::string(story_argument_help));
  line.option("stories", "FILE", "more stories, one JSON object a line; - is standard input")
      .option("rules", "FILE", "take topics and subscribers from this file instead")
      .option("at", "TIME", "as if it were this RFC 3339 time (default: now)")
      .flag("explain", "say which words matched, and where")
      .common();
  if (const auto code = line.read(words, 0, 100'000)) return *code;
  if (line.arguments().empty() && !line.has("stories"))
    return line.usage_error("name a STORY or --stories FILE");
  Time at = SystemClock().now();
  if (const auto code = line.read_time("at", at)) return *code;
  int code = exit_code::ok;
  const auto config = load_config_or_complain(line, code);
  if (!config) return code;
  const auto& newsroom = config->newsroom;
  const auto suppressions = known_suppressions(*config);
  bool any = false;
  const auto show = [&](const Story& story) {
    const auto matched = match_story(newsroom, suppressions, story, at);
    any = any || !matched.rules.empty();
    const bool explained = line.has("explain");
    if (line.json())
      fmt::print("{}\n", json::serialize(to_json(newsroom, story, matched, explained)));
    else
      print_text(newsroom, story, matched, explained);
  };
  for (const auto& story : read_stories(line, *config, code)) show(story);
  if (const auto file = line.get("stories")) {
    const auto read = for_each_line(line, *config, *file, show);
    if (read != exit_code::ok) code = read;
  }
  if (code != exit_code::ok) return code;
  return any ? exit_code::ok : exit_code::no_match;
}

}  // namespace crier
