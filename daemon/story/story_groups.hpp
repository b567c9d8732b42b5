// Story groups: one article that several sources report, and one that came again under another id (a CMS that
// was moved gives all its stories new ones). Comparing is pure; the rest runs in a database job.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "story/story.hpp"

namespace crier {

class Sqlite;

/// What two texts are compared by, whatever their case, punctuation and markup.
struct TextPrint {
  std::uint64_t simhash = 0;       ///< of word 3-shingles (Charikar 2002); similar texts differ in few bits
  std::uint64_t whole = 0;         ///< of title and text, word by word
  std::uint64_t title = 0;         ///< of the title alone; 0 = there is none
  std::uint32_t words = 0;         ///< of the text
  std::uint32_t title_length = 0;  ///< in words
  std::vector<std::uint32_t> title_words{};  ///< hashes of those that tell something, ascending
};

/// Texts of fewer words are the same only when they are equal.
inline constexpr std::uint32_t short_text = 40;

/// In how many of 64 bits the texts differ.
int distance(const TextPrint& a, const TextPrint& b);
/// Whether they are one text with small changes: at most 3 bits (Manku et al. 2007) where the titles have a
/// telling word in common, 8 under the same title.
bool is_same_text(const TextPrint& a, const TextPrint& b);

/// A story as groups know it, since its first version.
struct PrintedStory {
  std::string id;
  std::string source;
  std::string url;  ///< canonical_url; empty = none
  TextPrint print;
  std::optional<Time> published{};
};

void store_print(Sqlite& db, const PrintedStory& story, Time now);
/// Those of stories first seen before `before`, at most `most`. Returns how many.
std::int64_t drop_prints(Sqlite& db, Time before, std::int64_t most);

/// The story of the same source that this one is under another id: with its URL and much of its text, or with
/// its very text, of 40 words or more or published at the same time. What was published at another time is
/// another one, and so is what stands beside it: `listed` are the ids of the document that it came in.
std::optional<std::string> find_renamed(Sqlite& db, const PrintedStory& story,
                                        const std::set<std::string>* listed = nullptr);
/// A feed may give a story a new id each time it is read: of all that one had, the last `max_renamings` lead
/// to it.
void store_renaming(Sqlite& db, std::string_view id, std::string_view former_id);
inline constexpr int max_renamings = 16;
/// The id under which a story is known: a former one where there is one, else its own.
std::string known_id(Sqlite& db, std::string_view id);

/// A story that another source has reported.
struct Repeated {
  std::string id;
  int distance = 0;
};
/// The closest of those first seen since `since`, which may leave at `now`; of equals the first. Less than 40
/// words are the same report only under a title of five or more, or when they were published at the same
/// time.
std::optional<Repeated> find_repeated(Sqlite& db, const PrintedStory& story, Time since, Time now);

/// Puts a story into the group of `other`, which begins one where it has none.
void join_group(Sqlite& db, std::string_view id, std::string_view other, Time now);
/// Ends groups that nothing joined since `before` and of which no text is kept any more, at most `most`.
/// Returns how many. A later version of such a story is news to whoever was spared it.
std::int64_t drop_groups(Sqlite& db, Time before, std::int64_t most);
/// What is left of a group of two is none.
void leave_group(Sqlite& db, std::string_view id);
bool is_in_group(Sqlite& db, std::string_view id);

struct GroupMember {
  std::string id;
  std::string source;
  std::string site;  ///< empty = not said
  StoryStatus status = StoryStatus::usable;
  std::optional<Time> embargo{};
};
/// The other stories of its group, the first reported first; empty when it has none. What is canceled,
/// withheld or under embargo stays in its group: who has had it is still spared the others.
std::vector<GroupMember> others_in_group(Sqlite& db, std::string_view id);
/// Whether readers may be told of it.
bool is_out(const GroupMember& story, Time now);

}  // namespace crier
