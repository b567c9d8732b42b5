#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/csv.hpp"
#include "app/ledger_writer.hpp"
#include "app/terminal.hpp"
#include "base/unicode.hpp"

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

// By the names of channels or lanes.
template <class Part>
json::object to_json(const std::map<Part, Tally>& parts) {
  json::object out;
  for (const auto& [part, tally] : parts) {
    auto entry = to_json(tally);
    entry["balanced"] = tally.balances();
    out[to_string(part)] = std::move(entry);
  }
  return out;
}

std::int64_t sum(const std::map<std::string, std::int64_t>& counts) {
  std::int64_t total = 0;
  for (const auto& [reason, count] : counts) total += count;
  return total;
}

// Entries that were not told of.
struct LeftOut {
  std::int64_t stories = 0;
  std::int64_t batches = 0;
};

class TextBalance final : public BalanceWriter {
 public:
  void take(const StoryLedger& story) override {
    begin();
    ++stories_;
    print_row(name_of(story), story.tally, story.tally.balances());
  }

  void take(const BatchLedger& batch) override {
    begin();
    ++batches_;
    const auto& subject = batch.subject;
    const auto what = subject.edition.empty() ? fmt::format("{} v{}", subject.story_id, subject.story_version)
                                              : subject.edition + "/" + subject.occurrence;
    print_row(fmt::format("  batch {} {} {} {}", batch.batch_id, to_string(batch.channel),
                          to_string(batch.lane), what),
              batch.tally, batch.balances());
  }

  void finish(const LedgerSums& sums) override {
    begin();
    if (sums.stories_in_all > 1) print_row("all stories", sums.total, sums.total.balances());
    // A batch has said both already.
    if (sums.stories_in_all > 0) {
      print_parts("channel", sums.by_channel);
      print_parts("lane", sums.by_lane);
    }
    const LeftOut left{sums.stories_in_all - stories_, sums.batches_in_all - batches_};
    if (left.stories > 0 || left.batches > 0)
      fmt::print("Not listed, but counted: {} older stories, {} older batches; --limit 0 lists all.\n",
                 left.stories, left.batches);
    fmt::print("{}\n", sums.balances() ? "The books balance." : "The books do NOT balance.");
  }

 private:
  void begin() {
    if (std::exchange(begun_, true)) return;
    fmt::print("{:>9} {:>10} {:>11} {:>8} {:>7}\n", "matched", "delivered", "suppressed", "queued", "failed");
  }

  // Id, version and as much of the title as the line has room for, but enough of it to be known by.
  std::string name_of(const StoryLedger& story) const {
    constexpr int least = 24;
    constexpr int numbers = 61;  // columns before the name
    constexpr int around = 3;    // a space and the quotation marks
    const auto name = fmt::format("{} v{}", story.id, story.version);
    const auto room = columns_ - numbers - display_width(name) - around;
    return fmt::format("{} “{}”", name, fit_columns(story.title, std::max(least, room)));
  }

  static void print_row(std::string_view name, const Tally& tally, bool balanced) {
    fmt::print("{:>9} {:>10} {:>11} {:>8} {:>7}  {:<9} {}\n", tally.matched, tally.delivered,
               sum(tally.suppressed), tally.queued, sum(tally.failed), balanced ? "balanced" : "MISMATCH",
               name);
    for (const auto& [reason, count] : tally.suppressed)
      fmt::print("{:>31}             suppressed: {}\n", count, reason);
    for (const auto& [reason, count] : tally.failed) fmt::print("{:>48}  failed: {}\n", count, reason);
  }

  template <class Part>
  static void print_parts(std::string_view kind, const std::map<Part, Tally>& parts) {
    for (const auto& [part, tally] : parts)
      print_row(fmt::format("{} {}", kind, to_string(part)), tally, tally.balances());
  }

  bool begun_ = false;
  int columns_ = columns_of(stdout);
  std::int64_t stories_ = 0;
  std::int64_t batches_ = 0;
};

// One object; its lists come before what is known at the end only.
class JsonBalance final : public BalanceWriter {
 public:
  void take(const StoryLedger& story) override {
    json::object entry{{"id", story.id},
                       {"version", story.version},
                       {"title", story.title},
                       {"status", story.status},
                       {"seen", to_rfc3339(story.seen_at)}};
    for (auto& [key, value] : to_json(story.tally)) entry[key] = value;
    entry["balanced"] = story.tally.balances();
    fmt::print("{}{}", stories_++ == 0 ? "{\"stories\":[" : ",", json::serialize(entry));
  }

