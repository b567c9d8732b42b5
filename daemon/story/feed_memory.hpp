// Feed memory: what is known of a polled feed between two polls and two runs. The functions run in a database
// job.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace crier {

class Sqlite;

struct FeedMemory {
  std::string url;               ///< as it is configured: another one begins anew
  std::optional<Time> begun_at;  ///< when its stories were first noted; nullopt = they have not been
  std::string moved_to;          ///< where permanent redirects lead
  int moved_times = 0;           ///< how often in a row they led there
  std::string etag;              ///< as the server wrote it (RFC 9110 §8.8.3)
  std::string last_modified;     ///< likewise
  std::string body_hash;         ///< SHA-256 of the last content; empty = none
  Duration interval = std::chrono::minutes(5);
  int failures = 0;             ///< in a row
  std::string failure;          ///< of the last poll; empty = it was well
  std::string ended;            ///< why it is not asked any more; empty = it is
  Time polled_at{};             ///< the last time; 1970 = never
  Time next_at{};               ///< when it is asked again
  std::optional<Time> read_at;  ///< the last time that it answered well
  std::optional<Time> new_at;   ///< when it last had a story that was not known

  /// Where to ask: at the new address once it was named often enough.
  const std::string& address() const;
};

/// How often in a row a permanent redirect must lead to one address to be believed.
inline constexpr int believed_moves = 5;

/// What is remembered of the source `name` at `url`; a fresh memory when it is new or had another URL.
FeedMemory load_feed(Sqlite& db, std::string_view name, std::string_view url);
void store_feed(Sqlite& db, std::string_view name, const FeedMemory& memory);

}  // namespace crier
