#include "outbox/ledger.hpp"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "db/sqlite.hpp"
#include "db/time_column.hpp"
#include "outbox/digest_items.hpp"

namespace crier {
namespace {

constexpr std::string_view queued = "queued";
constexpr std::string_view delivered = "delivered";

std::int64_t sum(const std::map<std::string, std::int64_t>& by_reason) {
  std::int64_t total = 0;
  for (const auto& [reason, count] : by_reason) total += count;
  return total;
}

// Adds `count` deliveries in `state` ("queued", "delivered", "failed: why", "suppressed: why").
void count_state(Tally& tally, std::string_view state, std::int64_t count) {
  if (count == 0) return;
  constexpr std::string_view failed_prefix = "failed: ";
  constexpr std::string_view suppressed_prefix = "suppressed: ";
  if (state == queued)
    tally.queued += count;
  else if (state == delivered)
    tally.delivered += count;
  else if (state.starts_with(failed_prefix))
    tally.failed[std::string(state.substr(failed_prefix.size()))] += count;
  else
    tally.suppressed[std::string(state.substr(suppressed_prefix.size()))] += count;
}

// As in count_state.
std::string state_of_dropped(std::string_view reason) {
  return (counts_as_failed(reason) ? "failed: " : "suppressed: ") + std::string(reason);
}

struct ExceptionRow {
  std::string state;  // as in count_state
  std::string reply;
};

// The exception rows of a chunk, by subscriber number.
std::unordered_map<std::uint32_t, ExceptionRow> exceptions_of(Sqlite& db, std::int64_t chunk_id) {
  std::unordered_map<std::uint32_t, ExceptionRow> out;
  auto rows = db.query("SELECT number, state, reason, reply FROM exception WHERE chunk_id = ?");
  rows.bind(0, chunk_id);
  while (rows.step()) {
    const auto state = rows.text(1);
    ExceptionRow row{std::string(queued), std::string(rows.text(3))};
    if (state == "failed" || state == "suppressed")
      row.state = std::string(state) + ": " + std::string(rows.text(2));
    out.emplace(static_cast<std::uint32_t>(rows.integer(0)), std::move(row));
  }
  return out;
}

struct Chunk {
  std::int64_t id = 0;
  std::string members;
  SettledBits settled{0};
  std::int64_t size = 0;
  std::int64_t open = 0;
  std::string suppressed;  // as in count_state, empty if the chunk is not
};

std::vector<Chunk> chunks_of(Sqlite& db, std::int64_t batch_id) {
  std::vector<Chunk> out;
  auto rows = db.query("SELECT id, members, settled, size, open, suppressed FROM chunk WHERE batch_id = ?");
  rows.bind(0, batch_id);
  while (rows.step()) {
    out.push_back({rows.integer(0), std::string(rows.blob(1)), SettledBits(rows.blob(2)), rows.integer(3),
                   rows.integer(4), rows.is_null(5) ? "" : "suppressed: " + std::string(rows.text(5))});
  }
  return out;
}

// What became of the member at `position`.
std::string state_of(const Chunk& chunk, const std::unordered_map<std::uint32_t, ExceptionRow>& exceptions,
                     std::uint32_t number, std::size_t position) {
  if (!chunk.suppressed.empty()) return chunk.suppressed;
  if (const auto row = exceptions.find(number); row != exceptions.end()) return row->second.state;
  return std::string(chunk.settled.test(position) ? delivered : queued);
}

// Whether the members, the bits, the exception rows and the counters of a chunk agree.
bool is_consistent(const Chunk& chunk, const std::unordered_map<std::uint32_t, ExceptionRow>& exceptions) {
  Audience audience;
  try {
    audience = decode_audience(chunk.members);
  } catch (const std::runtime_error&) {
    return false;
  }
  const auto size = audience.members.size();
  const auto settled = static_cast<std::int64_t>(chunk.settled.count());
  if (chunk.size != static_cast<std::int64_t>(size) || chunk.settled.bytes().size() != (size + 7) / 8 ||
      settled > chunk.size)
    return false;
  if (!chunk.suppressed.empty()) return settled == chunk.size && chunk.open == 0;
  std::int64_t waiting = 0;
  for (const auto& [number, row] : exceptions) {
    const auto position = position_of(audience, number);
    const bool waits = row.state == queued;
    if (!position || chunk.settled.test(*position) == waits) return false;
    if (waits) ++waiting;
  }
  return chunk.open == chunk.size - settled - waiting;
}

// Counts a batch from its chunks; `matched` comes from the batch row, written when it was planned.
void tally_chunks(Sqlite& db, BatchLedger& ledger) {
  std::int64_t members = 0;
  for (const auto& chunk : chunks_of(db, ledger.batch_id)) {
    members += chunk.size;
    const auto exceptions = exceptions_of(db, chunk.id);
    ledger.consistent = ledger.consistent && is_consistent(chunk, exceptions);
    if (!chunk.suppressed.empty()) {
      count_state(ledger.tally, chunk.suppressed, chunk.size);
      continue;
    }
    const auto settled = static_cast<std::int64_t>(chunk.settled.count());
    std::int64_t ended_otherwise = 0;
    for (const auto& [number, row] : exceptions) {
      if (row.state == queued) continue;
      count_state(ledger.tally, row.state, 1);
      ++ended_otherwise;
    }
    count_state(ledger.tally, delivered, settled - ended_otherwise);
    count_state(ledger.tally, queued, chunk.size - settled);
  }
  ledger.consistent = ledger.consistent && members == ledger.tally.matched;
}

std::unordered_map<std::uint32_t, std::string> states_of_batch(Sqlite& db, std::int64_t batch_id) {
  std::unordered_map<std::uint32_t, std::string> out;
  for (const auto& chunk : chunks_of(db, batch_id)) {
    const auto exceptions = exceptions_of(db, chunk.id);
    const auto audience = decode_audience(chunk.members);
    for (std::size_t i = 0; i < audience.members.size(); ++i) {
      const auto number = audience.members[i].number;
      out.emplace(number, state_of(chunk, exceptions, number, i));
    }
  }
  return out;
}

// A story for an edition's readers.
struct Item {
  std::string members;
  std::int64_t size = 0;
  std::optional<std::int64_t> batch_id;
  std::string dropped;  // as in count_state, empty if it is not
  ChannelKind channel = ChannelKind::email;
};

std::vector<Item> items_of(Sqlite& db, const StoryLedger& story) {
  std::vector<Item> items;
  auto rows = db.query(
      "SELECT members, size, batch_id, dropped, channel FROM digest_item WHERE story_id = ? AND"
      " story_version = ?");
  rows.bind(0, story.id).bind(1, std::int64_t{story.version});
  while (rows.step()) {
    items.push_back({std::string(rows.blob(0)), rows.integer(1),
                     rows.is_null(2) ? std::nullopt : std::optional(rows.integer(2)),
                     rows.is_null(3) ? "" : state_of_dropped(rows.text(3)),
                     parse_channel(rows.text(4)).value_or(ChannelKind::email)});
  }
  return items;
}

Tally tally_item(Sqlite& db, const Item& item) {
  Tally tally;
  tally.matched = item.size;
  if (!item.dropped.empty()) {
    count_state(tally, item.dropped, item.size);
  } else if (!item.batch_id) {
    count_state(tally, queued, item.size);
  } else {
    const auto states = states_of_batch(db, *item.batch_id);
    for (const auto& member : decode_audience(item.members).members) {
      // A member that the batch does not know is counted nowhere, and so shows as an imbalance.
      if (const auto state = states.find(member.number); state != states.end())
        count_state(tally, state->second, 1);
    }
  }
  return tally;
}

BatchLedger read_batch(const Statement& row) {
  BatchLedger ledger;
  ledger.batch_id = row.integer(0);
  ledger.subject = {std::string(row.text(1)), static_cast<std::uint32_t>(row.integer(2)),
                    std::string(row.text(3)), std::string(row.text(4))};
  ledger.channel = parse_channel(row.text(5)).value_or(ChannelKind::email);
  ledger.lane = static_cast<Lane>(row.integer(6));
  ledger.tally.matched = row.integer(7);
  ledger.uid = row.text(8);
  ledger.created_at = from_ms(row.integer(9));
  return ledger;
}

// Which entries are told of: always the first `most`, and then as many that do not balance.
class Listing {
 public:
  explicit Listing(std::size_t most) : most_(most) {}

