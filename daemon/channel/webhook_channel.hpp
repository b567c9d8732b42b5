// The webhook channel: a signed JSON event for a machine. On the loop.
#pragma once

#include "channel/channel.hpp"
#include "channel/webhook.hpp"

namespace crier {

/// The body to sign and send, `{"type", "timestamp", "data"}`: "story.published" or "edition.published".
/// Links rather than embeds: no bodies, at most 100 stories. Pure.
Result<std::string> compose_webhook(const Outgoing& message);

/// What a receiver knows the delivery by; equal on every attempt.
std::string webhook_id(const Outgoing& message);

class WebhookChannel final : public Channel {
 public:
  /// `sender` outlives this.
  WebhookChannel(WebhookSender& sender, unsigned connections);

  ChannelKind kind() const override { return ChannelKind::webhook; }
  unsigned concurrency() const override { return connections_; }
  /// A repeat has the same webhook-id.
  bool recognises_repeats() const override { return true; }
  bool has_one_service() const override { return false; }
  std::span<const Duration> retry_steps() const override;
  boost::asio::awaitable<std::vector<Outcome>> send(std::span<const Outgoing> messages) override;

 private:
  boost::asio::awaitable<Outcome> send_one(const Outgoing& message);

  WebhookSender& sender_;
  unsigned connections_;
};

}  // namespace crier
