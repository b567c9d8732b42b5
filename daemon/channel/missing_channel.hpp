// MissingChannel: stands for a channel that the configuration does not have (any more). What is still owed on
// it waits for the channel to come back, and fails with that reason when it expires.
#pragma once

#include "channel/channel.hpp"

namespace crier {

class MissingChannel final : public Channel {
 public:
  explicit MissingChannel(ChannelKind kind) : kind_(kind) {}

  ChannelKind kind() const override { return kind_; }
  bool is_there() const override { return false; }
  unsigned concurrency() const override { return 1; }
  bool recognises_repeats() const override { return true; }
  bool has_one_service() const override { return true; }
  std::span<const Duration> retry_steps() const override;

  /// Always to be tried again.
  boost::asio::awaitable<std::vector<Outcome>> send(std::span<const Outgoing> messages) override;

 private:
  ChannelKind kind_;
};

}  // namespace crier
