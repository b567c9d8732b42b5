#include "app/rule_test.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "dispatch/planner.hpp"
#include "match/explain.hpp"
#include "text/analyzer.hpp"

namespace crier {
namespace {

std::string title_of(const FollowedRule& rule) {
  return rule.topic.empty() ? rule.title : rule.topic;
}

class TestRun {
 public:
  TestRun(const Newsroom& newsroom, const Story& story, Time at)
      : newsroom_(newsroom),
        book_(*newsroom.book),
        story_(story),
        at_(at),
        analysed_(analyze(story, newsroom.site.language)) {}

  std::vector<Difference> compare(const RuleTest& test) const {
    auto actual = actual_deliveries();
    std::set<std::string> subscribers;
    for (const auto& [id, deliveries] : test.expect) subscribers.insert(id);
    for (const auto& [id, deliveries] : actual) subscribers.insert(id);
    std::vector<Difference> differences;
    for (const auto& id : subscribers) {
      auto& left = actual[id];
      std::vector<ExpectedDelivery> missing;
      const auto expected = test.expect.find(id);
      if (expected != test.expect.end())
        for (const auto& delivery : expected->second)
          if (!take(left, delivery)) missing.push_back(delivery);
      for (const auto& delivery : missing)
        differences.push_back({Difference::Kind::missing, id, delivery, why_missing(id, delivery, left)});
      for (const auto& delivery : left)
        differences.push_back({Difference::Kind::unexpected, id, delivery, why_unexpected(id, delivery)});
    }
    return differences;
  }

 private:
  using Deliveries = std::map<std::string, std::vector<ExpectedDelivery>>;

  // What the daemon would owe at that time.
  Deliveries actual_deliveries() const {
    Deliveries out;
    if (story_.status != StoryStatus::usable) return out;
    const auto decisions = decide(newsroom_, story_, analysed_, book_.match(analysed_), at_);
    for (const auto& decision : decisions.list)
      out[book_.subscribers()[decision.subscriber].id()].push_back(
          {std::string(decision.edition), decision.channel, due(decision)});
    return out;
  }

  // An item waits for the edition's next occurrence after the story, and after its embargo.
  std::optional<Time> due(const Decision& decision) const {
    const auto* edition = newsroom_.find_edition(decision.edition);
    if (edition == nullptr) return decision.due_at;
    const auto after = std::max(at_, story_.embargo.value_or(at_));
    const auto next = next_occurrences(edition->recurrence, after, 1);
    return next.empty() ? std::nullopt : std::optional(next.front().at);
  }

  static bool is_same_way(const ExpectedDelivery& a, const ExpectedDelivery& b) {
    return a.edition == b.edition && a.channel == b.channel;
  }

  // Removes the delivery from `left`; false when it is not there.
  static bool take(std::vector<ExpectedDelivery>& left, const ExpectedDelivery& expected) {
    const auto found = std::ranges::find_if(left, [&](const ExpectedDelivery& actual) {
      return is_same_way(actual, expected) && (!expected.at || expected.at == actual.at);
    });
    if (found == left.end()) return false;
    left.erase(found);
    return true;
  }

  std::vector<std::string> why_missing(const std::string& id, const ExpectedDelivery& delivery,
                                       const std::vector<ExpectedDelivery>& left) const {
    if (story_.status != StoryStatus::usable)
      return {fmt::format("the story is {}", to_string(story_.status))};
    for (const auto& other : left)
      if (is_same_way(other, delivery)) return {fmt::format("it is due at another time, see below")};
    std::vector<std::string> why;
    std::vector<std::string> other_ways;
    for_each_follow(id, [&](RulePosition at, const Subscription& subscription) {
      const auto& rule = book_.rules()[at];
      const auto explanation = explain(book_.rule_of(at), analysed_);
      if (goes(subscription, delivery))
        why.push_back(fmt::format("{}: {}", title_of(rule), to_text(explanation)));
      else if (explanation.matched)
        other_ways.push_back(fmt::format("{} matches, but goes by {}", title_of(rule), way_of(subscription)));
    });
    if (why.empty())
      why.push_back(fmt::format("nothing that {} follows goes by {}", id, to_string(delivery)));
    why.insert(why.end(), other_ways.begin(), other_ways.end());
    return why;
  }

  std::vector<std::string> why_unexpected(const std::string& id, const ExpectedDelivery& delivery) const {
    std::vector<std::string> why;
    for_each_follow(id, [&](RulePosition at, const Subscription& subscription) {
      if (!goes(subscription, delivery)) return;
      const auto explanation = explain(book_.rule_of(at), analysed_);
      if (explanation.matched)
        why.push_back(fmt::format("{}: {}", title_of(book_.rules()[at]), to_text(explanation)));
    });
    if (delivery.edition.empty() && delivery.at > at_)
      why.push_back(story_.embargo > at_ ? "it waits for the embargo and quiet hours"
                                         : "it waits for the end of the quiet hours");
    return why;
  }

  const std::string& edition_of(const Subscription& subscription) const {
    return book_.editions()[subscription.edition];
  }
  std::string way_of(const Subscription& subscription) const {
    return fmt::format("{} {}", subscription.is_alert() ? "alert" : edition_of(subscription),
                       to_string(subscription.channels));
  }
  bool goes(const Subscription& subscription, const ExpectedDelivery& delivery) const {
    return edition_of(subscription) == delivery.edition && subscription.channels.contains(delivery.channel);
  }

  template <class Each>
  void for_each_follow(const std::string& id, const Each& each) const {
    const auto subscriber = book_.find(id);
    if (!subscriber) return;
    for (RulePosition at = 0; at < book_.rules().size(); ++at)
      for (const auto& subscription : book_.rules()[at].followers)
        if (subscription.subscriber == subscriber->index()) each(at, subscription);
  }

  const Newsroom& newsroom_;
  const SubscriberBook& book_;
  const Story& story_;
  Time at_;
  AnalyzedStory analysed_;
};

}  // namespace

std::optional<Time> time_of(const RuleTest& test, const Story& story) {
  return test.at ? test.at : story.published;
}

std::vector<Difference> run_test(const Newsroom& newsroom, const RuleTest& test, const Story& story,
                                 Time at) {
  return TestRun(newsroom, story, at).compare(test);
}

}  // namespace crier
