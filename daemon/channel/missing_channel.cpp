#include "channel/missing_channel.hpp"

#include <array>

namespace crier {

std::span<const Duration> MissingChannel::retry_steps() const {
  static constexpr std::array<Duration, 1> steps{std::chrono::minutes(5)};
  return steps;
}

boost::asio::awaitable<std::vector<Outcome>> MissingChannel::send(std::span<const Outgoing> messages) {
  Outcome outcome;
  outcome.reason = "channel not configured";
  co_return std::vector<Outcome>(messages.size(), outcome);
}

}  // namespace crier
