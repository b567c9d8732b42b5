#include "http/push_gate.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>

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

// Of headers that verify_webhook has believed.
Time signed_at(const WebhookHeaders& headers) {
  std::int64_t seconds = 0;
  std::from_chars(headers.timestamp.data(), headers.timestamp.data() + headers.timestamp.size(), seconds);
  return Time(std::chrono::seconds(seconds));
}

Response unauthorised(const std::string& why) {
  auto response = problem(401, why);
  response.headers.set("WWW-Authenticate", R"(Bearer realm="crier")");
  return response;
}

}  // namespace

bool is_signed(const Request& request) {
  return request.headers.find("webhook-signature").has_value();
}

PushGate::PushGate(const std::vector<std::string>& tokens, std::vector<std::string> keys,
                   std::function<Time()> now)
    : tokens_(tokens), keys_(std::move(keys)), now_(std::move(now)), started_(now_()) {}

std::variant<PushGate::Pass, Response> PushGate::admit(const Request& request) {
  if (is_signed(request)) return admit_signed(request);
  if (auto refusal = tokens_.refuse(request)) return *std::move(refusal);
  return Pass();
}

std::variant<PushGate::Pass, Response> PushGate::admit_signed(const Request& request) {
  if (keys_.empty()) return problem(403, "No signing secret is configured; use a bearer token.");
  const auto now = now_();
  const auto headers = signature_of(request);
  if (const auto good = verify_webhook(headers, request.body, keys_, now); !good)
    return unauthorised("The signature is not good: " + good.error().message + ".");
  if (signed_at(headers) < started_)
    return unauthorised("The signature is older than this start of crier; sign the request again.");
  std::erase_if(taken_, [&](const auto& entry) { return entry.second + remembered_for < now; });
  auto key = key_of(request);
  if (!taken_.emplace(key, now).second) return problem(409, "This signed request was taken already.");
  return Pass(*this, std::move(key));
}

}  // namespace crier::http
