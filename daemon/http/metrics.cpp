#include "http/metrics.hpp"

#include "base/metrics.hpp"

namespace crier::http {

Handler metrics_page(const Metrics& metrics) {
  return immediate([&metrics](const Request&) {
    return Response{200, "text/plain; version=0.0.4; charset=utf-8", metrics.exposition(), {}};
  });
}

}  // namespace crier::http
