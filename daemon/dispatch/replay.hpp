// Replay: what rules would have sent for the stories of the past, and how that differs from the running
// rules. Pure: `crier replay` hands it one story after another and prints the report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dispatch/newsroom.hpp"
#include "story/story.hpp"

namespace crier {

/// Deliveries by the running rules and by the candidate ones; gained = only by the candidates, lost = only by
/// the running ones. A story in an edition is a delivery like an alert, for each reader and channel.
struct ReplayCount {
  std::int64_t running_stories = 0;
  std::int64_t candidate_stories = 0;
  std::int64_t running = 0;
  std::int64_t candidate = 0;
  std::int64_t gained = 0;
  std::int64_t lost = 0;
};

/// A story that some readers would gain or lose by a rule.
struct ReplayExample {
  std::string story_id;
  std::string title;
  Time seen_at;
  std::size_t deliveries = 0;
  std::vector<std::string> subscribers;  ///< the first few
};

/// A topic, or a subscriber's own rule as "SUBSCRIBER: QUERY".
struct ReplayTopic {
  std::string name;
  ReplayCount count;
  std::vector<ReplayExample> gained;  ///< the first few
  std::vector<ReplayExample> lost;
};

struct ReplayReport {
  std::int64_t stories = 0;
  ReplayCount total;                        ///< a delivery for which several rules are the reason counts once
  std::int64_t running_alerts = 0;          ///< of total.running; the others are stories in editions
  std::int64_t candidate_alerts = 0;        ///< of total.candidate
  std::vector<ReplayTopic> topics;          ///< that matched anything, in the order they first did
  std::map<std::string, ReplayCount> days;  ///< by local date, "2026-11-19", also those without a story
};

class Replay {
 public:
  /// `candidate` may be null: then all is counted for the running rules alone. Both must outlive this. Days
  /// are those of the site's zone between `since` and `until`.
  Replay(const Newsroom& running, const Newsroom* candidate, Time since, Time until);

  /// A usable story, at the time it was seen.
  void add(const Story& story, Time seen_at);
  const ReplayReport& report() const { return report_; }

 private:
  // A delivery and one rule that is a reason for it.
  struct Owed {
    std::uint32_t reader;  // the same number on both sides
    std::string_view edition;
    ChannelKind channel;
    std::uint32_t topic;  // position in report_.topics

    friend auto operator<=>(const Owed&, const Owed&) = default;
    bool is_same_delivery(const Owed& other) const {
      return reader == other.reader && edition == other.edition && channel == other.channel;
    }
  };
  // One set of rules with what is known of it.
  struct Side {
    const Newsroom* newsroom;
    std::vector<std::uint32_t> readers;  // by subscriber of its book
    std::vector<std::uint32_t> topics;   // by rule of its book; no_topic until it matches
  };

  std::uint32_t topic_of(Side& side, RulePosition rule);
  std::vector<Owed> owed(Side& side, const std::vector<RulePosition>& matched);
  void compare(const std::vector<Owed>& running, const std::vector<Owed>& candidate, ReplayCount& day,
               const Story& story, Time seen_at);
  void note(std::vector<ReplayExample>& examples, const Story& story, Time seen_at, std::uint32_t reader);

  Side running_;
  Side candidate_;
  std::vector<std::string> names_;  // of readers
  std::unordered_map<std::string, std::uint32_t> topics_;
  ReplayReport report_;
};

/// "about 4 a day", "about 3 a week", "less than one a week", "none".
std::string rate_text(double per_day);

}  // namespace crier
