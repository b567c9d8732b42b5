#include "audience/subscriber_book.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "db/sqlite.hpp"
#include "match/query_parser.hpp"

namespace crier {

SubscriberBook::SubscriberBook(Subscribers subscribers, std::vector<FollowedRule> rules,
                               std::vector<std::string> editions, bool stemming,
                               std::shared_ptr<RuleRegistry> registry)
    : stemming_(stemming),
      registry_(registry ? std::move(registry) : std::make_shared<RuleRegistry>()),
      subscribers_(std::move(subscribers)),
      rules_(std::move(rules)),
      editions_(std::move(editions)),
      numbers_(SubscriberNumbers::in_order(subscribers_.size())) {
  editions_.insert(editions_.begin(), std::string());
  subscribers_.fit();
  for (RulePosition i = 0; i < rules_.size(); ++i)
    if (!rules_[i].hold) rules_[i].hold = registry_->hold(rule_of(i));
  for (auto& rule : rules_) rule.followers.fit();
  list_positions();
}

SubscriberBook::~SubscriberBook() {
  // With the last book goes the index: nobody needs to take its rules out one by one.
  if (registry_.use_count() == 1) registry_->abandon();
}

void SubscriberBook::list_positions() {
  RuleId end = 0;
  for (const auto& rule : rules_) end = std::max(end, rule.hold.id() + 1);
  starts_.assign(end + 1, 0);
  for (const auto& rule : rules_) ++starts_[rule.hold.id() + 1];
  std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
  positions_.resize(rules_.size());
  auto next = starts_;
  for (RulePosition i = 0; i < rules_.size(); ++i) positions_[next[rules_[i].hold.id()]++] = i;
}

std::vector<RulePosition> SubscriberBook::match(const AnalyzedStory& story) const {
  std::vector<RulePosition> out;
  for (const auto id : registry_->index().match(story)) {
    if (id + 1 >= starts_.size()) break;
    out.insert(out.end(), positions_.begin() + starts_[id], positions_.begin() + starts_[id + 1]);
  }
  std::ranges::sort(out);
  return out;
}

Rule SubscriberBook::rule_of(RulePosition rule) const {
  const auto& followed = rules_.at(rule);
  if (followed.rule) return *followed.rule;
  return read_query(followed.title, {stemming_, {}}).value();
}

std::vector<RuleId> SubscriberBook::rule_ids() const {
  std::vector<RuleId> ids;
  for (RuleId id = 0; id + 1 < starts_.size(); ++id)
    if (starts_[id] != starts_[id + 1]) ids.push_back(id);
  return ids;
}

std::string SubscriberBook::name_of(RulePosition rule) const {
  const auto& followed = rules_.at(rule);
  if (!followed.topic.empty() || followed.followers.empty()) return followed.topic;
  const auto first = (*followed.followers.begin()).subscriber;
  const bool is_shared = std::ranges::any_of(
      followed.followers, [&](const Subscription& subscription) { return subscription.subscriber != first; });
  return subscribers_[first].id() + (is_shared ? " and others: " : ": ") + followed.title;
}

void SubscriberBook::assign_numbers(std::vector<std::uint32_t> numbers) {
  numbers_ = SubscriberNumbers(std::move(numbers));
}

void SubscriberBook::give_webhook_secret(std::uint32_t subscriber, std::string_view key) {
  subscribers_.add_webhook_secret(subscriber, key);
}

std::optional<Subscriber> SubscriberBook::by_number(std::uint32_t number) const {
  const auto found = numbers_.find(number);
  return found ? std::optional(subscribers_[*found]) : std::nullopt;
}

RuleDifference difference(const SubscriberBook& former, const SubscriberBook& fresh) {
  const auto before = former.rule_ids();
  const auto after = fresh.rule_ids();
  RuleDifference out;
  if (former.registry() != fresh.registry()) return {after.size(), before.size()};
  std::vector<RuleId> both;
  std::ranges::set_intersection(before, after, std::back_inserter(both));
  out.added = after.size() - both.size();
  out.removed = before.size() - both.size();
  return out;
}

std::vector<std::uint32_t> subscriber_numbers(Sqlite& db, const SubscriberBook& book) {
  const auto& subscribers = book.subscribers();
  std::vector<std::uint32_t> numbers(subscribers.size(), 0);
  // One walk over the table costs less than a million look-ups.
  auto rows = db.query("SELECT id, number FROM subscriber_number ORDER BY number");
  std::uint32_t next = 0;  // most were numbered in the order of the book
  while (rows.step()) {
    const auto subscriber = subscribers.find(rows.text(0), next);
    if (!subscriber) continue;
    numbers[subscriber->index()] = static_cast<std::uint32_t>(rows.integer(1));
    next = subscriber->index() + 1;
  }
  std::vector<std::uint32_t> missing;
  for (std::uint32_t i = 0; i < subscribers.size(); ++i)
    if (numbers[i] == 0) missing.push_back(i);
  add_subscriber_numbers(db, book, missing, numbers);
  return numbers;
}

std::vector<std::uint32_t> take_numbers(const SubscriberBook& former, const SubscriberBook& fresh,
                                        std::vector<std::uint32_t>& numbers) {
  std::vector<std::uint32_t> unknown;
  numbers.assign(fresh.subscribers().size(), 0);
  std::uint32_t next = 0;  // most follow whom they followed
  for (const auto subscriber : fresh.subscribers()) {
    const auto known = former.subscribers().find(subscriber.id(), next);
    if (known) {
      numbers[subscriber.index()] = former.number_of(known->index());
      next = known->index() + 1;
    } else {
      unknown.push_back(subscriber.index());
    }
  }
  return unknown;
}

void add_subscriber_numbers(Sqlite& db, const SubscriberBook& book,
                            std::span<const std::uint32_t> subscribers, std::vector<std::uint32_t>& numbers) {
  for (const auto subscriber : subscribers) {
    const auto id = book.subscribers()[subscriber].id();
    db.query("INSERT INTO subscriber_number (id) VALUES (?) ON CONFLICT (id) DO NOTHING").bind(0, id).run();
    auto row = db.query("SELECT number FROM subscriber_number WHERE id = ?");
    row.bind(0, id);
    row.step();
    numbers[subscriber] = static_cast<std::uint32_t>(row.integer(0));
  }
}

}  // namespace crier
