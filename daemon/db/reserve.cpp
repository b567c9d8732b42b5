#include "db/reserve.hpp"

#include <cstdint>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "db/sqlite.hpp"

namespace crier {
namespace {

// A checkpoint begins at 1,600 pages of 4 KB at the latest, and may have to wait for somebody who reads.
constexpr off_t log_bytes = 8 << 20;
constexpr std::int64_t least_pages = 256;
constexpr std::int64_t taken_bytes = 2 << 20;

}  // namespace

bool reserve_log(const std::filesystem::path& database) {
  // SQLite keeps its locks elsewhere, so that closing this takes none of them.
  const int fd = ::open((database.string() + "-wal").c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return false;
  const bool has_room = ::posix_fallocate(fd, 0, log_bytes) == 0;
  ::close(fd);
  return has_room;
}

bool lacks_free_pages(Sqlite& db) {
  auto count = db.query("PRAGMA freelist_count");
  return count.step() && count.integer(0) < least_pages;
}

void take_pages(Sqlite& db, int part) {
  // Nothing that compresses or has holes.
  db.query("INSERT OR REPLACE INTO setting (key, value) VALUES (?, randomblob(?))")
      .bind(0, fmt::format("reserve {}", part))
      .bind(1, taken_bytes / reserve_parts)
      .run();
}

void free_pages(Sqlite& db) {
  db.execute("DELETE FROM setting WHERE key GLOB 'reserve*'");
}

void bring_free_pages(Sqlite& db) {
  {
    Transaction transaction(db);
    for (int part = 0; part < reserve_parts; ++part) take_pages(db, part);
    transaction.commit();
  }
  free_pages(db);
}

}  // namespace crier
