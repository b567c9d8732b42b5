// The ledger: the books of the outbox. Counts what was planned from one record and what became of it from
// others (bitmaps and exception rows), so that a lost delivery shows as an imbalance.
// Read-only; runs on any connection, also beside a running daemon.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/batch.hpp"

namespace crier {

class Sqlite;

struct Tally {
  std::int64_t matched = 0;
  std::int64_t delivered = 0;
  std::int64_t queued = 0;
  std::map<std::string, std::int64_t> suppressed;  ///< by reason
  std::map<std::string, std::int64_t> failed;      ///< by reason

  /// matched = delivered + suppressed + queued + failed.
  bool balances() const;
  Tally& operator+=(const Tally& other);
};

struct BatchLedger {
  std::int64_t batch_id = 0;
  std::string uid;  ///< what the ids of its messages begin with
  Time created_at;
  Subject subject;
  ChannelKind channel = ChannelKind::email;
  Lane lane = Lane::alert;
  Tally tally;
  bool consistent = true;  ///< its counters, members, bits and exception rows agree

  bool balances() const { return consistent && tally.balances(); }
};

struct StoryLedger {
  std::string id;
  std::uint32_t version = 0;
  std::string title;
  std::string status;
  Time seen_at;
  Tally tally;  ///< alerts and the digests that carry it
};

/// The whole and its parts: where the books balance, the channels come to the total, and so do the lanes.
struct LedgerTotals {
  Tally total;
  std::map<ChannelKind, Tally> by_channel;
  std::map<Lane, Tally> by_lane;
};

/// What is said of the whole, listed or not. The totals are those of the stories: a story counts for each
/// reader and channel, also in a digest that brings several, and in the digest lane while it waits for one.
/// Of a batch they are its messages.
struct LedgerSums : LedgerTotals {
  std::int64_t stories_in_all = 0;
  std::int64_t batches_in_all = 0;
  bool all_balance = true;  ///< all stories, batches, channels and lanes

  bool balances() const { return all_balance; }
};

struct Ledger : LedgerSums {
  std::vector<StoryLedger> stories;  ///< newest first
  std::vector<BatchLedger> batches;  ///< newest first
};

/// Who is told of the entries of a ledger, one by one.
struct LedgerReader {
  std::function<void(const StoryLedger&)> story;
  std::function<void(const BatchLedger&)> batch;
};

constexpr std::size_t whole_ledger = std::numeric_limits<std::size_t>::max();

/// The uid of the batch that has this uid or number; nullopt when there is none.
std::optional<std::string> find_batch(Sqlite& db, std::string_view what);

/// Reads the whole ledger, or that of one story (all versions) or one batch (its uid, or its number where no
/// story has that for an id), and tells of the
/// `most` newest stories and then of as many batches; and of as many older ones that do not balance. What is
/// held in memory grows with the largest batch, not with the database. nullopt when `what` names neither.
std::optional<LedgerSums> walk_ledger(Sqlite& db, std::string_view what, std::size_t most,
                                      const LedgerReader& reader);

/// The same, kept.
std::optional<Ledger> read_ledger(Sqlite& db, std::string_view what = {}, std::size_t most = whole_ledger);

/// What became of one reader's delivery of a story: "delivered", "queued", "failed: smtp-5.1.1", …
struct Fate {
  std::uint32_t version = 0;
  ChannelKind channel = ChannelKind::email;
  Lane lane = Lane::alert;
  std::string edition;  ///< of a digest
  std::string state;
  std::string reply;
};
std::vector<Fate> fates(Sqlite& db, std::string_view story_id, std::uint32_t subscriber_number);

}  // namespace crier
