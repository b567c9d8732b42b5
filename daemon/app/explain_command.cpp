#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/story_input.hpp"
#include "app/terminal.hpp"
#include "audience/suppression.hpp"
#include "base/clock.hpp"
#include "base/suggest.hpp"
#include "dispatch/planner.hpp"
#include "match/excerpt.hpp"
#include "match/explain.hpp"
#include "outbox/ledger.hpp"
#include "story/story_groups.hpp"
#include "text/analyzer.hpp"

namespace crier {
namespace {

namespace json = boost::json;

constexpr std::size_t max_excerpts = 4;

// Everything there is to say about one story and one subscriber.
struct Account {
  struct Rule {
    std::string name;
    std::string delivery;  // "alert by email, whatsapp"
    Explanation explanation;
    std::vector<Excerpt> excerpts;
  };
  std::vector<Rule> rules;
  std::vector<std::string> outlook;  // what would happen now, a line each
  std::vector<Fate> fates;           // what has happened
  std::vector<GroupMember> others;   // which other sources have reported it
};

std::string describe(const SubscriberBook& book, const Subscription& subscription) {
  return fmt::format("{} by {}", subscription.is_alert() ? "alert" : book.editions()[subscription.edition],
                     to_string(subscription.channels));
}

void add_rules(Account& account, const SubscriberBook& book, std::uint32_t subscriber,
               const AnalyzedStory& story) {
  for (RulePosition at = 0; at < book.rules().size(); ++at) {
    const auto& rule = book.rules()[at];
    for (const auto subscription : rule.followers) {
      if (subscription.subscriber != subscriber) continue;
      auto explanation = explain(book.rule_of(at), story);
      auto excerpts = excerpts_of(story, explanation.because, max_excerpts);
      account.rules.push_back(
          {rule.name(), describe(book, subscription), std::move(explanation), std::move(excerpts)});
    }
  }
}

void add_outlook(Account& account, const Newsroom& newsroom, const SuppressionList& suppressions,
                 std::uint32_t subscriber, const Story& story, const AnalyzedStory& analysed, Time at) {
  if (story.status != StoryStatus::usable) {
    account.outlook.push_back(fmt::format("nothing: the story is {}", to_string(story.status)));
    return;
  }
  auto decisions = decide(newsroom, story, analysed, newsroom.book->match(analysed), at);
  apply_suppressions(decisions, *newsroom.book, suppressions);
  for (const auto& decision : decisions.list) {
    if (decision.subscriber != subscriber) continue;
    const auto reason = decisions.reasons[decision.reason];
    if (!decision.suppressed.empty()) {
      account.outlook.push_back(fmt::format("nothing by {}: suppressed, {} ({})", to_string(decision.channel),
                                            decision.suppressed, reason));
      continue;
    }
    if (!decision.edition.empty()) {
      account.outlook.push_back(
          fmt::format("{} in {}: {}", to_string(decision.channel), decision.edition, reason));
      continue;
    }
    const auto when = decision.due_at <= at
                          ? std::string("at once")
                          : fmt::format("at {} ({})", to_rfc3339(decision.due_at), why_it_waits(story, at));
    account.outlook.push_back(fmt::format("{} alert {}: {}", to_string(decision.channel), when, reason));
  }
  if (account.outlook.empty()) account.outlook.emplace_back("nothing: no rule of this subscriber matches");
}

void add_fates(Account& account, Sqlite& db, std::string_view subscriber_id, const std::string& story_id) {
  auto row = db.query("SELECT number FROM subscriber_number WHERE id = ?");
  row.bind(0, subscriber_id);
  if (row.step()) account.fates = fates(db, story_id, static_cast<std::uint32_t>(row.integer(0)));
}

void print_json(const Account& account) {
  json::array rules;
  for (const auto& [name, delivery, explanation, excerpts] : account.rules)
    rules.push_back({{"rule", name}, {"deliver", delivery}, {"explanation", to_json(explanation)}});
  json::array happened;
  for (const auto& fate : account.fates)
    happened.push_back({{"version", fate.version},
                        {"channel", to_string(fate.channel)},
                        {"lane", to_string(fate.lane)},
                        {"edition", fate.edition},
                        {"state", fate.state},
                        {"reply", fate.reply}});
  json::array also;
  for (const auto& other : account.others) also.push_back({{"id", other.id}, {"source", other.source}});
  const json::object out{{"rules", std::move(rules)},
                         {"also_reported", std::move(also)},
                         {"outlook", json::array(account.outlook.begin(), account.outlook.end())},
                         {"ledger", std::move(happened)}};
  fmt::print("{}\n", json::serialize(out));
}

void print_text(const Account& account) {
  const auto [before, after] = emphasis_on(stdout);
  for (const auto& [name, delivery, explanation, excerpts] : account.rules) {
    fmt::print("{} ({})\n  {}\n", name, delivery, to_text(explanation));
    for (const auto& excerpt : excerpts)
      fmt::print("    {:<8} {}\n", to_string(excerpt.field), highlighted(excerpt, before, after));
  }
  if (account.rules.empty()) fmt::print("this subscriber follows nothing\n");
  for (const auto& line : account.outlook) fmt::print("would send: {}\n", line);
  for (const auto& other : account.others) fmt::print("also reported by {}: {}\n", other.source, other.id);
  for (const auto& fate : account.fates)
    fmt::print("ledger: version {} {}{} by {}: {}{}\n", fate.version,
               fate.edition.empty() ? "alert" : "digest ", fate.edition, to_string(fate.channel), fate.state,
               fate.reply.empty() ? "" : " — " + fate.reply);
}

}  // namespace

int explain_command(const Words& words) {
  CommandLine line(
      "explain", "STORY SUBSCRIBER [--at TIME]",
      "Says why a subscriber gets a story, or why not: each rule with its words and their positions,\n"
      "what would be sent, and what the ledger says has been. Exits 1 when no rule matches.\n" +
          std::string(story_argument_help));
  line.option("at", "TIME", "as if it were this RFC 3339 time (default: now)").common();
  if (const auto code = line.read(words, 2, 2)) return *code;
  Time at = SystemClock().now();
  if (const auto code = line.read_time("at", at)) return *code;
  int code = exit_code::ok;
  const auto config = load_config_or_complain(line, code);
  if (!config) return code;
  const auto story = find_story(line.arguments()[0], *config);
  if (!story) return line.fail(exit_code::missing_input, story.error().message);
  const auto& book = *config->newsroom.book;
  const auto subscriber = book.find(line.arguments()[1]);
  if (!subscriber) {
    std::vector<std::string> ids;
    for (const auto each : book.subscribers()) ids.push_back(each.id());
    const std::vector<std::string_view> known(ids.begin(), ids.end());
    return line.fail(exit_code::missing_input,
                     fmt::format("there is no subscriber \"{}\"{}", line.arguments()[1],
                                 did_you_mean(line.arguments()[1], known)));
  }
  const auto index = subscriber->index();
  const auto analysed = analyze(*story, config->newsroom.site.language);
  Account account;
  add_rules(account, book, index, analysed);
  const auto db = open_database(*config);
  const auto suppressions = db ? SuppressionList::load(*db) : SuppressionList();
  add_outlook(account, config->newsroom, suppressions, index, *story, analysed, at);
  if (db) add_fates(account, *db, subscriber->id(), story->id);
  if (db) account.others = others_in_group(*db, story->id);
  std::erase_if(account.others, [&](const GroupMember& other) { return !is_out(other, at); });
  if (line.json())
    print_json(account);
  else
    print_text(account);
  const bool matched =
      std::ranges::any_of(account.rules, [](const auto& rule) { return rule.explanation.matched; });
  return matched ? exit_code::ok : exit_code::no_match;
}

}  // namespace crier
