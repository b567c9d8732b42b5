#include "audience/followers.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "base/varint.hpp"

namespace crier {

Followers::Followers(std::vector<Subscription> subscriptions) {
  std::ranges::stable_sort(subscriptions, {}, &Subscription::subscriber);
  for (const auto& each : subscriptions) push_back(each);
}

void Followers::push_back(const Subscription& subscription) {
  if (subscription.subscriber < last_.subscriber)
    throw std::invalid_argument("followers are to ascend by subscriber");
  const auto& [subscriber, edition, channels] = subscription;
  const bool differs = edition != last_.edition || channels != last_.channels;
  append_varint(bytes_, std::uint64_t{subscriber - last_.subscriber} * 2 + (differs ? 1 : 0));
  if (differs) {
    bytes_.append(reinterpret_cast<const char*>(&edition), sizeof edition);
    bytes_.append(reinterpret_cast<const char*>(&channels), sizeof channels);
  }
  last_ = subscription;
}

void Followers::Iterator::read() {
  if (at_ == end_) return;
  const auto value = read_varint(next_);
  auto& [subscriber, edition, channels] = subscription_;
  subscriber += static_cast<std::uint32_t>(value / 2);
  if (value % 2 == 0) return;
  std::memcpy(&edition, std::exchange(next_, next_ + sizeof edition), sizeof edition);
  std::memcpy(&channels, std::exchange(next_, next_ + sizeof channels), sizeof channels);
}

}  // namespace crier
