// The story log: every story version that was seen, in the database. Decides what a story is: new, the
// same again, or a later version. The functions run in a database job.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "story/story.hpp"

namespace crier {

class Sqlite;

enum class Novelty {
  fresh,      ///< a story nobody has seen
  update,     ///< a later version of a known one
  unchanged,  ///< the same content again: nothing to do
  outdated,   ///< a version older than, or as old as, the one we have, with other content
  dead,       ///< the story was canceled; it stays so
  held,       ///< the newsroom withholds it, and this source cannot release it
};

std::string_view to_string(Novelty novelty);

/// What the log knows of the latest version of a story.
struct KnownStory {
  std::uint32_t version = 0;
  std::string content_hash;
  StoryStatus status = StoryStatus::usable;
  std::string owner{};  ///< the source that brought its first version; empty = not recorded
  std::string title{};
  std::string url{};
  std::string source{};   ///< that brought this version; empty = not recorded
  bool is_noted = false;  ///< of the backlog of its source: for nobody, and so its later versions
  Time came{};            ///< when this version's file was put into its folder, or it was seen
};

struct Verdict {
  Novelty novelty = Novelty::fresh;
  std::uint32_t version = 1;  ///< under which it is to be stored
};

/// Pure. A story without a version of its own is numbered from 1; equal content is no news, whatever its
/// number says; a stop (withheld, canceled) counts whatever its number.
Verdict judge(const Story& story, const std::optional<KnownStory>& known);

std::optional<KnownStory> find_known(Sqlite& db, std::string_view id);

/// Whether a version before `latest` says what `story` does.
bool was_said_before(Sqlite& db, const Story& story, std::uint32_t latest);
/// A version was said again by a file that was put into its folder at `put_at`.
void note_said_again(Sqlite& db, std::string_view id, std::uint32_t version, Time put_at);

/// The text of a version as the log keeps it. Pure.
std::string text_for_log(const Story& story);

/// How a version is kept.
struct Planned {
  std::int64_t matched = 0;      ///< deliveries planned for it
  bool is_whole = true;          ///< there will be no more
  bool is_noted = false;         ///< see KnownStory
  std::string_view text{};       ///< see text_for_log(), by whom made it before; empty = nobody did
  std::optional<Time> put_at{};  ///< when its file was put into its folder, if it was in one
};
void store_story(Sqlite& db, const Story& story, const Planned& planned, Time now);
/// So many more deliveries are planned for a version.
void note_planned(Sqlite& db, std::string_view id, std::uint32_t version, std::int64_t more, bool is_planned);
/// Versions of which not all deliveries are planned: a crash came between.
struct StoryVersion {
  std::string id;
  std::uint32_t version = 0;
  Time seen_at{};
};
std::vector<StoryVersion> unplanned_stories(Sqlite& db);

/// When the last version came that was not known, by each source that ever had one.
std::map<std::string, Time> last_stories(Sqlite& db);

/// What is kept of a story in the log: compressed, or, by an earlier crier, as JSON; empty when its text was
/// taken away for its age, which is an Error here.
Result<Story> read_logged(std::string_view id, std::string_view kept, bool is_compressed);

/// One version (0 = the latest). Error: it is not there, its text was taken away, or this crier's parser
/// refuses what another one wrote.
Result<Story> load_story(Sqlite& db, std::string_view id, std::uint32_t version = 0);

}  // namespace crier
