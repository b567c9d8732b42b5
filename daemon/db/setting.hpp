// The setting table: small facts that outlive a run. In a database job.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace crier {

class Sqlite;

/// When `key` was first asked for: `now`, if it never was.
Time first_seen(Sqlite& db, std::string_view key, Time now);

/// The same without asking: nullopt, if it never was.
std::optional<Time> find_first_seen(Sqlite& db, std::string_view key);

/// What was put under `key` last; nullopt, if nothing was.
std::optional<std::string> find_setting(Sqlite& db, std::string_view key);
void put_setting(Sqlite& db, std::string_view key, std::string_view value);

}  // namespace crier
