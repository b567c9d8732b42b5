// The setting table: small facts that outlive a run. In a database job.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.hpp"

namespace crier {

class Sqlite;

/// When `key` was first asked for: `now`, if it never was.
Time first_seen(Sqlite& db, std::string_view key, Time now);

/// The same without asking: nullopt, if it never was.
std::optional<Time> find_first_seen(Sqlite& db, std::string_view key);

}  // namespace crier
