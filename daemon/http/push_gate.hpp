// PushGate: who may push stories and cancel them. A bearer token, or a signature over the body (Standard
// Webhooks 1.0, HMAC-SHA256), which proves the sender without sending the secret. On the loop.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
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

  /// nullopt when the request may pass; else the answer: 401 or 403 by its bearer token, or, when it has a
  /// webhook-signature, 401 for one that is not good, 409 for a request that was taken before.
  std::optional<Response> refuse(const Request& request) const;
  /// What came with a signature is done: the same request is not to be taken again. Another attempt at what
  /// failed needs a timestamp, and so a signature, of its own.
  void remember(const Request& request);

 private:
  std::optional<Response> refuse_signed(const Request& request) const;

  BearerTokens tokens_;
  std::vector<std::string> keys_;
  std::function<Time()> now_;
  std::map<std::string, Time> taken_;  // id and timestamp → when
};

/// Whether a request means to be let in by its signature.
bool is_signed(const Request& request);

}  // namespace crier::http