  void take(const BatchLedger& batch) override {
    json::object entry{{"batch", batch.batch_id},
                       {"uid", batch.uid},
                       {"planned", to_rfc3339(batch.created_at)},
                       {"channel", to_string(batch.channel)},
                       {"lane", to_string(batch.lane)}};
    if (batch.subject.edition.empty()) {
      entry["story"] = batch.subject.story_id;
      entry["version"] = batch.subject.story_version;
    } else {
      entry["edition"] = batch.subject.edition;
      entry["occurrence"] = batch.subject.occurrence;
    }
    for (auto& [key, value] : to_json(batch.tally)) entry[key] = value;
    entry["balanced"] = batch.balances();
    if (batches_++ == 0) begin_batches();
    fmt::print("{}{}", batches_ == 1 ? "" : ",", json::serialize(entry));
  }

  void finish(const LedgerSums& sums) override {
    if (batches_ == 0) begin_batches();
    const json::object left_out{{"stories", sums.stories_in_all - stories_},
                                {"batches", sums.batches_in_all - batches_}};
    fmt::print("],\"total\":{},\"channels\":{},\"lanes\":{},\"left_out\":{},\"balanced\":{}}}\n",
               json::serialize(to_json(sums.total)), json::serialize(to_json(sums.by_channel)),
               json::serialize(to_json(sums.by_lane)), json::serialize(left_out), sums.balances());
  }

 private:
  void begin_batches() const { fmt::print("{}],\"batches\":[", stories_ == 0 ? "{\"stories\":[" : ""); }

  std::int64_t stories_ = 0;
  std::int64_t batches_ = 0;
};

// A record for each state, and reason, that deliveries of an entry are in; an entry is a story, a batch, a
// channel or a lane. What is left out is said to the person: a table has no place for it.
class CsvBalance final : public BalanceWriter {
 public:
  void take(const StoryLedger& story) override {
    ++stories_;
    put({"story", story.id, std::to_string(story.version), "", "", "", "", "", to_rfc3339(story.seen_at)},
        story.tally);
  }

  void take(const BatchLedger& batch) override {
    ++batches_;
    const auto& subject = batch.subject;
    put({"batch", subject.story_id, subject.edition.empty() ? std::to_string(subject.story_version) : "",
         std::to_string(batch.batch_id), std::string(to_string(batch.channel)),
         std::string(to_string(batch.lane)), subject.edition, subject.occurrence,
         to_rfc3339(batch.created_at)},
        batch.tally);
  }

  void finish(const LedgerSums& sums) override {
    begin();
    for (const auto& [channel, tally] : sums.by_channel)
      put({"channel", "", "", "", std::string(to_string(channel)), "", "", "", ""}, tally);
    for (const auto& [lane, tally] : sums.by_lane)
      put({"lane", "", "", "", "", std::string(to_string(lane)), "", "", ""}, tally);
    const LeftOut left{sums.stories_in_all - stories_, sums.batches_in_all - batches_};
    if (left.stories > 0 || left.batches > 0)
      fmt::print(stderr,
                 "crier ledger: --limit leaves out {} older stories and {} older batches; the channels and "
                 "lanes count them\n",
                 left.stories, left.batches);
  }

 private:
  static constexpr std::size_t described = 9;
  using Description = std::array<std::string, described>;

  void begin() {
    if (std::exchange(begun_, true)) return;
    const std::array<std::string, described + 3> names{"entry",      "story", "version", "batch",
                                                       "channel",    "lane",  "edition", "occurrence",
                                                       "planned_at", "state", "reason",  "deliveries"};
    fmt::print("{}", csv_record(names));
  }

  void put(const Description& entry, const Tally& tally) {
    begin();
    const auto put_count = [&](std::string_view state, const std::string& reason, std::int64_t count) {
      if (count == 0) return;
      std::array<std::string, described + 3> fields;
      std::ranges::copy(entry, fields.begin());
      fields[described] = state;
      fields[described + 1] = reason;
      fields[described + 2] = std::to_string(count);
      fmt::print("{}", csv_record(fields));
    };
    put_count("delivered", "", tally.delivered);
    put_count("queued", "", tally.queued);
    for (const auto& [reason, count] : tally.suppressed) put_count("suppressed", reason, count);
    for (const auto& [reason, count] : tally.failed) put_count("failed", reason, count);
  }

  bool begun_ = false;
  std::int64_t stories_ = 0;
  std::int64_t batches_ = 0;
};

}  // namespace

std::unique_ptr<BalanceWriter> balance_writer(OutputFormat format) {
  if (format == OutputFormat::json) return std::make_unique<JsonBalance>();
  if (format == OutputFormat::csv) return std::make_unique<CsvBalance>();
  return std::make_unique<TextBalance>();
}

}  // namespace crier
