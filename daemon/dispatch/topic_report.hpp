// Topic report: how the present rules fared with the stories of the past: which never fired, which stories
// nobody heard, which rules cost most. Pure: `crier topics` hands it one story after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dispatch/newsroom.hpp"
#include "story/story.hpp"

namespace crier {

/// A topic, or a subscriber's own rule as "SUBSCRIBER: QUERY".
struct TopicRecord {
  std::string name;
  bool is_topic = true;
  std::size_t followers = 0;
  double cost = 0;  ///< postings of the rule index that an average story looks at; see weigh()
  std::int64_t stories = 0;
  std::optional<Time> last_match;
  std::string last_title;
};

struct UnheardStory {
  std::string id;
  std::string title;
  Time seen_at;
};

class TopicReport {
 public:
  /// `newsroom` must outlive this.
  explicit TopicReport(const Newsroom& newsroom);

  /// A usable story, at the time it was seen; in that order.
  void add(const Story& story, Time seen_at);

  /// Finds the costs by the stories so far; call it after the last add().
  void weigh();

  std::int64_t stories() const { return stories_; }
  /// In the order of the book, topics first.
  const std::vector<TopicRecord>& topics() const { return topics_; }
  /// Stories that no rule with a follower matches, and the latest 20 of them, the latest first.
  std::int64_t unheard_count() const { return unheard_count_; }
  std::vector<UnheardStory> unheard() const { return {unheard_.rbegin(), unheard_.rend()}; }
  /// Positions in topics() of the rules that cost most, the dearest first.
  std::vector<std::size_t> costliest(std::size_t most) const;

 private:
  const Newsroom& newsroom_;
  std::int64_t stories_ = 0;
  std::vector<TopicRecord> topics_;
  std::int64_t unheard_count_ = 0;
  std::vector<UnheardStory> unheard_;  // the latest last
};

}  // namespace crier
