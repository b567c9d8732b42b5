#include "app/share_shelf.hpp"

#include <vector>

#include "db/sqlite.hpp"

namespace crier {

ShareShelf ShareShelf::load(Sqlite& db) {
  ShareShelf shelf;
  std::vector<Entry> newest;
  auto rows = db.query(
      "SELECT id, title, url, status, embargo FROM story s"
      " WHERE version = (SELECT MAX(version) FROM story WHERE id = s.id) ORDER BY seen_at DESC LIMIT ?");
  rows.bind(0, static_cast<std::int64_t>(capacity));
  while (rows.step())
    newest.push_back({std::string(rows.text(0)), std::string(rows.text(1)), std::string(rows.text(2)),
                      parse_story_status(rows.text(3)).value_or(StoryStatus::usable),
                      parse_rfc3339(rows.text(4))});
  for (auto entry = newest.rbegin(); entry != newest.rend(); ++entry) shelf.put(std::move(*entry));
  return shelf;
}

void ShareShelf::put(const Story& story) {
  put(Entry{story.id, story.title, story.url, story.status, story.embargo});
}

void ShareShelf::put(Entry entry) {
  if (const auto known = by_id_.find(entry.id); known != by_id_.end()) {
    newest_first_.erase(known->second);
    by_id_.erase(known);
  }
  newest_first_.push_front(std::move(entry));
  by_id_[newest_first_.front().id] = newest_first_.begin();
  if (newest_first_.size() <= capacity) return;
  by_id_.erase(newest_first_.back().id);
  newest_first_.pop_back();
}

const ShareShelf::Entry* ShareShelf::find(std::string_view id) const {
  const auto found = by_id_.find(std::string(id));
  return found == by_id_.end() ? nullptr : &*found->second;
}

}  // namespace crier
