// The subscriber book: who follows which rule, and how. An immutable snapshot, built from the configuration
// and swapped whole on reload. It holds its rules in a registry, whose index it may share with the books
// before and after it: what it does not know there it ignores.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audience/subscriber.hpp"
#include "base/position_table.hpp"
#include "match/rule.hpp"
#include "match/rule_registry.hpp"

namespace crier {

/// One subscriber follows one rule.
struct Subscription {
  std::uint32_t subscriber = 0;  ///< index into the book
  std::string_view edition;      ///< empty = an alert at once; within a book its own
  ChannelSet channels;
};

/// A rule and its followers. A topic is a rule with a name; own rules that read the same are one.
struct FollowedRule {
  std::string topic;         ///< its name; empty for subscribers' own rules
  std::string title;         ///< "China and Russia"; the query's text for an own rule
  std::optional<Rule> rule;  ///< absent for an own rule that `title` says whole: see SubscriberBook::rule_of
  std::vector<Subscription> followers;  ///< in a book ascending by subscriber
  RuleHold hold{};  ///< taken by the book where it is missing

  /// What the commands call it: the topic, or the query.
  const std::string& name() const { return topic.empty() ? title : topic; }
};

/// A position in SubscriberBook::rules().
using RulePosition = std::uint32_t;

class SubscriberBook {
 public:
  SubscriberBook() : SubscriberBook({}, {}) {}
  /// `stemming` is that of own rules without a tree. Without a registry it gets one of its own. Throws
  /// std::length_error as RuleIndex::add does.
  SubscriberBook(std::vector<Subscriber> subscribers, std::vector<FollowedRule> rules, bool stemming = true,
                 std::shared_ptr<RuleRegistry> registry = nullptr);
  ~SubscriberBook();
  SubscriberBook(const SubscriberBook&) = delete;
  SubscriberBook& operator=(const SubscriberBook&) = delete;

  const std::vector<Subscriber>& subscribers() const { return subscribers_; }
  const std::vector<FollowedRule>& rules() const { return rules_; }
  bool stemming() const { return stemming_; }
  const std::shared_ptr<RuleRegistry>& registry() const { return registry_; }

  /// The rules that are true of the story, ascending.
  std::vector<RulePosition> match(const AnalyzedStory& story) const;
  /// The rule itself; a query is read anew, which takes microseconds.
  Rule rule_of(RulePosition rule) const;
  /// The ids, in the registry, of all rules, ascending, each once.
  std::vector<RuleId> rule_ids() const;

  const Subscriber* find(std::string_view id) const;
  /// How lists of rules call one: the topic's name, or "SUBSCRIBER: QUERY", "SUBSCRIBER and others:
  /// QUERY".
  std::string name_of(RulePosition rule) const;

  /// Numbers under which the outbox knows the subscribers; until they are given, the order of the book.
  void assign_numbers(std::vector<std::uint32_t> numbers);
  /// For a webhook endpoint whose secret was not configured; before the book is shared.
  void give_webhook_secret(std::uint32_t subscriber, std::string key);
  std::uint32_t number_of(std::uint32_t subscriber) const { return numbers_.at(subscriber); }
  /// nullptr when the number belongs to nobody any more.
  const Subscriber* by_number(std::uint32_t number) const;

 private:
  void keep_followers();
  void list_positions();

  bool stemming_;
  std::shared_ptr<RuleRegistry> registry_;  // before the rules, which hold theirs in it
  std::set<std::string, std::less<>> editions_;
  std::vector<Subscriber> subscribers_;
  std::vector<FollowedRule> rules_;
  // Which positions have rule id i: positions_[starts_[i]] up to positions_[starts_[i + 1]].
  std::vector<std::uint32_t> starts_;
  std::vector<RulePosition> positions_;
  PositionTable by_id_;
  std::vector<std::uint32_t> numbers_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> by_number_;  // number, index; ascending
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
