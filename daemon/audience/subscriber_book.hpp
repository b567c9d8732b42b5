// The subscriber book: who follows which rule, and how. An immutable snapshot, built from the configuration
// and swapped whole on reload. It holds its rules in a registry, whose index it may share with the books
// before and after it: what it does not know there it ignores.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audience/followers.hpp"
#include "audience/subscriber_numbers.hpp"
#include "audience/subscribers.hpp"
#include "match/rule.hpp"
#include "match/rule_registry.hpp"

namespace crier {

/// A rule and its followers. A topic is a rule with a name; own rules that read the same are one.
struct FollowedRule {
  std::string topic;         ///< its name; empty for subscribers' own rules
  std::string title;         ///< "China and Russia"; the query's text for an own rule
  std::optional<Rule> rule;  ///< absent for an own rule that `title` says whole: see SubscriberBook::rule_of
  Followers followers;
  RuleHold hold{};  ///< taken by the book where it is missing

  /// What the commands call it: the topic, or the query.
  const std::string& name() const { return topic.empty() ? title : topic; }
};

/// A position in SubscriberBook::rules().
using RulePosition = std::uint32_t;

class SubscriberBook {
 public:
  SubscriberBook() : SubscriberBook({}, {}) {}
  /// `editions`: the names of those that are followed, ascending. `stemming` is that of own rules without a
  /// tree. Without a registry it gets one of its own. Throws std::length_error as RuleIndex::add does.
  SubscriberBook(Subscribers subscribers, std::vector<FollowedRule> rules,
                 std::vector<std::string> editions = {}, bool stemming = true,
                 std::shared_ptr<RuleRegistry> registry = nullptr);
  ~SubscriberBook();
  SubscriberBook(const SubscriberBook&) = delete;
  SubscriberBook& operator=(const SubscriberBook&) = delete;

  const Subscribers& subscribers() const { return subscribers_; }
  const std::vector<FollowedRule>& rules() const { return rules_; }
  /// The names of the editions that subscriptions are in, ascending; the first, which is empty, is none.
  const std::vector<std::string>& editions() const { return editions_; }
  bool stemming() const { return stemming_; }
  const std::shared_ptr<RuleRegistry>& registry() const { return registry_; }

  /// The rules that are true of the story, ascending.
  std::vector<RulePosition> match(const AnalyzedStory& story) const;
  /// The rule itself; a query is read anew, which takes microseconds.
  Rule rule_of(RulePosition rule) const;
  /// The ids, in the registry, of all rules, ascending, each once.
  std::vector<RuleId> rule_ids() const;

  std::optional<Subscriber> find(std::string_view id) const { return subscribers_.find(id); }
  /// How lists of rules call one: the topic's name, or "SUBSCRIBER: QUERY", "SUBSCRIBER and others:
  /// QUERY".
  std::string name_of(RulePosition rule) const;

  /// Numbers under which the outbox knows the subscribers; until they are given, the order of the book.
  void assign_numbers(std::vector<std::uint32_t> numbers);
  /// For a webhook endpoint whose secret was not configured; before the book is shared.
  void give_webhook_secret(std::uint32_t subscriber, std::string_view key);
  std::uint32_t number_of(std::uint32_t subscriber) const { return numbers_.of(subscriber); }
  /// nullopt when the number belongs to nobody any more.
  std::optional<Subscriber> by_number(std::uint32_t number) const;

 private:
  void list_positions();

  bool stemming_;
  std::shared_ptr<RuleRegistry> registry_;  // before the rules, which hold theirs in it
  Subscribers subscribers_;
  std::vector<FollowedRule> rules_;
  std::vector<std::string> editions_;
  // Which positions have rule id i: positions_[starts_[i]] up to positions_[starts_[i + 1]].
  std::vector<std::uint32_t> starts_;
  std::vector<RulePosition> positions_;
  SubscriberNumbers numbers_;
};

/// What a fresh book does to the rules of the index that it shares with the former one.
struct RuleDifference {
  std::size_t added = 0;
  std::size_t removed = 0;
};
RuleDifference difference(const SubscriberBook& former, const SubscriberBook& fresh);

class Sqlite;

/// The stored number of each subscriber, in the order of the book; new ones get one. In a database job.
std::vector<std::uint32_t> subscriber_numbers(Sqlite& db, const SubscriberBook& book);
/// Gives `numbers` those of the former book; returns the subscribers of the fresh one that it does not know.
std::vector<std::uint32_t> take_numbers(const SubscriberBook& former, const SubscriberBook& fresh,
                                        std::vector<std::uint32_t>& numbers);
/// The stored numbers of some of the subscribers, as subscriber_numbers.
void add_subscriber_numbers(Sqlite& db, const SubscriberBook& book,
                            std::span<const std::uint32_t> subscribers, std::vector<std::uint32_t>& numbers);

}  // namespace crier
