#include "dispatch/next_editions.hpp"

#include <algorithm>
#include <utility>

namespace crier {

NextEditions::NextEditions(const std::shared_ptr<const Newsroom>& newsroom, Time now) : newsroom_(newsroom) {
  std::vector<std::pair<Time, const Edition*>> editions;
  for (const auto& edition : newsroom->editions) {
    const auto next = next_occurrences(edition.recurrence, now, 1);
    editions.emplace_back(next.empty() ? Time::max() : next.front().at, &edition);
  }
  std::ranges::stable_sort(editions, {}, [](const auto& edition) { return edition.first; });
  if (!editions.empty()) until_ = editions.front().first;
  for (const auto& [at, edition] : editions) in_order_.push_back(edition);
  const auto& book = *newsroom->book;
  std::vector<std::uint16_t> places;  // by position in the book; of alerts none
  for (const auto& name : book.editions())
    places.push_back(
        static_cast<std::uint16_t>(std::ranges::find(in_order_, name, &Edition::name) - in_order_.begin()));
  for (auto& first : first_)
    first.assign(book.subscribers().size(), static_cast<std::uint16_t>(in_order_.size()));
  for (const auto& rule : book.rules()) {
    for (const auto subscription : rule.followers) {
      for (const auto channel : subscription.channels) {
        auto& first = first_[static_cast<std::size_t>(channel)][subscription.subscriber];
        first = std::min(first, places[subscription.edition]);
      }
    }
  }
}

const Edition* NextEditions::of(const Newsroom& newsroom, std::uint32_t number, ChannelKind channel) const {
  const auto& book = *newsroom.book;
  const auto subscriber = book.by_number(number);
  if (!subscriber) return nullptr;
  const auto place = first_[static_cast<std::size_t>(channel)][subscriber->index()];
  return place < in_order_.size() ? in_order_[place] : newsroom.find_edition(newsroom.late_edition);
}

}  // namespace crier
