// Late alerts: an alert that could not leave before its time was over is sent to nobody any more; its story
// goes into the reader's next digest instead. In a database job.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace crier {

class Sqlite;

/// A reader whose alert came too late.
struct LateAlert {
  std::int64_t chunk_id = 0;  ///< that the alert was in
  std::uint32_t number = 0;   ///< subscriber number
  std::string edition;        ///< that is to bring its story
};

/// Adds the stories to their editions, with the reasons that the alerts had: few items for each story,
/// edition and channel, however many readers; each in its latest version, if that is usable. Those whom the
/// edition brings, or has brought, the story anyway, or another source's report of the same, are not owed it
/// twice. What is owed now counts as matched, so that the ledger balances.
void add_to_digests(Sqlite& db, std::span<const LateAlert> late);

}  // namespace crier
