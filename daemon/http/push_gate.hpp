// PushGate: who may push stories and cancel them. A bearer token, or a signature over the body (Standard
// Webhooks 1.0, HMAC-SHA256), which proves the sender without sending the secret. On the loop.
// What it remembers is in memory: after a restart, timestamps from before it are not taken.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "http/bearer_tokens.hpp"
#include "http/message.hpp"

namespace crier::http {

class PushGate {
 public:
  /// `keys` are those of parse_webhook_secret, any of which a signature may be made with; `now` tells the
  /// time.
  PushGate(const std::vector<std::string>& tokens, std::vector<std::string> keys, std::function<Time()> now);

  /// A request that was let in. Of a signed one no second copy passes while this lives, nor ever after
  /// keep(); without it the same request may come again.
  class Pass {
   public:
    Pass() = default;
    Pass(PushGate& gate, std::string key) : gate_(&gate), key_(std::move(key)) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)), key_(std::move(other.key_)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_) gate_->taken_.erase(key_);
    }

    /// What was asked for is done.
    void keep() { gate_ = nullptr; }

   private:
    PushGate* gate_ = nullptr;  // of a signed request that is not done
    std::string key_;
  };

  /// A pass, which must not outlive the gate; else the answer: 401 or 403 by its bearer token, or, when it
  /// has a webhook-signature, 401 for one that is not good or was made before this gate, 409 for a request
  /// that was taken before or is on its way.
  std::variant<Pass, Response> admit(const Request& request);

 private:
  std::variant<Pass, Response> admit_signed(const Request& request);

  BearerTokens tokens_;
  std::vector<std::string> keys_;
  std::function<Time()> now_;
  Time started_;
  std::map<std::string, Time> taken_;  // id and timestamp → when
};

/// Whether a request means to be let in by its signature.
bool is_signed(const Request& request);

}  // namespace crier::http
