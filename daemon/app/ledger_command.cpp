#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/ledger_writer.hpp"
#include "app/story_input.hpp"
#include "story/recognition.hpp"

namespace crier {
namespace {

OutputFormat format_of(const CommandLine& line) {
  if (line.json()) return OutputFormat::json;
  return line.has("csv") ? OutputFormat::csv : OutputFormat::text;
}

// The id of the one story that is meant, or the words themselves. A number may be a batch's, too.
std::string resolve(const CommandLine& line, Sqlite& db, const std::string& what) {
  const auto meant = ids_meant(db, what);
  const auto batch = meant.size() == 1 ? find_batch(db, what) : std::nullopt;
  if (batch)
    fmt::print(stderr, "crier {}: \"{}\" is a story here; the batch of that number is {}\n", line.name(),
               what, *batch);
  return meant.size() == 1 ? meant.front() : what;
}

int nothing_known(const CommandLine& line, const Config& config, const std::string& what, bool has_database) {
  return line.fail(
      exit_code::missing_input,
      fmt::format("there is no story or batch \"{}\"{}", what,
                  has_database ? fmt::format("; what is older than {} is no longer kept (ledger.keep)",
                                             to_string(config.keep_ledger))
                               : ": nothing has been seen yet"));
}

int print_balance(const CommandLine& line, const Config& config, Sqlite* db, const std::string& what,
                  std::size_t limit) {
  if (db == nullptr && !what.empty()) return nothing_known(line, config, what, false);
  const auto writer = balance_writer(format_of(line));
  LedgerSums sums;
  if (db != nullptr) {
    const auto found = walk_ledger(*db, resolve(line, *db, what), limit,
                                   {[&](const StoryLedger& story) { writer->take(story); },
                                    [&](const BatchLedger& batch) { writer->take(batch); }});
    if (!found) return nothing_known(line, config, what, true);
    sums = *found;
  }
  writer->finish(sums);
  return sums.balances() ? exit_code::ok : exit_code::no_match;
}

int print_reader(const CommandLine& line, Sqlite* db, const std::string& id, std::size_t limit) {
  const auto number = db != nullptr ? number_of_subscriber(*db, id) : std::nullopt;
  if (!number)
    return line.fail(
        exit_code::missing_input,
        fmt::format("the ledger knows no subscriber \"{}\": crier serve has not seen one with that id", id));
  const auto writer = delivery_writer(format_of(line));
  writer->finish(walk_reader_ledger(*db, *number, limit,
                                    [&](const LedgerDelivery& delivery) { writer->take(delivery, id); }));
  return exit_code::ok;
}

int print_deliveries(const CommandLine& line, const Config& config, Sqlite* db, const std::string& what,
                     std::size_t limit) {
  if (db == nullptr && !what.empty()) return nothing_known(line, config, what, false);
  const auto writer = delivery_writer(format_of(line));
  std::size_t told = 0;
  bool has_more = false;
  if (db != nullptr) {
    const auto take = [&](const LedgerDelivery& delivery) {
      if (told++ < limit)
        writer->take(delivery, subscriber_name(*db, delivery.number));
      else
        has_more = true;
    };
    if (!walk_deliveries(*db, resolve(line, *db, what), take)) return nothing_known(line, config, what, true);
  }
  writer->finish(has_more);
  return exit_code::ok;
}

}  // namespace

int ledger_command(const Words& words) {
  CommandLine line(
      "ledger",
      "[STORY|BATCH] [--limit N] | --subscriber ID [--limit N] | --deliveries [STORY|BATCH] [--limit N]",
      "For every story, batch, channel and lane: matched = delivered + suppressed + queued + failed. Exits\n"
      "1 where that does not hold, listed or not. Lists the newest, and older ones that do not balance.\n"
      "With --subscriber: what she got, when, why, by which channel, or why not; with --deliveries: every\n"
      "single delivery, the oldest first. Runs beside the daemon, or without it. STORY is an id, BATCH the\n"
      "number or uid that the list shows; of a number that is both, the story.\n\n"
      "JSON: {balanced, total, channels: {name: …}, lanes: {name: …}, stories: [{id, version, title,\n"
      "status, seen, …}], batches: [{batch, uid, planned, channel, lane, story and version, or edition\n"
      "and occurrence, …}], left_out: {stories, batches}}. The total and each entry (…) hold matched,\n"
      "delivered, queued, and suppressed and failed as {reason: count}; each entry holds balanced. The\n"
      "total counts a story for each reader and channel, also in digests; channels and lanes are its parts.\n"
      "Of deliveries: {deliveries: [{subscriber, channel, lane, state, …}], has_more}. A delivery ended\n"
      "between settled_from and settled_until: all that left together share them. CSV: one record for\n"
      "each state and reason of an entry (story, batch, channel, lane), or for each delivery (of a\n"
      "subscriber's digest, for each story); the first line names the fields.");
  line.option("subscriber", "ID", "what became of this subscriber's deliveries, the newest first")
      .flag("deliveries", "each delivery, of the whole ledger or of STORY or BATCH")
      .option("limit", "N",
              "list N stories and batches, or N deliveries of a subscriber (default 20, of CSV and\n"
              "--deliveries all); 0 = all")
      .flag("csv", "print CSV")
      .common();
  if (const auto code = line.read(words, 0, 1)) return *code;
  constexpr std::size_t screenful = 20;
  // A table does not show that it ends early.
  std::size_t limit = line.has("csv") ? 0 : screenful;
  if (const auto code = line.read_number("limit", 0, 1'000'000'000, limit)) return *code;
  if (limit == 0) limit = whole_ledger;
  const auto what = line.arguments().empty() ? std::string() : line.arguments()[0];
  const auto reader = line.get("subscriber");
  if (reader && (!what.empty() || line.has("deliveries")))
    return line.usage_error("--subscriber stands alone; crier explain STORY SUBSCRIBER tells of one story");
  if (line.json() && line.has("csv")) return line.usage_error("it is either --json or --csv");
  int code = exit_code::ok;
  const auto config = load_settings_or_complain(line, code);
  if (!config) return code;
  const auto db = open_database(*config);
  // One transaction: the daemon goes on writing, what is read here is of one moment.
  if (db) db->execute("BEGIN");
  if (reader) return print_reader(line, db.get(), *reader, limit);
  if (line.has("deliveries"))
    return print_deliveries(line, *config, db.get(), what, line.get("limit") ? limit : whole_ledger);
  return print_balance(line, *config, db.get(), what, limit);
}

}  // namespace crier
