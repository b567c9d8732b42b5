#include "http/health.hpp"

#include <algorithm>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace crier::http {
namespace {

Response uncached(Response response) {
  response.headers.set("Cache-Control", "no-store");
  return response;
}

Response answer_readyz(const std::vector<HealthCheck>& checks) {
  const bool ready =
      std::all_of(checks.begin(), checks.end(), [](const HealthCheck& check) { return check.ok; });
  boost::json::object by_name;
  for (const auto& check : checks) {
    boost::json::object one{{"ok", check.ok}};
    if (!check.detail.empty()) one["detail"] = check.detail;
    by_name[check.name] = std::move(one);
  }
  return uncached(json_response(
      ready ? 200 : 503,
      boost::json::object{{"status", ready ? "ready" : "not ready"}, {"checks", std::move(by_name)}}));
}

}  // namespace

Handler livez() {
  return immediate([](const Request&) { return uncached(text_response(200, "alive\n")); });
}

Handler readyz(std::function<std::vector<HealthCheck>()> checks) {
  return immediate([checks = std::move(checks)](const Request&) { return answer_readyz(checks()); });
}

}  // namespace crier::http
