// BearerTokens: who may call the API (RFC 6750). Compared in constant time, never logged, never printed.
// Immutable after start-up; on the loop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/message.hpp"

namespace crier::http {

class BearerTokens {
 public:
  /// Several, so that one can be replaced while both are valid. None: nobody may.
  explicit BearerTokens(const std::vector<std::string>& tokens);

  /// nullopt when the request carries one of the tokens; else the answer: 403 when there are none, 401 with
  /// WWW-Authenticate otherwise.
  std::optional<Response> refuse(const Request& request) const;

 private:
  std::vector<std::string> digests_;  // SHA-256: of one length, so that comparing tells nothing
};

}  // namespace crier::http
