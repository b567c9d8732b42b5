#include "dispatch/replay.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <fmt/core.h>

#include "text/analyzer.hpp"

namespace crier {
namespace {

constexpr std::uint32_t no_topic = UINT32_MAX;

std::string date_of(const Zone& zone, Time time) {
  return to_string(zone.to_local(time)).substr(0, 10);
}

}  // namespace

Replay::Replay(const Newsroom& running, const Newsroom* candidate, Time since, Time until)
    : running_{&running, {}, {}}, candidate_{candidate, {}, {}} {
  std::unordered_map<std::string, std::uint32_t> numbers;
  for (auto* side : {&running_, &candidate_}) {
    if (side->newsroom == nullptr) continue;
    const auto& book = *side->newsroom->book;
    side->topics.assign(book.rules().size(), no_topic);
    side->readers.reserve(book.subscribers().size());
    for (const auto subscriber : book.subscribers()) {
      const auto [known, is_new] =
          numbers.emplace(subscriber.id(), static_cast<std::uint32_t>(names_.size()));
      if (is_new) names_.push_back(known->first);
      side->readers.push_back(known->second);
    }
  }
  const auto& zone = running.site.zone;
  const auto last = date_of(zone, until - Duration(1));
  for (auto day = zone.to_local(since);; day = add_days(day, 1)) {
    const auto date = to_string(day).substr(0, 10);
    if (date > last) break;
    report_.days[date];
  }
}

std::uint32_t Replay::topic_of(Side& side, RulePosition rule) {
  auto& topic = side.topics[rule];
  if (topic != no_topic) return topic;
  auto name = side.newsroom->book->name_of(rule);
  const auto [known, is_new] = topics_.emplace(name, static_cast<std::uint32_t>(report_.topics.size()));
  if (is_new) report_.topics.push_back({std::move(name), {}, {}, {}});
  topic = known->second;
  return topic;
}

std::vector<Replay::Owed> Replay::owed(Side& side, const std::vector<RulePosition>& matched) {
  std::vector<Owed> out;
  for (const auto rule : matched) {
    const auto topic = topic_of(side, rule);
    const auto& book = *side.newsroom->book;
    for (const auto& subscription : book.rules()[rule].followers)
      for (const auto channel : subscription.channels)
        out.push_back(
            {side.readers[subscription.subscriber], book.editions()[subscription.edition], channel, topic});
  }
  std::ranges::sort(out);
  const auto repeated = std::ranges::unique(out);
  out.erase(repeated.begin(), repeated.end());
  return out;
}

void Replay::add(const Story& story, Time seen_at) {
  const auto analysed = analyze(story, running_.newsroom->site.language);
  ++report_.stories;
  auto& day = report_.days[date_of(running_.newsroom->site.zone, seen_at)];
  const auto matched = running_.newsroom->book->match(analysed);
  for (const auto rule : matched) ++report_.topics[topic_of(running_, rule)].count.running_stories;
  const auto running = owed(running_, matched);
  std::vector<Owed> candidate;
  if (candidate_.newsroom != nullptr) {
    const auto others = candidate_.newsroom->book->match(analysed);
    for (const auto rule : others) ++report_.topics[topic_of(candidate_, rule)].count.candidate_stories;
    candidate = owed(candidate_, others);
  }
  for (auto* count : {&report_.total, &day}) {
    count->running_stories += running.empty() ? 0 : 1;
    count->candidate_stories += candidate.empty() ? 0 : 1;
  }
  compare(running, candidate, day, story, seen_at);
}

void Replay::note(std::vector<ReplayExample>& examples, const Story& story, Time seen_at,
                  std::uint32_t reader) {
  constexpr std::size_t max_examples = 3;
  constexpr std::size_t max_subscribers = 5;
  if (examples.empty() || examples.back().story_id != story.id) {
    if (examples.size() == max_examples) return;
    examples.push_back({story.id, story.title, seen_at, 0, {}});
  }
  auto& example = examples.back();
  ++example.deliveries;
  const auto& name = names_[reader];
  auto& subscribers = example.subscribers;
  if (subscribers.size() < max_subscribers && std::ranges::find(subscribers, name) == subscribers.end())
    subscribers.emplace_back(name);
}

void Replay::compare(const std::vector<Owed>& running, const std::vector<Owed>& candidate, ReplayCount& day,
                     const Story& story, Time seen_at) {
  // One after the other, the deliveries of both sides: each is on one of them or on both.
  const auto end_of = [](const std::vector<Owed>& list, std::vector<Owed>::const_iterator begin) {
    return std::find_if(begin, list.end(), [&](const Owed& owed) { return !owed.is_same_delivery(*begin); });
  };
  const auto is_before = [](const Owed& a, const Owed& b) {
    return std::tie(a.reader, a.edition, a.channel) < std::tie(b.reader, b.edition, b.channel);
  };
  auto ours = running.begin();
  auto theirs = candidate.begin();
  while (ours != running.end() || theirs != candidate.end()) {
    const bool is_running =
        ours != running.end() && (theirs == candidate.end() || !is_before(*theirs, *ours));
    const bool is_candidate =
        theirs != candidate.end() && (ours == running.end() || !is_before(*ours, *theirs));
    const bool is_compared = candidate_.newsroom != nullptr;
    const bool is_alert = (is_running ? *ours : *theirs).edition.empty();
    for (auto* count : {&report_.total, &day}) {
      count->running += is_running ? 1 : 0;
      count->candidate += is_candidate ? 1 : 0;
      count->gained += is_candidate && !is_running ? 1 : 0;
      count->lost += is_compared && is_running && !is_candidate ? 1 : 0;
    }
    report_.running_alerts += is_running && is_alert ? 1 : 0;
    report_.candidate_alerts += is_candidate && is_alert ? 1 : 0;
    for (const auto end = is_running ? end_of(running, ours) : ours; ours != end; ++ours) {
      auto& topic = report_.topics[ours->topic];
      ++topic.count.running;
      if (is_candidate || !is_compared) continue;
      ++topic.count.lost;
      note(topic.lost, story, seen_at, ours->reader);
    }
    for (const auto end = is_candidate ? end_of(candidate, theirs) : theirs; theirs != end; ++theirs) {
      auto& topic = report_.topics[theirs->topic];
      ++topic.count.candidate;
      if (is_running) continue;
      ++topic.count.gained;
      note(topic.gained, story, seen_at, theirs->reader);
    }
  }
}

std::string rate_text(double per_day) {
  constexpr double days_a_week = 7;
  if (per_day <= 0) return "none";
  if (per_day >= 0.95) return fmt::format("about {:.0f} a day", std::round(per_day));
  const auto per_week = std::round(per_day * days_a_week);
  return per_week >= 1 ? fmt::format("about {:.0f} a week", per_week) : "less than one a week";
}

}  // namespace crier
