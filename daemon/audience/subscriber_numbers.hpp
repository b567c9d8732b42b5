// SubscriberNumbers: under which number the outbox knows each subscriber of a book, and whom by a number.
// Takes nothing while the numbers count up one by one, four bytes a subscriber while they ascend, else eight.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace crier {

class SubscriberNumbers {
 public:
  /// `numbers`: of each subscriber, in the order of the book; all different.
  explicit SubscriberNumbers(std::vector<std::uint32_t> numbers);
  /// `count` subscribers, from number 1.
  static SubscriberNumbers in_order(std::uint32_t count);

  /// By index into the book, which is below the count.
  std::uint32_t of(std::uint32_t index) const { return numbers_.empty() ? first_ + index : numbers_[index]; }
  /// The index; nullopt when the number belongs to nobody.
  std::optional<std::uint32_t> find(std::uint32_t number) const;

 private:
  SubscriberNumbers() = default;

  std::uint32_t count_ = 0;
  std::uint32_t first_ = 1;
  std::vector<std::uint32_t> numbers_;    // by index; empty while they count up from the first
  std::vector<std::uint32_t> by_number_;  // indexes, by their number; empty while that is their order
};

}  // namespace crier
