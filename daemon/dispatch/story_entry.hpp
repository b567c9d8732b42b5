// StoryEntry: a version of a story on its way into the database, with all that follows from it: intake fills
// in what it found out on loop and workers, one transaction writes the rest or nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "dispatch/newsroom.hpp"
#include "dispatch/planner.hpp"
#include "story/story_groups.hpp"
#include "story/story_log.hpp"
#include "text/analyzer.hpp"

namespace crier {

class Sqlite;

struct StoryEntry {
  std::optional<KnownStory> known{};              ///< as the story was judged by
  const std::set<std::string>* listed = nullptr;  ///< ids of the document that it came in; nullptr = none
  bool splits = false;                            ///< it leaves its group
  TextPrint print{};                              ///< of a story that is not known
  std::optional<AnalyzedStory> analysed{};        ///< when its audience was looked for
  Decisions decisions{};

  // What came of it.
  StoryPlan plan{};
  std::string_view stopped{};          ///< why nothing more of earlier versions leaves; empty = it does
  std::optional<Repeated> repeated{};  ///< the story of another source that it repeats
  std::int64_t released = 0;           ///< deliveries of other sources' reports that are owed instead of it
  std::optional<std::string> former_id{};  ///< under which it is known; nothing was written but that
};

/// In a database job. False when another version came in since `known` was read, or the story is known under
/// another id: it is to be judged again then.
bool enter_story(Sqlite& db, const Newsroom& newsroom, const Story& story, StoryEntry& entry, Time now);

}  // namespace crier
