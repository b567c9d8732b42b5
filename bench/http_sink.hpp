// The endpoint that the benchmark of webhooks posts to: reads each request, throws it away and says 204.
#pragma once

#include "sink_server.hpp"
#include "smtp_sink.hpp"

namespace crier::bench {

/// Counts requests as messages, by their `webhook-id`. `books` outlives it.
SinkServer http_sink(const SinkOptions& options, SinkBooks& books);

}  // namespace crier::bench
