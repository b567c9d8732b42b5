// Delivery log: what the log and the metrics say of a delivery that was attempted or given up.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "audience/subscribers.hpp"
#include "dispatch/claimed_batch.hpp"
#include "outbox/settlements.hpp"

namespace crier {

/// In the words of the metric, which has no "failed".
std::string_view metric_outcome(const Settled& settled);

/// Deliveries of small batches are followed one by one, those of large ones by their count. Without a
/// `subscriber` nobody has the number any more; `sent` is the number of deliveries of its channel since the
/// start.
void log_settled(const ClaimedBatch& batch, const Settled& settled,
                 const std::optional<Subscriber>& subscriber, std::int64_t sent);

}  // namespace crier
