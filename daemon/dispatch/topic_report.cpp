#include "dispatch/topic_report.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include "text/analyzer.hpp"

namespace crier {
namespace {

std::size_t count_followers(const FollowedRule& rule) {
  std::set<std::uint32_t> followers;
  for (const auto subscription : rule.followers) followers.insert(subscription.subscriber);
  return followers.size();
}

}  // namespace

TopicReport::TopicReport(const Newsroom& newsroom) : newsroom_(newsroom) {
  const auto& book = *newsroom.book;
  for (const auto& rule : book.rules()) {
    TopicRecord record;
    record.is_topic = !rule.topic.empty();
    record.name = book.name_of(static_cast<RulePosition>(topics_.size()));
    record.followers = count_followers(rule);
    topics_.push_back(std::move(record));
  }
}

void TopicReport::add(const Story& story, Time seen_at) {
  constexpr std::size_t max_unheard = 20;
  ++stories_;
  bool is_heard = false;
  const auto analysed = analyze(story, newsroom_.site.language);
  newsroom_.book->registry()->index().learn(analysed);
  for (const auto rule : newsroom_.book->match(analysed)) {
    auto& topic = topics_[rule];
    ++topic.stories;
    topic.last_match = seen_at;
    topic.last_title = story.title;
    is_heard = is_heard || topic.followers > 0;
  }
  if (is_heard) return;
  ++unheard_count_;
  if (unheard_.size() == max_unheard) unheard_.erase(unheard_.begin());
  unheard_.push_back({story.id, story.title, seen_at});
}

void TopicReport::weigh() {
  const auto& book = *newsroom_.book;
  const auto& index = book.registry()->index();
  index.reanchor(index.size());
  for (std::size_t i = 0; i < topics_.size(); ++i)
    topics_[i].cost = index.cost(book.rules()[i].hold.id()).postings;
}

std::vector<std::size_t> TopicReport::costliest(std::size_t most) const {
  std::vector<std::size_t> order(topics_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(most, order.size()));
  std::partial_sort(order.begin(), end, order.end(), [this](std::size_t a, std::size_t b) {
    return std::pair(topics_[b].cost, a) < std::pair(topics_[a].cost, b);
  });
  order.erase(end, order.end());
  return order;
}

}  // namespace crier
