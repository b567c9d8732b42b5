// Delivery log: what the log and the metrics say of a delivery that was attempted or given up.
#pragma once

#include <cstdint>
#include <string_view>

#include "audience/subscriber_book.hpp"
#include "dispatch/claimed_batch.hpp"
#include "outbox/settlements.hpp"

namespace crier {

/// In the words of the metric, which has no "failed".
std::string_view metric_outcome(const Settled& settled);

/// Deliveries of small batches are followed one by one, those of large ones by their count. `book` says whose
/// number it is; `sent` is the number of deliveries of its channel since the start.
void log_settled(const ClaimedBatch& batch, const Settled& settled, const SubscriberBook& book,
                 std::int64_t sent);

}  // namespace crier
