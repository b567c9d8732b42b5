#include "http/push_gate.hpp"

#include <chrono>

#include "channel/webhook.hpp"

namespace crier::http {
namespace {

// Longer than verify_webhook believes a timestamp, before and after.
constexpr Duration remembered_for = std::chrono::minutes(11);

WebhookHeaders signature_of(const Request& request) {
  return {request.headers.get("webhook-id"), request.headers.get("webhook-timestamp"),
          request.headers.get("webhook-signature")};
}

std::string key_of(const Request& request) {
  const auto headers = signature_of(request);
  return std::string(headers.id) + "." + std::string(headers.timestamp);
}

}  // namespace

bool is_signed(const Request& request) {
  return request.headers.find("webhook-signature").has_value();
}

PushGate::PushGate(const std::vector<std::string>& tokens, std::vector<std::string> keys,
                   std::function<Time()> now)
    : tokens_(tokens), keys_(std::move(keys)), now_(std::move(now)) {}

std::optional<Response> PushGate::refuse(const Request& request) const {
  return is_signed(request) ? refuse_signed(request) : tokens_.refuse(request);
}

std::optional<Response> PushGate::refuse_signed(const Request& request) const {
  if (keys_.empty()) return problem(403, "No signing secret is configured; use a bearer token.");
  if (const auto good = verify_webhook(signature_of(request), request.body, keys_, now_()); !good) {
    auto response = problem(401, "The signature is not good: " + good.error().message + ".");
    response.headers.set("WWW-Authenticate", R"(Bearer realm="crier")");
    return response;
  }
  if (taken_.contains(key_of(request))) return problem(409, "This signed request was taken already.");
  return std::nullopt;
}

void PushGate::remember(const Request& request) {
  if (!is_signed(request)) return;
  const auto now = now_();
  std::erase_if(taken_, [&](const auto& entry) { return entry.second + remembered_for < now; });
  taken_.emplace(key_of(request), now);
}

}  // namespace crier::http
