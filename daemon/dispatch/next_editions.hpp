// Next editions: which edition comes first of those that a reader gets by a channel. A table of the whole
// book, made when it is first needed; about 10 ns a subscription.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "dispatch/newsroom.hpp"

namespace crier {

class NextEditions {
 public:
  NextEditions(const std::shared_ptr<const Newsroom>& newsroom, Time now);

  /// Whether it is made of this newsroom, and no edition was due since.
  bool holds(const std::shared_ptr<const Newsroom>& newsroom, Time now) const {
    return newsroom == newsroom_.lock() && now < until_;
  }
  /// `newsroom`: the one that it is made of; `number`: the outbox's. For who gets no edition by the channel
  /// the newsroom's late_edition; nullptr when there is none.
  const Edition* of(const Newsroom& newsroom, std::uint32_t number, ChannelKind channel) const;

 private:
  std::weak_ptr<const Newsroom> newsroom_;  // does not keep a former configuration
  Time until_ = Time::max();
  std::vector<const Edition*> in_order_;  // the next one first
  // By channel and index into the book: place in `in_order_`, whose size stands for none.
  std::array<std::vector<std::uint16_t>, all_channels.size()> first_;
};

}  // namespace crier
