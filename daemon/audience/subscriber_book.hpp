// The subscriber book: who follows which rule, and how. An immutable snapshot, built from the
// configuration and swapped whole on reload; the rule index inside is rebuilt with it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "audience/subscriber.hpp"
#include "match/rule.hpp"
#include "match/rule_index.hpp"

namespace crier {

/// One subscriber follows one rule.
struct Subscription {
  std::uint32_t subscriber = 0;  ///< index into the book
  std::string edition;           ///< empty = an alert at once
  std::vector<ChannelKind> channels;
};

/// A rule and its followers. Topics are rules with a name that many follow; an own rule has one follower.
struct FollowedRule {
  std::string topic;  ///< its name; empty for a subscriber's own rule
  std::string title;  ///< "China and Russia"; the query's text for an own rule
  Rule rule;
  std::vector<Subscription> followers;

  /// What the commands call it: the topic, or the query.
  const std::string& name() const { return topic.empty() ? title : topic; }
};

class SubscriberBook {
 public:
  SubscriberBook() = default;
  SubscriberBook(std::vector<Subscriber> subscribers, std::vector<FollowedRule> rules);

  const std::vector<Subscriber>& subscribers() const { return subscribers_; }
  const std::vector<FollowedRule>& rules() const { return rules_; }
  /// Rule ids of the index are positions in rules().
  const RuleIndex& index() const { return index_; }

  const Subscriber* find(std::string_view id) const;
  /// How lists of rules call one: the topic's name, or "SUBSCRIBER: QUERY".
  std::string name_of(RuleId rule) const;

  /// Numbers under which the outbox knows the subscribers; until they are given, the order of the book.
  void assign_numbers(std::vector<std::uint32_t> numbers);
  /// For a webhook endpoint whose secret was not configured; before the book is shared.
  void give_webhook_secret(std::uint32_t subscriber, std::string key);
  std::uint32_t number_of(std::uint32_t subscriber) const { return numbers_.at(subscriber); }
  /// nullptr when the number belongs to nobody any more.
  const Subscriber* by_number(std::uint32_t number) const;

 private:
  std::vector<Subscriber> subscribers_;
  std::vector<FollowedRule> rules_;
  RuleIndex index_;
  std::vector<std::uint32_t> numbers_;
  std::unordered_map<std::uint32_t, std::uint32_t> by_number_;
  std::unordered_map<std::string, std::uint32_t> by_id_;
};

class Sqlite;

/// The stored number of each subscriber, in the order of the book; new ones get one. In a database job.
std::vector<std::uint32_t> subscriber_numbers(Sqlite& db, const std::vector<Subscriber>& subscribers);

}  // namespace crier
