// The tables of the embedded database and their migrations.
#pragma once

namespace crier {

class Sqlite;

/// Brings an empty or older database to this version, in one transaction.
/// Throws std::runtime_error when the database is newer than this crier.
void migrate(Sqlite& db);

/// Brings an empty database to an earlier version: what the crier of that time left, for tests of migrate().
void migrate_to(Sqlite& db, int version);

int newest_schema_version();

/// True when the database has exactly the tables of this version.
bool has_current_schema(Sqlite& db);

}  // namespace crier
