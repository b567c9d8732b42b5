// What channels and lanes must come to.
#pragma once

#include <tuple>

#include "outbox/ledger.hpp"

namespace crier::test {

/// Whether the channels have the total's numbers, reason by reason, and the lanes have them, too.
inline bool parts_come_to_total(const LedgerTotals& totals) {
  const auto comes_to_total = [&](const auto& parts) {
    Tally sum;
    for (const auto& [part, tally] : parts) sum += tally;
    const auto numbers = [](const Tally& tally) {
      return std::tie(tally.matched, tally.delivered, tally.queued, tally.suppressed, tally.failed);
    };
    return numbers(sum) == numbers(totals.total);
  };
  return comes_to_total(totals.by_channel) && comes_to_total(totals.by_lane);
}

}  // namespace crier::test
