// Story walk: what `crier replay` and `crier topics` share: which stories of the past are meant, and going
// through them with a sign of progress.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/command_line.hpp"
#include "app/config.hpp"
#include "base/time.hpp"
#include "db/sqlite.hpp"
#include "story/past_stories.hpp"

namespace crier {

class StoryWalk {
 public:
  /// Reads --since (a duration, or a time) and --until of a command. nullopt and an exit code, with the
  /// reason on standard error, for values that are none (64) and when no story has been seen (66). Says on
  /// standard error when the log does not go back that far.
  static std::optional<StoryWalk> open(const CommandLine& line, const Config& config,
                                       const char* since_by_default, int& code);

  Time since() const { return since_; }
  Time until() const { return until_; }
  /// The days between, without those before the log begins; at least one.
  double days() const;
  /// When the log begins within the span; else since().
  Time begins() const { return begins_; }
  /// "from 2026-11-18T15:35:19Z to 2026-11-25T15:35:28Z"
  std::string span_text() const;

  /// Stories that cannot be read are complained about and passed over.
  void run(const std::function<void(const Story&, Time seen_at)>& each);

 private:
  StoryWalk(std::unique_ptr<Sqlite> db, Time since, Time until, Time begins)
      : db_(std::move(db)), since_(since), until_(until), begins_(begins) {}

  std::unique_ptr<Sqlite> db_;
  Time since_;
  Time until_;
  Time begins_;
};

}  // namespace crier
