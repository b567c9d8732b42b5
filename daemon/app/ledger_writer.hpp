// What `crier ledger` prints, entry by entry, so that a ledger of any size takes no memory: for people, as
// one JSON document, or as CSV.
#pragma once

#include <memory>

#include "outbox/ledger.hpp"
#include "outbox/reader_ledger.hpp"

namespace crier {

enum class OutputFormat { text, json, csv };

/// The balance. Prints nothing before it is told of the first entry, or of the end.
class BalanceWriter {
 public:
  virtual ~BalanceWriter() = default;
  virtual void take(const StoryLedger& story) = 0;
  virtual void take(const BatchLedger& batch) = 0;
  virtual void finish(const LedgerSums& sums) = 0;
};
std::unique_ptr<BalanceWriter> balance_writer(OutputFormat format);

/// Delivery by delivery. As above.
class DeliveryWriter {
 public:
  virtual ~DeliveryWriter() = default;
  /// `subscriber` is the id of the one it is for.
  virtual void take(const LedgerDelivery& delivery, const std::string& subscriber) = 0;
  /// `has_more`: there are others, which were not told of.
  virtual void finish(bool has_more) = 0;
};
std::unique_ptr<DeliveryWriter> delivery_writer(OutputFormat format);

}  // namespace crier