  bool takes(bool balanced) {
    ++seen_;
    if (seen_ <= most_) return true;
    return !balanced && ++wrong_ <= most_;
  }

 private:
  std::size_t most_;
  std::size_t seen_ = 0;
  std::size_t wrong_ = 0;  // older ones
};

constexpr std::string_view batch_columns =
    "SELECT id, story_id, story_version, edition, occurrence, channel, lane, size, uid, created_at FROM "
    "batch ";

void add_part(LedgerTotals& totals, ChannelKind channel, Lane lane, const Tally& tally) {
  totals.by_channel[channel] += tally;
  totals.by_lane[lane] += tally;
}

bool parts_balance(const LedgerTotals& totals) {
  const auto balances = [](const auto& part) { return part.second.balances(); };
  return std::ranges::all_of(totals.by_channel, balances) && std::ranges::all_of(totals.by_lane, balances);
}

// The totals are those of the batches themselves.
LedgerTotals walk_batches(Sqlite& db, Statement& rows, std::size_t most, const LedgerReader& reader,
                          LedgerSums& sums) {
  LedgerTotals totals;
  Listing listing(most);
  while (rows.step()) {
    auto batch = read_batch(rows);
    tally_chunks(db, batch);
    totals.total += batch.tally;
    add_part(totals, batch.channel, batch.lane, batch.tally);
    sums.all_balance = sums.all_balance && batch.balances();
    ++sums.batches_in_all;
    if (listing.takes(batch.balances())) reader.batch(batch);
  }
  return totals;
}

// Adds a part to its story, whose own record says how many were planned, and to the channel's and the lane's.
void add_part(StoryLedger& story, LedgerTotals& totals, ChannelKind channel, Lane lane, Tally tally) {
  add_part(totals, channel, lane, tally);
  tally.matched = 0;
  story.tally += tally;
}

// Adds what became of a story's alerts.
void tally_alerts(Sqlite& db, StoryLedger& story, LedgerTotals& totals) {
  auto rows =
      db.query(std::string(batch_columns) + "WHERE retired = 0 AND story_id = ? AND story_version = ?");
  rows.bind(0, story.id).bind(1, std::int64_t{story.version});
  while (rows.step()) {
    auto batch = read_batch(rows);
    tally_chunks(db, batch);
    add_part(story, totals, batch.channel, batch.lane, std::move(batch.tally));
  }
}

// Adds what became of a story's digest items.
void tally_items(Sqlite& db, StoryLedger& story, LedgerTotals& totals) {
  for (const auto& item : items_of(db, story))
    add_part(story, totals, item.channel, Lane::digest, tally_item(db, item));
}

void walk_stories(Sqlite& db, std::string_view id, std::size_t most, const LedgerReader& reader,
                  LedgerSums& sums) {
  Listing listing(most);
  auto rows = db.query(
      "SELECT id, version, title, status, seen_at, matched FROM story WHERE retired = 0 AND (?1 = '' OR id = "
      "?1)"
      " ORDER BY seen_at DESC, version DESC");
  rows.bind(0, id);
  while (rows.step()) {
    StoryLedger story{std::string(rows.text(0)),       static_cast<std::uint32_t>(rows.integer(1)),
                      std::string(rows.text(2)),       std::string(rows.text(3)),
                      Time(Duration(rows.integer(4))), {}};
    story.tally.matched = rows.integer(5);
    tally_alerts(db, story, sums);
    tally_items(db, story, sums);
    sums.total += story.tally;
    const bool balanced = story.tally.balances();
    sums.all_balance = sums.all_balance && balanced;
    ++sums.stories_in_all;
    if (listing.takes(balanced)) reader.story(story);
  }
  sums.all_balance = sums.all_balance && parts_balance(sums);
}

// A batch that may know what became of a reader's delivery, or what is known without one.
struct Candidate {
  std::optional<std::int64_t> batch_id;
  Fate fate;
};

std::vector<Candidate> candidates_of(Sqlite& db, std::string_view story_id, std::uint32_t number) {
  std::vector<Candidate> candidates;
  auto rows = db.query(
      "SELECT id, story_version, channel, lane, '', NULL, NULL FROM batch WHERE story_id = ?1 AND retired = 0"
      " UNION ALL"
      " SELECT batch_id, story_version, channel, ?2, edition, members, dropped FROM digest_item"
      " WHERE story_id = ?1");
  rows.bind(0, story_id).bind(1, static_cast<int>(Lane::digest));
  while (rows.step()) {
    const bool is_item = !rows.is_null(5);
    if (is_item && !position_of(decode_audience(rows.blob(5)), number)) continue;
    Candidate candidate{{},
                        {static_cast<std::uint32_t>(rows.integer(1)),
                         parse_channel(rows.text(2)).value_or(ChannelKind::email),
                         static_cast<Lane>(rows.integer(3)),
                         std::string(rows.text(4)),
                         {},
                         {}}};
    if (!rows.is_null(6))
      candidate.fate.state = state_of_dropped(rows.text(6));
    else if (rows.is_null(0))
      candidate.fate.state = queued;
    else
      candidate.batch_id = rows.integer(0);
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

}  // namespace

bool Tally::balances() const {
  return matched == delivered + queued + sum(suppressed) + sum(failed);
}

Tally& Tally::operator+=(const Tally& other) {
  matched += other.matched;
  delivered += other.delivered;
  queued += other.queued;
  for (const auto& [reason, count] : other.suppressed) suppressed[reason] += count;
  for (const auto& [reason, count] : other.failed) failed[reason] += count;
  return *this;
}

std::optional<std::string> find_batch(Sqlite& db, std::string_view what) {
  auto row = db.query("SELECT uid FROM batch WHERE uid = ?1 OR CAST(id AS TEXT) = ?1");
  row.bind(0, what);
  return row.step() ? std::optional(std::string(row.text(0))) : std::nullopt;
}

std::optional<LedgerSums> walk_ledger(Sqlite& db, std::string_view what, std::size_t most,
                                      const LedgerReader& reader) {
  LedgerSums sums;
  walk_stories(db, what, most, reader, sums);
  if (!what.empty() && sums.stories_in_all == 0) {
    auto rows =
        db.query(std::string(batch_columns) + "WHERE retired = 0 AND (uid = ?1 OR CAST(id AS TEXT) = ?1)");
    rows.bind(0, what);
    static_cast<LedgerTotals&>(sums) = walk_batches(db, rows, most, reader, sums);
    return sums.batches_in_all == 0 ? std::nullopt : std::optional(sums);
  }
  auto rows = db.query(std::string(batch_columns) +
                       "WHERE retired = 0 AND (?1 = '' OR story_id = ?1) ORDER BY id DESC");
  rows.bind(0, what);
  walk_batches(db, rows, most, reader, sums);
  return sums;
}

std::optional<Ledger> read_ledger(Sqlite& db, std::string_view what, std::size_t most) {
  Ledger ledger;
  const auto sums = walk_ledger(db, what, most,
                                {[&](const StoryLedger& story) { ledger.stories.push_back(story); },
                                 [&](const BatchLedger& batch) { ledger.batches.push_back(batch); }});
  if (!sums) return std::nullopt;
  static_cast<LedgerSums&>(ledger) = *sums;
  return ledger;
}

std::vector<Fate> fates(Sqlite& db, std::string_view story_id, std::uint32_t subscriber_number) {
  std::vector<Fate> out;
  for (auto& [batch_id, fate] : candidates_of(db, story_id, subscriber_number)) {
    if (!batch_id) {
      out.push_back(std::move(fate));
      continue;
    }
    for (const auto& chunk : chunks_of(db, *batch_id)) {
      const auto audience = decode_audience(chunk.members);
      const auto position = position_of(audience, subscriber_number);
      if (!position) continue;
      const auto exceptions = exceptions_of(db, chunk.id);
      fate.state = state_of(chunk, exceptions, subscriber_number, *position);
      if (const auto row = exceptions.find(subscriber_number); row != exceptions.end())
        fate.reply = row->second.reply;
      out.push_back(fate);
    }
  }
  return out;
}

}  // namespace crier
