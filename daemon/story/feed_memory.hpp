// Feed memory: what crier knows about each feed from one fetch to the next, also over a restart.
// The decisions are pure; the functions with a Sqlite run in a database job. It is written after a fetch's
// stories are safe in the story log: a crash before that fetches them once more, and the log knows them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "story/feed_fetch.hpp"
#include "story/feed_pace.hpp"

namespace crier {

class Sqlite;

/// A permanent redirect is believed when so many answers in a row have led to the same place: servers answer
/// 301 by mistake, too, and what is remembered stays.
constexpr int moves_to_believe = 5;
/// A feed that has moved and failed so often in a row is asked at its configured URL again.
constexpr int failures_to_return = 10;

struct FeedMemory {
  std::string configured_url;  ///< another one in the configuration makes it a feed that was never seen
  std::string url;             ///< where it is asked: it may have moved
  std::string moving_to;       ///< where permanent redirects lead, until they are believed
  int moves = 0;               ///< how often in a row they did
  FeedValidators validators;
  std::string body_hash;  ///< SHA-256 of the last body, for servers without validators
  FeedPace pace;
  Duration interval{};                ///< what its changes have taught (schedule/poll.hpp)
  int failures = 0;                   ///< in a row
  std::string failure;                ///< the last one, until an answer is good again
  std::optional<Time> failing_since;  ///< the first of them
  std::optional<Time> noted_at;       ///< when the stories that were there already were noted
  std::optional<Time> fetched_at;     ///< the last attempt
  std::optional<Time> next_at;        ///< absent when it never was fetched, or has ended
  std::string ended;                  ///< why it is not asked any more; empty = it is

  bool operator==(const FeedMemory&) const = default;
};

/// Counts what `answer` says about where the feed lives. True when the feed is asked elsewhere from now on.
bool follow_move(FeedMemory& memory, const FeedAnswer& answer);

/// Before a failure is counted. True when the feed is asked at its configured URL from now on.
bool return_home(FeedMemory& memory);

/// nullopt when it was never seen under this URL, which may also be the one to which it has moved: whoever
/// writes that into the configuration makes no new feed of it.
std::optional<FeedMemory> load_feed(Sqlite& db, std::string_view name, std::string_view configured_url);
void store_feed(Sqlite& db, std::string_view name, const FeedMemory& memory);
/// What is known of feeds that are not among `names` goes: one that comes back is new.
void forget_other_feeds(Sqlite& db, const std::vector<std::string>& names);

}  // namespace crier
