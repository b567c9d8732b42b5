#include "audience/subscriber_book.hpp"

#include <numeric>

#include "db/sqlite.hpp"

namespace crier {

SubscriberBook::SubscriberBook(std::vector<Subscriber> subscribers, std::vector<FollowedRule> rules)
    : subscribers_(std::move(subscribers)), rules_(std::move(rules)) {
  for (std::uint32_t i = 0; i < rules_.size(); ++i) index_.add(i, rules_[i].rule);
  for (std::uint32_t i = 0; i < subscribers_.size(); ++i) by_id_.emplace(subscribers_[i].id, i);
  std::vector<std::uint32_t> numbers(subscribers_.size());
  std::iota(numbers.begin(), numbers.end(), 1U);
  assign_numbers(std::move(numbers));
}

const Subscriber* SubscriberBook::find(std::string_view id) const {
  const auto found = by_id_.find(std::string(id));
  return found == by_id_.end() ? nullptr : &subscribers_[found->second];
}

std::string SubscriberBook::name_of(RuleId rule) const {
  const auto& followed = rules_.at(rule);
  if (!followed.topic.empty() || followed.followers.empty()) return followed.topic;
  return subscribers_[followed.followers.front().subscriber].id + ": " + followed.title;
}

void SubscriberBook::assign_numbers(std::vector<std::uint32_t> numbers) {
  numbers_ = std::move(numbers);
  by_number_.clear();
  for (std::uint32_t i = 0; i < numbers_.size(); ++i) by_number_.emplace(numbers_[i], i);
}

void SubscriberBook::give_webhook_secret(std::uint32_t subscriber, std::string key) {
  subscribers_.at(subscriber).webhook_secrets.push_back(std::move(key));
}

const Subscriber* SubscriberBook::by_number(std::uint32_t number) const {
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : &subscribers_[found->second];
}

std::vector<std::uint32_t> subscriber_numbers(Sqlite& db, const std::vector<Subscriber>& subscribers) {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(subscribers.size());
  for (const auto& subscriber : subscribers) {
    db.query("INSERT INTO subscriber_number (id) VALUES (?) ON CONFLICT (id) DO NOTHING")
        .bind(0, subscriber.id)
        .run();
    auto row = db.query("SELECT number FROM subscriber_number WHERE id = ?");
    row.bind(0, subscriber.id);
    row.step();
    numbers.push_back(static_cast<std::uint32_t>(row.integer(0)));
  }
  return numbers;
}

}  // namespace crier
