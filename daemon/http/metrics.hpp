// GET /metrics: what base/metrics.hpp counts, for Prometheus. On the loop.
#pragma once

#include "http/message.hpp"

namespace crier {
class Metrics;
}

namespace crier::http {

/// Text format 0.0.4, with the content type that Prometheus 3 insists on. `metrics` outlives the Handler.
Handler metrics_page(const Metrics& metrics);

}  // namespace crier::http
