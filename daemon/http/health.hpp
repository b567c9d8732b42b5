// Health for supervisors and load balancers: GET /livez (alias /healthz) and GET /readyz.
// Unauthenticated, so they tell little. On the loop: that /livez answers is what it says.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "http/message.hpp"

namespace crier::http {

struct HealthCheck {
  std::string name;  ///< "storage", "config", "draining"
  bool ok = true;
  std::string detail;  ///< a few words for people, no paths and no addresses; may be empty
};

/// 200 when the loop is alive; looks at nothing else, as a dead mail relay must not restart us.
Handler livez();

/// 200 when every check is ok, else 503; JSON: {"status": "ready", "checks": {"storage": {"ok": true}}}.
Handler readyz(std::function<std::vector<HealthCheck>()> checks);

}  // namespace crier::http
