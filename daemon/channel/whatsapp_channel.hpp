// The WhatsApp channel: fills the approved template and posts it to the Cloud API. On the loop.
#pragma once

#include "channel/channel.hpp"
#include "channel/whatsapp.hpp"

namespace crier {

/// How stories fill the template that Meta has approved.
struct WhatsAppTemplate {
  std::string name;
  std::string language;
  std::vector<std::string> parameters;  ///< of the body, in order: "title", "summary", "reason", "url"
  std::string button_prefix;            ///< the approved beginning of the button's URL; empty = no button
};

/// Pure. A digest fills the title with its subject and the summary with its headlines.
WhatsAppMessage compose_whatsapp(const WhatsAppTemplate& how, const Outgoing& message);

class WhatsAppChannel final : public Channel {
 public:
  /// `sender` outlives this. `resend` = repeat a message whose answer was lost.
  WhatsAppChannel(WhatsAppSender& sender, WhatsAppTemplate how, bool resend);

  ChannelKind kind() const override { return ChannelKind::whatsapp; }
  unsigned concurrency() const override { return 16; }
  /// The API has no idempotency key; only the operator can accept second copies.
  bool recognises_repeats() const override { return resend_; }
  bool has_one_service() const override { return true; }
  std::span<const Duration> retry_steps() const override;
  void wind_up(Duration patience) override { sender_.wind_up(patience); }
  boost::asio::awaitable<std::vector<Outcome>> send(std::span<const Outgoing> messages) override;

 private:
  WhatsAppSender& sender_;
  WhatsAppTemplate how_;
  bool resend_;
};

}  // namespace crier
