// The planner: who is owed a story, by which channel, when, and why. Pure: it decides, intake writes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dispatch/newsroom.hpp"
#include "outbox/batch.hpp"
#include "story/story.hpp"

namespace crier {

class SuppressionList;

/// One delivery that is owed, or would be if it were not suppressed.
struct Decision {
  std::uint32_t subscriber = 0;  ///< index into the book
  ChannelKind channel = ChannelKind::email;
  std::string_view edition;  ///< empty = an alert; views the newsroom's book
  Time due_at;               ///< of an alert
  std::uint32_t reason = 0;  ///< index into Decisions::reasons
  std::string suppressed;    ///< why it is not sent; empty = it is
};

struct Decisions {
  std::vector<std::string> reasons;  ///< "You follow China and Russia (“Putin”)"
  std::vector<Decision> list;        ///< by subscriber, then edition, then channel
};

/// Decides who is owed a story, some readers at a time: of a large audience the first need not wait for the
/// last. Alerts first, in the order of the book, then all that editions bring. Given the rules of the book
/// that the story matches; `analysed` is the same story. Alerts wait for the embargo and for the end of the
/// subscriber's quiet hours. Several rules of one reader become one delivery with both reasons, which quote
/// the words that were found.
class Decider {
 public:
  /// All but `matched` outlive this.
  Decider(const Newsroom& newsroom, const Story& story, const AnalyzedStory& analysed,
          const std::vector<RulePosition>& matched, Time now);

  /// About the next readers: at most `most` followers of a rule, but all of whom editions bring the story.
  /// What does not exceed that at all is decided on in one go.
  Decisions next(std::size_t most);
  bool is_done() const { return done_; }

 private:
  // The followers of a matched rule, and the first of those to whom an alert was not decided on yet.
  struct Followed {
    RulePosition rule;
    const Followers* all;
    Followers::Iterator next;
  };
  struct Hit;

  std::optional<std::uint32_t> end_of_next(std::size_t most) const;
  std::vector<Hit> next_hits(std::size_t most);

  const Newsroom& newsroom_;
  const Story& story_;
  const AnalyzedStory& analysed_;
  Time now_;
  std::vector<Followed> followed_;
  bool has_begun_ = false;
  bool alerts_done_ = false;
  bool done_ = false;
};

/// About all of them at once.
Decisions decide(const Newsroom& newsroom, const Story& story, const AnalyzedStory& analysed,
                 const std::vector<RulePosition>& matched, Time now);

/// Marks what must not go out because its address is suppressed.
void apply_suppressions(Decisions& decisions, const SubscriberBook& book, const SuppressionList& list);

/// When an alert may leave, at the earliest: `now`, or when embargo and quiet hours are over.
Time alert_due(const Newsroom& newsroom, const Story& story, const Subscriber& subscriber, Time now);

/// Why an alert that is not due at `now` waits: "embargo" or "quiet hours".
std::string_view why_it_waits(const Story& story, Time now);

struct StoryPlan {
  std::vector<BatchPlan> batches;
  std::vector<DigestItem> items;
  std::int64_t matched = 0;  ///< deliveries, suppressed ones included
};

/// Groups decisions into what the outbox stores. `story.version` is the one it is stored under.
StoryPlan plan_story(const Newsroom& newsroom, const Story& story, const Decisions& decisions, Time now);

/// Alerts of urgency 1 and 2 go before the others.
Lane lane_of(const Story& story);

/// Fills the digests of one occurrence item by item, the most important first. Holds a byte for each reader.
class DigestPlaces {
 public:
  /// `max_items`, of each reader, is at most 255.
  explicit DigestPlaces(std::size_t max_items) : max_items_(max_items) {}

  /// Gives the item a place in the digests of its members; returns those, ascending, who have none left.
  std::vector<std::uint32_t> fill(const Audience& audience);
  /// Everybody who has an item, ascending.
  std::vector<std::uint32_t> readers() const;
  /// Those of its members, ascending, who have none.
  std::vector<std::uint32_t> strangers(const Audience& audience) const;

 private:
  std::size_t max_items_;
  std::vector<std::uint8_t> filled_;  // by subscriber number
};

/// The batch of one occurrence on one channel for `readers`, ascending, or a part of it.
BatchPlan plan_digest(const Newsroom& newsroom, const Edition& edition, const Occurrence& occurrence,
                      ChannelKind channel, std::span<const std::uint32_t> readers, Time now);

}  // namespace crier
