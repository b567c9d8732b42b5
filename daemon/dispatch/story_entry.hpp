// StoryEntry: a version of a story on its way into the database, with all that follows from it: intake fills
// in what it found out on loop and workers, one transaction writes the rest or nothing. Of an audience too
// large for that it writes the first readers, and others the next of them.
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
  std::optional<Time> put_at{};                   ///< when its file was put into its folder
  bool is_noted = false;                          ///< it is backlog: for nobody
  bool resumes = false;                           ///< some of its readers were entered before a crash
  TextPrint print{};                              ///< of a story that is not known
  std::string text{};                             ///< see text_for_log()
  std::optional<AnalyzedStory> analysed{};        ///< when its audience was looked for
  std::optional<Decider> decider{};               ///< who decides on it
  Decisions decisions{};                          ///< those that are to be entered next
  std::optional<StoryPlan> plan{};                ///< what they come to, if nobody has the story already

  // What came of it.
  std::int64_t matched = 0;            ///< deliveries that the last transaction planned
  std::string_view stopped{};          ///< why nothing more of earlier versions leaves; empty = it does
  std::optional<Repeated> repeated{};  ///< the story of another source that it repeats
  std::int64_t released = 0;           ///< deliveries of other sources' reports that are owed instead of it
  std::optional<std::string> former_id{};  ///< under which it is known; nothing was written but that
};

/// Whether `decisions` are the last.
inline bool is_last(const StoryEntry& entry) {
  return !entry.decider || entry.decider->is_done();
}

/// What many decisions come to is planned before they are entered, on a worker: sending waits for the
/// database.
void plan_ahead(const Newsroom& newsroom, const Story& story, StoryEntry& entry, Time now);

/// In a database job. False when another version came in since `known` was read, or the story is known under
/// another id: it is to be judged again then.
bool enter_story(Sqlite& db, const Newsroom& newsroom, const Story& story, StoryEntry& entry, Time now);
/// The same for the next `decisions` of a story that was entered. False when another version came in
/// meanwhile: nobody else is owed this one.
bool enter_more(Sqlite& db, const Newsroom& newsroom, const Story& story, StoryEntry& entry, Time now);

}  // namespace crier
