// Followers: the subscriptions to one rule, ascending by subscriber, in a byte or two each: how far the
// subscriber is from the one before and, where they are others than that one's, edition and channels. For one
// thread while it is added to, then for many that only read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <vector>

#include "audience/subscriber.hpp"

namespace crier {

/// A position in SubscriberBook::editions().
using EditionPosition = std::uint16_t;

/// One subscriber follows one rule.
struct Subscription {
  std::uint32_t subscriber = 0;  ///< index into the book
  EditionPosition edition = 0;   ///< 0 = an alert at once
  ChannelSet channels;

  bool is_alert() const { return edition == 0; }
  bool operator==(const Subscription&) const = default;
};

class Followers {
 public:
  /// Valid while nothing is added.
  class Iterator {
   public:
    using iterator_concept = std::forward_iterator_tag;
    using value_type = Subscription;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Subscription operator*() const { return subscription_; }
    Iterator& operator++() {
      at_ = next_;
      read();
      return *this;
    }
    Iterator operator++(int) {
      auto before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    friend class Followers;
    Iterator(const std::uint8_t* begin, const std::uint8_t* end) : at_(begin), next_(begin), end_(end) {
      read();
    }
    void read();

    const std::uint8_t* at_ = nullptr;
    const std::uint8_t* next_ = nullptr;
    const std::uint8_t* end_ = nullptr;
    Subscription subscription_;  // the one at `at_`
  };

  Followers() = default;
  /// In any order; those of one subscriber stay in theirs.
  Followers(std::vector<Subscription> subscriptions);
  Followers(std::initializer_list<Subscription> subscriptions)
      : Followers(std::vector<Subscription>(subscriptions)) {}

  /// Throws std::invalid_argument when the subscriber comes before the last one.
  void push_back(const Subscription& subscription);
  /// When nobody more comes: gives back the memory that was taken in advance.
  void fit() { bytes_.shrink_to_fit(); }

  bool empty() const { return bytes_.empty(); }
  Iterator begin() const { return {first(), past_last()}; }
  Iterator end() const { return {past_last(), past_last()}; }

 private:
  const std::uint8_t* first() const { return reinterpret_cast<const std::uint8_t*>(bytes_.data()); }
  const std::uint8_t* past_last() const { return first() + bytes_.size(); }

  // Each: twice the difference as a varint, plus one where edition and channels follow.
  std::string bytes_;
  Subscription last_;
};

}  // namespace crier
