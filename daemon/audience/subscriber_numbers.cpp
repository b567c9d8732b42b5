#include "audience/subscriber_numbers.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <ranges>
#include <utility>

namespace crier {

SubscriberNumbers::SubscriberNumbers(std::vector<std::uint32_t> numbers)
    : count_(static_cast<std::uint32_t>(numbers.size())) {
  if (numbers.empty()) return;
  first_ = numbers.front();
  const bool ascends = std::ranges::adjacent_find(numbers, std::ranges::greater_equal{}) == numbers.end();
  if (ascends && numbers.back() - first_ == count_ - 1) return;
  numbers_ = std::move(numbers);
  numbers_.shrink_to_fit();
  if (ascends) return;
  by_number_.resize(count_);
  std::iota(by_number_.begin(), by_number_.end(), 0U);
  std::ranges::sort(by_number_, {}, [this](std::uint32_t index) { return numbers_[index]; });
}

SubscriberNumbers SubscriberNumbers::in_order(std::uint32_t count) {
  SubscriberNumbers numbers;
  numbers.count_ = count;
  return numbers;
}

std::optional<std::uint32_t> SubscriberNumbers::find(std::uint32_t number) const {
  if (count_ == 0) return std::nullopt;
  const auto ranked = [this](std::uint32_t rank) { return by_number_.empty() ? rank : by_number_[rank]; };
  const auto least = of(ranked(0));
  if (number < least) return std::nullopt;
  // Numbers are given in order: most stand where counting from the least one leads, none behind that.
  const auto counted = number - least;
  if (counted < count_ && of(ranked(counted)) == number) return ranked(counted);
  const auto ranks = std::views::iota(0U, std::min(counted, count_));
  const auto found =
      std::ranges::lower_bound(ranks, number, {}, [&](std::uint32_t rank) { return of(ranked(rank)); });
  return found == ranks.end() || of(ranked(*found)) != number ? std::nullopt : std::optional(ranked(*found));
}

}  // namespace crier
