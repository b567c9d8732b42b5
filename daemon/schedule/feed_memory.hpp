// Feed memory: what is known of a polled feed between two polls and two runs, and where it lives by now.
// load_feed and store_feed run in a database job; the rest is pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "schedule/poll_pace.hpp"

namespace crier {

class Sqlite;

/// What a server said last by which it can tell that nothing has changed; sent back byte for byte, and to
/// that address alone.
struct FeedValidators {
  std::string url;            ///< whose they are
  std::string etag;           ///< RFC 9110 §8.8.3; empty = none
  std::string last_modified;  ///< likewise

  bool operator==(const FeedValidators&) const = default;
};

struct FeedMemory {
  std::string url;               ///< as it is configured: another one begins anew
  std::optional<Time> begun_at;  ///< when its stories were first noted; nullopt = they have not been
  std::string moved_to;          ///< where permanent redirects lead
  int moved_times = 0;           ///< how often in a row they led there
  FeedValidators validators;
  std::string body_hash;  ///< SHA-256 of the last content; empty = none
  FeedHints hints;        ///< of the last content
  PollPace pace;
  std::string failure;          ///< of the last poll; empty = it was well
  std::string ended;            ///< why it is not asked any more; empty = it is
  Time polled_at{};             ///< the last time; 1970 = never
  Time next_at{};               ///< when it is asked again
  std::optional<Time> read_at;  ///< the last time that it answered well

  /// Where to ask: at the new address once it was named often enough.
  const std::string& address() const;

  bool operator==(const FeedMemory&) const = default;
};

/// How often in a row a permanent redirect must lead to one address to be believed.
inline constexpr int believed_moves = 5;

/// Notes where permanent redirects led a poll (empty = there were none). A new address is believed when it
/// has been named often enough, until polls fail there as often. True when the address has changed.
bool note_move(FeedMemory& memory, const std::string& moved_to, PollResult result);

/// What is remembered of the source `name` at `url`; a fresh memory when it is new or had another URL. The
/// address to which it was believed to have moved is no other: whoever writes that into the configuration
/// makes no new feed of it.
FeedMemory load_feed(Sqlite& db, std::string_view name, std::string_view url);
void store_feed(Sqlite& db, std::string_view name, const FeedMemory& memory);

}  // namespace crier
