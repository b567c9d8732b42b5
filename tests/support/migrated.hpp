// What migrate() makes of an empty database, made once and copied: for the tests it is the same, and takes a
// fraction of the time.
#pragma once

#include <filesystem>

#include "db/sqlite.hpp"

namespace crier::test {

/// A database in memory with the current schema, and nothing in it.
class MigratedDatabase : public Sqlite {
 public:
  MigratedDatabase();
};

/// The same as a file, to be copied.
const std::filesystem::path& migrated_file();

}  // namespace crier::test
