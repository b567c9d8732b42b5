// The share shelf: title and link of the stories that were published, in memory, so that share buttons are
// answered without the database. Loop only; filled from the story log at start.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "story/story.hpp"

namespace crier {

class Sqlite;

class ShareShelf {
 public:
  struct Entry {
    std::string id;
    std::string title;
    std::string url;
    StoryStatus status = StoryStatus::usable;
    std::optional<Time> embargo;
  };

  /// The newest stories of the log. In a database job.
  static ShareShelf load(Sqlite& db);

  /// A new version replaces the old one; beyond `capacity` the oldest story is forgotten.
  void put(const Story& story);
  const Entry* find(std::string_view id) const;

 private:
  static constexpr std::size_t capacity = 20'000;

  void put(Entry entry);

  std::list<Entry> newest_first_;
  std::unordered_map<std::string, std::list<Entry>::iterator> by_id_;
};

}  // namespace crier
