#include "dispatch/planner.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include "audience/suppression.hpp"
#include "dispatch/reason.hpp"
#include "match/telling_words.hpp"
#include "schedule/quiet_hours.hpp"

namespace crier {

// One rule that brought a subscriber one delivery, before the rules of the same delivery are joined.
struct Decider::Hit {
  std::uint32_t subscriber;
  EditionPosition edition;
  ChannelKind channel;
  RulePosition rule;

  auto key() const { return std::tuple(subscriber, edition, channel); }
};

namespace {

// Gives equal sets of rules one sentence: it quotes the story, so it is the same for all their readers.
class Reasons {
 public:
  Reasons(const SubscriberBook& book, const AnalyzedStory& story, std::vector<std::string>& sentences)
      : book_(book), story_(story), sentences_(sentences) {}

  std::uint32_t index_of(const std::vector<RulePosition>& rules) {
    // Most readers of a large audience follow the same topic.
    if (last_ == indexes_.end() || last_->first != rules) {
      const auto [entry, is_new] = indexes_.emplace(rules, static_cast<std::uint32_t>(sentences_.size()));
      if (is_new) sentences_.push_back(sentence_of(rules));
      last_ = entry;
    }
    return last_->second;
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
  std::map<std::vector<RulePosition>, std::uint32_t>::iterator last_ = indexes_.end();
};

// When an alert may leave for a subscriber. Zones are looked up once per name.
class DueTimes {
 public:
  DueTimes(const Newsroom& newsroom, const Story& story, Time now)
      : newsroom_(newsroom), earliest_(std::max(now, story.embargo.value_or(now))) {}

  Time of(const Subscriber& subscriber) {
    const auto quiet = subscriber.quiet_hours();
    return quiet ? earliest_send(earliest_, *quiet, zone_of(subscriber)) : earliest_;
  }

 private:
  const Zone& zone_of(const Subscriber& subscriber) {
    const auto found = zones_.find(subscriber.timezone());
    if (found != zones_.end()) return found->second;
    return zones_.emplace(subscriber.timezone(), newsroom_.zone_of(subscriber)).first->second;
  }

  const Newsroom& newsroom_;
  Time earliest_;
  std::map<std::string_view, Zone> zones_;
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
  if (list.empty()) return;
  for (auto& decision : decisions.list) {
    const auto address = book.subscribers()[decision.subscriber].address(decision.channel);
    if (const auto reason = list.find(decision.channel, address)) decision.suppressed = *reason;
  }
}

Time alert_due(const Newsroom& newsroom, const Story& story, const Subscriber& subscriber, Time now) {
  return DueTimes(newsroom, story, now).of(subscriber);
}

std::string_view why_it_waits(const Story& story, Time now) {
  return story.embargo > now ? "embargo" : "quiet hours";
}

Decider::Decider(const Newsroom& newsroom, const Story& story, const AnalyzedStory& analysed,
                 const std::vector<RulePosition>& matched, Time now)
    : newsroom_(newsroom), story_(story), analysed_(analysed), now_(now) {
  for (const auto rule : matched) {
    const auto& followers = newsroom.book->rules().at(rule).followers;
    followed_.push_back({rule, &followers, followers.begin()});
  }
}

// Up to the first follower whom a rule has no room for, since all rules of a reader are found together;
// nullopt when there is none.
std::optional<std::uint32_t> Decider::end_of_next(std::size_t most) const {
  std::optional<std::uint32_t> end;
  constexpr std::size_t farthest = PTRDIFF_MAX;
  for (const auto& [rule, all, next] : followed_) {
    const auto left_out =
        std::ranges::next(next, static_cast<std::ptrdiff_t>(std::min(most, farthest)), all->end());
    if (left_out == all->end()) continue;
    const auto later = std::max((*left_out).subscriber, (*next).subscriber + 1);
    end = std::min(end.value_or(later), later);
  }
  return end;
}

std::vector<Decider::Hit> Decider::next_hits(std::size_t most) {
  std::vector<Hit> hits;
  const auto add = [&](RulePosition rule, const Subscription& each) {
    for (const auto channel : each.channels) hits.push_back({each.subscriber, each.edition, channel, rule});
  };
  const auto end = end_of_next(most);
  const bool is_whole = !std::exchange(has_begun_, true) && !end;
  if (alerts_done_) {
    for (const auto& [rule, all, next] : followed_)
      for (const auto each : *all)
        if (!each.is_alert()) add(rule, each);
  } else {
    for (auto& [rule, all, next] : followed_) {
      for (; next != all->end() && (!end || (*next).subscriber < *end); ++next)
        if (is_whole || (*next).is_alert()) add(rule, *next);
    }
  }
  done_ = alerts_done_ || is_whole;
  alerts_done_ = !end;
  const auto in_order = [](const Hit& a, const Hit& b) {
    return std::tuple(a.key(), a.rule) < std::tuple(b.key(), b.rule);
  };
  if (!std::ranges::is_sorted(hits, in_order)) std::ranges::sort(hits, in_order);
  return hits;
}

Decisions Decider::next(std::size_t most) {
  const auto& book = *newsroom_.book;
  Decisions decisions;
  Reasons reasons(book, analysed_, decisions.reasons);
  DueTimes due_times(newsroom_, story_, now_);
  auto hits = next_hits(most);
  while (hits.empty() && !done_) hits = next_hits(most);
  std::vector<RulePosition> rules;
  decisions.list.reserve(hits.size());
  for (auto hit = hits.begin(); hit != hits.end();) {
    const auto first = hit;
    rules.clear();
    for (; hit != hits.end() && hit->key() == first->key(); ++hit) {
      if (rules.empty() || rules.back() != hit->rule) rules.push_back(hit->rule);
    }
    decisions.list.push_back({.subscriber = first->subscriber,
                              .channel = first->channel,
                              .edition = book.editions()[first->edition],
                              .due_at = due_times.of(book.subscribers()[first->subscriber]),
                              .reason = reasons.index_of(rules),
                              .suppressed = {}});
  }
  return decisions;
}

Decisions decide(const Newsroom& newsroom, const Story& story, const AnalyzedStory& analysed,
                 const std::vector<RulePosition>& matched, Time now) {
  return Decider(newsroom, story, analysed, matched, now).next(SIZE_MAX);
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

std::vector<std::uint32_t> DigestPlaces::strangers(const Audience& audience) const {
  std::vector<std::uint32_t> numbers;
  for (const auto& member : audience.members)
    if (member.number >= filled_.size() || filled_[member.number] == 0) numbers.push_back(member.number);
  return numbers;
}

BatchPlan plan_digest(const Newsroom& newsroom, const Edition& edition, const Occurrence& occurrence,
                      ChannelKind channel, std::span<const std::uint32_t> readers, Time now) {
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
