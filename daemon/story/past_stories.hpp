// Past stories: the story log read from one time to another, to try rules on. Also beside the running daemon:
// it only reads, and no transaction stays open between two calls.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "story/story.hpp"

namespace crier {

class Sqlite;

struct PastStory {
  Time seen_at;
  Result<Story> story;  ///< Error: this crier's parser refuses what another one wrote
};

/// A story is there once, as the latest version seen before `until`, when that was seen at `since` or later;
/// when that one is canceled or withheld, the story is not there.
class PastStories {
 public:
  PastStories(Sqlite& db, Time since, Time until) : db_(db), since_(since), until_(until) {}

  /// When the first story that the log has was seen; nullopt when there is none.
  std::optional<Time> log_begins() const;
  std::int64_t count() const;
  /// The next few in the order they came in; empty at the end.
  std::vector<PastStory> next();

 private:
  Sqlite& db_;
  Time since_;
  Time until_;
  std::int64_t last_row_ = 0;
};

}  // namespace crier
