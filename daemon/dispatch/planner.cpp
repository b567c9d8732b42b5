#include "dispatch/planner.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "audience/suppression.hpp"
#include "dispatch/reason.hpp"
#include "match/telling_words.hpp"
#include "schedule/quiet_hours.hpp"

namespace crier {
namespace {

// One rule that brought a subscriber one delivery, before the rules of the same delivery are joined.
struct Hit {
  std::uint32_t subscriber;
  std::string_view edition;
  ChannelKind channel;
  RulePosition rule;

  auto key() const { return std::tuple(subscriber, edition, channel); }
};

std::vector<Hit> hits_of(const SubscriberBook& book, const std::vector<RulePosition>& matched) {
  std::vector<Hit> hits;
  for (const auto rule : matched) {
    for (const auto& subscription : book.rules().at(rule).followers) {
      for (const auto channel : subscription.channels)
        hits.push_back({subscription.subscriber, subscription.edition, channel, rule});
    }
  }
  std::ranges::sort(hits, [](const Hit& a, const Hit& b) {
    return std::tuple(a.key(), a.rule) < std::tuple(b.key(), b.rule);
  });
  return hits;
}

// Gives equal sets of rules one sentence: it quotes the story, so it is the same for all their readers.
class Reasons {
 public:
  Reasons(const SubscriberBook& book, const AnalyzedStory& story, std::vector<std::string>& sentences)
      : book_(book), story_(story), sentences_(sentences) {}

  std::uint32_t index_of(const std::vector<RulePosition>& rules) {
    const auto [entry, is_new] = indexes_.emplace(rules, static_cast<std::uint32_t>(sentences_.size()));
    if (is_new) sentences_.push_back(sentence_of(rules));
    return entry->second;
  }

 private:
  std::string sentence_of(const std::vector<RulePosition>& rules) const {
    std::vector<FollowedBecause> reasons;
    for (const auto rule : rules) {
      const auto& followed = book_.rules()[rule];
      reasons.push_back(
          {followed.topic.empty() ? FollowedBecause::Kind::own_rule : FollowedBecause::Kind::topic,
           followed.title, telling_words(book_.rule_of(rule), story_, max_quoted_words)});
    }
    return reason_sentence(reasons);
  }

  const SubscriberBook& book_;
  const AnalyzedStory& story_;
  std::vector<std::string>& sentences_;
  std::map<std::vector<RulePosition>, std::uint32_t> indexes_;
};

// When an alert may leave for a subscriber. Zones are looked up once per name.
class DueTimes {
 public:
  DueTimes(const Newsroom& newsroom, const Story& story, Time now)
      : newsroom_(newsroom), earliest_(std::max(now, story.embargo.value_or(now))) {}

  Time of(const Subscriber& subscriber) {
    if (!subscriber.quiet_hours) return earliest_;
    return earliest_send(earliest_, *subscriber.quiet_hours, zone_of(subscriber));
  }

 private:
  const Zone& zone_of(const Subscriber& subscriber) {
    const auto found = zones_.find(subscriber.timezone);
    if (found != zones_.end()) return found->second;
    return zones_.emplace(subscriber.timezone, newsroom_.zone_of(subscriber)).first->second;
  }

