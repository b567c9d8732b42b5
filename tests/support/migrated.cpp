#include "support/migrated.hpp"

#include <string>

#include <fmt/core.h>

#include "db/schema.hpp"
#include "support/temp_folder.hpp"

namespace crier::test {
namespace {

// The statements that make the schema, each table before its indexes. No migration leaves rows.
std::string read_schema() {
  Sqlite db(":memory:");
  migrate(db);
  std::string statements = "BEGIN;\n";
  auto rows = db.query(
      "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid");
  while (rows.step()) statements.append(rows.text(0)).append(";\n");
  return statements + fmt::format("PRAGMA user_version = {};\nCOMMIT;", newest_schema_version());
}

}  // namespace

MigratedDatabase::MigratedDatabase() : Sqlite(":memory:") {
  static const auto schema = read_schema();
  execute(schema.c_str());
}

const std::filesystem::path& migrated_file() {
  static const TempFolder folder;
  static const auto path = [] {
    auto file = folder.path() / "crier.db";
    Sqlite db(file);
    migrate(db);
    return file;
  }();
  return path;
}

}  // namespace crier::test
