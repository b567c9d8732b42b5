// The webhook channel: a signed JSON event for a machine. On the loop.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "channel/channel.hpp"
#include "channel/webhook.hpp"

namespace crier {

/// What is sent to all readers of a letter alike, `{"type", "timestamp", "data"}`: "story.published" or
/// "edition.published". Links rather than embeds: no bodies, at most 100 stories.
struct WebhookForm {
  std::string before;  ///< the subscriber's id
  std::string after;

  /// What is to be signed and sent.
  std::string body_for(std::string_view subscriber) const;
};
/// Pure.
Result<WebhookForm> prepare_webhook(const Letter& letter);

/// What a receiver knows the delivery by; equal on every attempt.
std::string webhook_id(const Outgoing& message);

class WebhookChannel final : public Channel {
 public:
  /// `sender` outlives this.
  WebhookChannel(WebhookSender& sender, unsigned connections);

  ChannelKind kind() const override { return ChannelKind::webhook; }
  /// While the outcomes of as many are recorded, the connections have others to carry.
  unsigned concurrency() const override { return 2 * connections_; }
  /// A repeat has the same webhook-id.
  bool recognises_repeats() const override { return true; }
  bool has_one_service() const override { return false; }
  std::span<const Duration> retry_steps() const override;
  void wind_up(Duration patience) override { sender_.wind_up(patience); }
  boost::asio::awaitable<std::vector<Outcome>> send(std::span<const Outgoing> messages) override;

 private:
  struct Prepared {
    std::shared_ptr<const Letter> letter;
    Result<WebhookForm> form;
  };

  const Result<WebhookForm>& form_of(const std::shared_ptr<const Letter>& letter);

  WebhookSender& sender_;
  unsigned connections_;
  std::deque<Prepared> prepared_;  // the newest first
};

}  // namespace crier
