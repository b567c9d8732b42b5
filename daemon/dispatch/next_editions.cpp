#include "dispatch/next_editions.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
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
  std::unordered_map<std::string_view, std::uint16_t> places;
  for (const auto& [at, edition] : editions) {
    places.emplace(edition->name, static_cast<std::uint16_t>(in_order_.size()));
    in_order_.push_back(edition);
  }
  const auto& book = *newsroom->book;
  for (auto& first : first_)
    first.assign(book.subscribers().size(), static_cast<std::uint16_t>(in_order_.size()));
  for (const auto& rule : book.rules()) {
    for (const auto& subscription : rule.followers) {
      const auto place = places.find(subscription.edition);
      if (place == places.end()) continue;  // an alert
      for (const auto channel : subscription.channels) {
        auto& first = first_[static_cast<std::size_t>(channel)][subscription.subscriber];
        first = std::min(first, place->second);
      }
    }
  }
}

const Edition* NextEditions::of(const Newsroom& newsroom, std::uint32_t number, ChannelKind channel) const {
  const auto& book = *newsroom.book;
  const auto* subscriber = book.by_number(number);
  if (subscriber == nullptr) return nullptr;
  const auto index = static_cast<std::size_t>(subscriber - book.subscribers().data());
  const auto place = first_[static_cast<std::size_t>(channel)][index];
  return place < in_order_.size() ? in_order_[place] : newsroom.find_edition(newsroom.late_edition);
}

}  // namespace crier
