#include <algorithm>
#include <limits>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/story_input.hpp"
#include "app/terminal.hpp"
#include "base/unicode.hpp"
#include "outbox/ledger.hpp"
#include "story/recognition.hpp"

namespace crier {
namespace {

namespace json = boost::json;

json::object counts_json(const std::map<std::string, std::int64_t>& counts) {
  json::object out;
  for (const auto& [reason, count] : counts) out[reason] = count;
  return out;
}

json::object to_json(const Tally& tally) {
  return {{"matched", tally.matched},
          {"delivered", tally.delivered},
          {"suppressed", counts_json(tally.suppressed)},
          {"queued", tally.queued},
          {"failed", counts_json(tally.failed)}};
}

std::int64_t stories_left_out(const Ledger& ledger) {
  return ledger.stories_in_all - static_cast<std::int64_t>(ledger.stories.size());
}

std::int64_t batches_left_out(const Ledger& ledger) {
  return ledger.batches_in_all - static_cast<std::int64_t>(ledger.batches.size());
}

json::object to_json(const Ledger& ledger) {
  json::array stories;
  for (const auto& story : ledger.stories) {
    json::object entry{{"id", story.id},
                       {"version", story.version},
                       {"title", story.title},
                       {"status", story.status},
                       {"seen", to_rfc3339(story.seen_at)}};
    for (auto& [key, value] : to_json(story.tally)) entry[key] = value;
    entry["balanced"] = story.tally.balances();
    stories.push_back(std::move(entry));
  }
  json::array batches;
  for (const auto& batch : ledger.batches) {
    json::object entry{
        {"batch", batch.batch_id}, {"channel", to_string(batch.channel)}, {"lane", to_string(batch.lane)}};
    if (batch.subject.edition.empty()) {
      entry["story"] = batch.subject.story_id;
      entry["version"] = batch.subject.story_version;
    } else {
      entry["edition"] = batch.subject.edition;
      entry["occurrence"] = batch.subject.occurrence;
    }
    for (auto& [key, value] : to_json(batch.tally)) entry[key] = value;
    entry["balanced"] = batch.consistent && batch.tally.balances();
    batches.push_back(std::move(entry));
  }
  return {{"balanced", ledger.balances()},
          {"total", to_json(ledger.total)},
          {"stories", std::move(stories)},
          {"batches", std::move(batches)},
          {"left_out", {{"stories", stories_left_out(ledger)}, {"batches", batches_left_out(ledger)}}}};
}

std::int64_t sum(const std::map<std::string, std::int64_t>& counts) {
  std::int64_t total = 0;
  for (const auto& [reason, count] : counts) total += count;
  return total;
}

// Id, version and as much of the title as the line has room for, but enough of it to be known by.
std::string name_of(const StoryLedger& story, int room) {
  constexpr int least = 24;
  const auto name = fmt::format("{} v{}", story.id, story.version);
  constexpr int around = 3;  // a space and the quotation marks
  return fmt::format("{} “{}”", name,
                     fit_columns(story.title, std::max(least, room - display_width(name) - around)));
}

void print_row(std::string_view name, const Tally& tally, bool balanced) {
  fmt::print("{:>9} {:>10} {:>11} {:>8} {:>7}  {:<9} {}\n", tally.matched, tally.delivered,
             sum(tally.suppressed), tally.queued, sum(tally.failed), balanced ? "balanced" : "MISMATCH",
             name);
  for (const auto& [reason, count] : tally.suppressed)
    fmt::print("{:>31}             suppressed: {}\n", count, reason);
  for (const auto& [reason, count] : tally.failed) fmt::print("{:>48}  failed: {}\n", count, reason);
}

void print_text(const Ledger& ledger) {
  fmt::print("{:>9} {:>10} {:>11} {:>8} {:>7}\n", "matched", "delivered", "suppressed", "queued", "failed");
  constexpr int numbers = 61;  // columns before the name
  const auto room = columns_of(stdout) - numbers;
  for (const auto& story : ledger.stories)
    print_row(name_of(story, room), story.tally, story.tally.balances());
  for (const auto& batch : ledger.batches) {
    const auto& subject = batch.subject;
    const auto what = subject.edition.empty() ? fmt::format("{} v{}", subject.story_id, subject.story_version)
                                              : subject.edition + "/" + subject.occurrence;
    print_row(fmt::format("  batch {} {} {} {}", batch.batch_id, to_string(batch.channel),
                          to_string(batch.lane), what),
              batch.tally, batch.consistent && batch.tally.balances());
  }
  if (ledger.stories_in_all > 1) print_row("all stories", ledger.total, ledger.total.balances());
  const auto stories = stories_left_out(ledger);
  const auto batches = batches_left_out(ledger);
  if (stories > 0 || batches > 0)
    fmt::print("Not listed, but counted: {} older stories, {} older batches; --limit 0 lists all.\n", stories,
               batches);
  fmt::print("{}\n", ledger.balances() ? "The books balance." : "The books do NOT balance.");
}

}  // namespace

int ledger_command(const Words& words) {
  CommandLine line(
      "ledger", "[STORY|BATCH] [--limit N]",
      "For every story and batch: matched = delivered + suppressed + queued + failed. Exits 1 where that\n"
      "does not hold, listed or not. Lists the newest, and older ones that do not balance. Runs beside the\n"
      "daemon, or without it.\n\n"
      "JSON: {balanced, total, stories: [{id, version, title, status, seen, …}], batches: [{batch, channel,\n"
      "lane, story and version, or edition and occurrence, …}], left_out: {stories, batches}}; total and "
      "each\n"
      "entry (…) hold matched, delivered, queued, and suppressed and failed as {reason: count}; each entry\n"
      "holds balanced.");
  line.option("limit", "N", "list N stories and N batches (default 20); 0 = all").common();
  if (const auto code = line.read(words, 0, 1)) return *code;
  std::size_t limit = 20;
  if (const auto code = line.read_number("limit", 0, 1'000'000'000, limit)) return *code;
  if (limit == 0) limit = std::numeric_limits<std::size_t>::max();
  int code = exit_code::ok;
  const auto config = load_config_or_complain(line, code);
  if (!config) return code;
  Ledger ledger;
  const auto what = line.arguments().empty() ? std::string() : line.arguments()[0];
  if (const auto db = open_database(*config)) {
    // One transaction: the daemon goes on writing, what is read here is of one moment.
    db->execute("BEGIN");
    const auto meant = ids_meant(*db, what);
    auto found = read_ledger(*db, meant.size() == 1 ? meant.front() : what, limit);
    if (!found)
      return line.fail(exit_code::missing_input, fmt::format("there is no story or batch \"{}\"", what));
    ledger = std::move(*found);
  } else if (!what.empty()) {
    return line.fail(exit_code::missing_input,
                     fmt::format("there is no story or batch \"{}\": nothing has been seen yet", what));
  }
  if (line.json())
    fmt::print("{}\n", json::serialize(to_json(ledger)));
  else
    print_text(ledger);
  return ledger.balances() ? exit_code::ok : exit_code::no_match;
}

}  // namespace crier