  const Newsroom& newsroom_;
  Time earliest_;
  std::map<std::string, Zone> zones_;
};

int urgency_of(const Story& story) {
  constexpr int usual = 5;
  return story.urgency.value_or(usual);
}

// Batch groups are equal when they leave at the same time, or not at all for the same reason.
void add_member(BatchPlan& batch, const Decision& decision, std::uint32_t number, Time expires_at) {
  const auto same = [&](const BatchGroup& group) {
    return group.due_at == decision.due_at && group.suppressed == decision.suppressed;
  };
  auto group = std::ranges::find_if(batch.groups, same);
  if (group == batch.groups.end()) {
    batch.groups.push_back({decision.due_at, expires_at, decision.suppressed, {}});
    group = std::prev(batch.groups.end());
  }
  group->members.push_back({number, decision.reason});
}

}  // namespace

void apply_suppressions(Decisions& decisions, const SubscriberBook& book, const SuppressionList& list) {
  for (auto& decision : decisions.list) {
    const auto& address = book.subscribers()[decision.subscriber].address(decision.channel);
    if (const auto reason = list.find(decision.channel, address)) decision.suppressed = *reason;
  }
}

Time alert_due(const Newsroom& newsroom, const Story& story, const Subscriber& subscriber, Time now) {
  return DueTimes(newsroom, story, now).of(subscriber);
}

std::string_view why_it_waits(const Story& story, Time now) {
  return story.embargo > now ? "embargo" : "quiet hours";
}

Decisions decide(const Newsroom& newsroom, const Story& story, const AnalyzedStory& analysed,
                 const std::vector<RulePosition>& matched, Time now) {
  const auto& book = *newsroom.book;
  Decisions decisions;
  Reasons reasons(book, analysed, decisions.reasons);
  DueTimes due_times(newsroom, story, now);
  const auto hits = hits_of(book, matched);
  std::vector<RulePosition> rules;
  for (auto hit = hits.begin(); hit != hits.end();) {
    const auto first = hit;
    rules.clear();
    for (; hit != hits.end() && hit->key() == first->key(); ++hit) {
      if (rules.empty() || rules.back() != hit->rule) rules.push_back(hit->rule);
    }
    decisions.list.push_back({.subscriber = first->subscriber,
                              .channel = first->channel,
                              .edition = first->edition,
                              .due_at = due_times.of(book.subscribers()[first->subscriber]),
                              .reason = reasons.index_of(rules),
                              .suppressed = {}});
  }
  return decisions;
}

Lane lane_of(const Story& story) {
  constexpr int breaking_urgency = 2;
  return urgency_of(story) <= breaking_urgency ? Lane::breaking : Lane::alert;
}

StoryPlan plan_story(const Newsroom& newsroom, const Story& story, const Decisions& decisions, Time now) {
  const auto& book = *newsroom.book;
  StoryPlan plan;
  std::map<ChannelKind, BatchPlan> alerts;
  // By edition, channel and why it is suppressed.
  std::map<std::tuple<std::string_view, ChannelKind, std::string_view>, std::vector<Member>> items;
  for (const auto& decision : decisions.list) {
    const auto number = book.number_of(decision.subscriber);
    ++plan.matched;
    if (decision.edition.empty()) {
      auto& batch = alerts[decision.channel];
      // A suppressed member has no time of its own; it must not open one group per time.
      Decision grouped = decision;
      if (!grouped.suppressed.empty()) grouped.due_at = now;
      add_member(batch, grouped, number, grouped.due_at + newsroom.expiry(decision.channel, false));
    } else {
      items[{decision.edition, decision.channel, decision.suppressed}].push_back({number, decision.reason});
    }
  }
  for (auto& [channel, batch] : alerts) {
    batch.subject = {story.id, story.version, {}, {}};
    batch.channel = channel;
    batch.lane = lane_of(story);
    batch.reasons = decisions.reasons;
    plan.batches.push_back(std::move(batch));
  }
  for (auto& [key, members] : items) {
    const auto& [edition, channel, suppressed] = key;
    std::ranges::sort(members, {}, &Member::number);
    plan.items.push_back({.edition = std::string(edition),
                          .channel = channel,
                          .story_id = story.id,
                          .story_version = story.version,
                          .audience = audience_of(members, decisions.reasons),
                          .not_before = story.embargo.value_or(Time{}),
                          .urgency = urgency_of(story),
                          .suppressed = std::string(suppressed)});
  }
  return plan;
}

std::vector<std::uint32_t> DigestPlaces::fill(const Audience& audience) {
  std::vector<std::uint32_t> full;
  if (!audience.members.empty() && audience.members.back().number >= filled_.size())
    filled_.resize(audience.members.back().number + std::size_t{1});
  for (const auto& member : audience.members) {
    auto& filled = filled_[member.number];
    if (filled < max_items_)
      ++filled;
    else
      full.push_back(member.number);
  }
  return full;
}

std::vector<std::uint32_t> DigestPlaces::readers() const {
  std::vector<std::uint32_t> numbers;
  for (std::size_t number = 0; number < filled_.size(); ++number)
    if (filled_[number] > 0) numbers.push_back(static_cast<std::uint32_t>(number));
  return numbers;
}

BatchPlan plan_digest(const Newsroom& newsroom, const Edition& edition, const Occurrence& occurrence,
                      ChannelKind channel, const std::vector<std::uint32_t>& readers, Time now) {
  BatchPlan batch;
  batch.subject = {{}, 0, edition.name, to_string(occurrence.nominal)};
  batch.channel = channel;
  batch.lane = Lane::digest;
  batch.reasons = {"You follow " + edition.title};
  BatchGroup group{now, now + newsroom.expiry(channel, true), {}, {}};
  for (const auto number : readers) group.members.push_back({number, 0});
  batch.groups.push_back(std::move(group));
  return batch;
}

}  // namespace crier
