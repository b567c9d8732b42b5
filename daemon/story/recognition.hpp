// Recognition: which of the known stories one is that comes in. Ids are for anybody to copy, so those of a
// feed count within the feed alone: its stories are kept as "source:id". Runs in a database job.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "story/story_log.hpp"

namespace crier {

class Sqlite;

/// Which stories a source may change.
enum class Authority {
  all_stories,  ///< the newsroom's own hands: folders, pushes
  own_stories,  ///< a feed
};

struct Recognised {
  std::string id;           ///< under which it is kept
  bool is_renamed = false;  ///< it is known under that id, and came with another
  std::optional<KnownStory> known{};
  bool is_held = false;  ///< somebody else than this source withholds it, who alone can release it
};

/// A feed's story with an id of the newsroom's own is that one when its content is the same, when that one
/// was canceled, or when it is withheld and says nothing but its id, or has the same title or address; else
/// it is another story.
Recognised recognise(Sqlite& db, const Story& story, Authority authority);

/// judge(), and what a feed may not release.
Verdict judge(const Story& story, const Recognised& found);

/// What a story is that a source lists, perhaps again. `story` is left as it was, but that whoever renamed it
/// counts anew: its version is 0 then.
Novelty novelty_of(Sqlite& db, Story& story, Authority authority);

/// The known stories that a person may mean by an id: the one that has it, or had it before it was renamed;
/// else those of all feeds that give it to them. Empty when there is none.
std::vector<std::string> ids_meant(Sqlite& db, std::string_view id);
/// The one story that `text` may mean, or whose id begins with it, with the name of its source before or
/// without; Error when there is none or several.
Result<std::string> resolve_story_id(Sqlite& db, std::string_view text);

}  // namespace crier
