#include "http/bearer_tokens.hpp"

#include "base/crypto.hpp"
#include "http/header_values.hpp"

namespace crier::http {

BearerTokens::BearerTokens(const std::vector<std::string>& tokens) {
  for (const auto& token : tokens) {
    if (!token.empty()) digests_.push_back(sha256(token));
  }
}

std::optional<Response> BearerTokens::refuse(const Request& request) const {
  if (digests_.empty()) return problem(403, "No token is configured, so nobody may call this.");
  const auto token = bearer_token(request.headers.get("Authorization"));
  const auto digest = sha256(token.value_or(std::string_view()));
  bool known = false;
  for (const auto& candidate : digests_) known |= constant_time_equal(candidate, digest);
  if (token && known) return std::nullopt;
  auto response = problem(401, token ? "The bearer token is not known." : "A bearer token is needed.");
  response.headers.set("WWW-Authenticate",
                       token ? R"(Bearer realm="crier", error="invalid_token")" : R"(Bearer realm="crier")");
  return response;
}

}  // namespace crier::http
