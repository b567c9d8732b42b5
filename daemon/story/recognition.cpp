#include "story/recognition.hpp"

#include <fmt/core.h>

#include "db/sqlite.hpp"
#include "story/identity.hpp"
#include "story/story_groups.hpp"
#include "story/url_identity.hpp"

namespace crier {
namespace {

Recognised under(Sqlite& db, const std::string& id) {
  Recognised found{known_id(db, id)};
  found.is_renamed = found.id != id;
  found.known = find_known(db, found.id);
  return found;
}

// Whether what is withheld under a story's id may be that story: few say more than the id when they stop one,
// and two sources may number their stories alike.
bool is_about(const KnownStory& withheld, const Story& story) {
  if (withheld.title.empty() || withheld.title == story.title) return true;
  const auto url = canonical_url(withheld.url);
  return url && url == canonical_url(story.url);
}

// Whether a feed's story is the one that is known under its id as it is, without the name of its source.
bool is_that(const Recognised& found, const Story& story) {
  if (!found.known) return false;
  // An earlier crier kept the ids of feeds as they were.
  if (found.known->owner == story.source) return true;
  if (found.known->status == StoryStatus::canceled) return true;
  if (found.known->status == StoryStatus::withheld && is_about(*found.known, story)) return true;
  auto same = story;
  same.id = found.id;
  return is_told_by(found.known->content_hash, same);
}

}  // namespace

Recognised recognise(Sqlite& db, const Story& story, Authority authority) {
  if (authority == Authority::all_stories) return under(db, story.id);
  auto found = under(db, id_of_source(story.source, story.id));
  if (!found.known) {
    auto plain = under(db, story.id);
    if (is_that(plain, story)) found = std::move(plain);
  }
  const auto& known = found.known;
  found.is_held = known && known->status == StoryStatus::withheld && !known->source.empty() &&
                  known->source != story.source;
  return found;
}

Verdict judge(const Story& story, const Recognised& found) {
  const auto verdict = judge(story, found.known);
  if (!found.is_held || verdict.novelty != Novelty::update || story.status == StoryStatus::canceled)
    return verdict;
  return {Novelty::held, found.known->version};
}

Novelty novelty_of(Sqlite& db, Story& story, Authority authority) {
  auto found = recognise(db, story, authority);
  if (found.is_renamed) story.version = 0;
  // Its content is compared under the id by which it is known.
  story.id.swap(found.id);
  const auto novelty = judge(story, found).novelty;
  story.id.swap(found.id);
  return novelty;
}

std::vector<std::string> ids_meant(Sqlite& db, std::string_view id) {
  auto plain = known_id(db, id);
  if (find_known(db, plain)) return {plain};
  std::vector<std::string> ids;
  for (const auto& [source, last_story] : last_stories(db)) {
    auto own = known_id(db, id_of_source(source, id));
    if (find_known(db, own)) ids.push_back(std::move(own));
  }
  return ids;
}

Result<std::string> resolve_story_id(Sqlite& db, std::string_view text) {
  auto ids = ids_meant(db, text);
  if (ids.empty()) {
    auto rows = db.query(
        "SELECT DISTINCT id FROM story WHERE substr(id, 1, length(?1)) = ?1"
        " OR substr(id, 1, length(source) + 1 + length(?1)) = source || ':' || ?1 ORDER BY id LIMIT 2");
    rows.bind(0, text);
    while (rows.step()) ids.emplace_back(rows.text(0));
  }
  if (ids.empty()) return Error{fmt::format("no story \"{}\" has been seen", text)};
  if (ids.size() > 1)
    return Error{fmt::format("\"{}\" may be several stories: {}, {} …", text, ids[0], ids[1])};
  return std::move(ids.front());
}

}  // namespace crier
