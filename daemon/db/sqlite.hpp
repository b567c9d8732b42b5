// Sqlite: one connection to the embedded database, and Statement, a prepared query.
// Not thread-safe: owned by the database thread (database.hpp) or by a command. A failure is an exception
// (SqliteError): outside data never causes one, a full or broken disk does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace crier {

class SqliteError : public std::runtime_error {
 public:
  SqliteError(int code, const std::string& what) : std::runtime_error(what), code_(code) {}
  int code() const { return code_; }

  static constexpr int full = 13;  ///< SQLITE_FULL: the disk, or what a quota leaves of it

 private:
  int code_;
};

/// A prepared query, reset when it goes out of scope. Parameters and columns count from 0.
class Statement {
 public:
  Statement(sqlite3* db, sqlite3_stmt* query) : db_(db), query_(query) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view text);
  Statement& bind_blob(int index, std::string_view bytes);
  Statement& bind_null(int index);

  /// True while there is a row.
  bool step();
  /// For statements without rows.
  void run();
  void reset();

  std::int64_t integer(int column) const;
  /// Valid until the next step or reset.
  std::string_view text(int column) const;
  std::string_view blob(int column) const;
  bool is_null(int column) const;

 private:
  sqlite3* db_;
  sqlite3_stmt* query_;
};

class Sqlite {
 public:
  enum class Mode { read_write, read_only };

  /// ":memory:" is a database of its own. Write-ahead log, every commit synced to the disk.
  explicit Sqlite(const std::filesystem::path& path, Mode mode = Mode::read_write);
  ~Sqlite();
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  void execute(const char* sql);
  /// Brings what the log holds to the database file, so that the log begins anew; what cannot be brought
  /// stays. Throws nothing.
  void checkpoint() noexcept;
  /// The same, and leaves an empty log.
  void empty_log() noexcept;
  /// From now on commits leave the log as it is, so that they wait for nothing but themselves: whoever has
  /// time calls checkpoint().
  void let_log_grow();
  /// Pages in the log that are to be brought to the file; 0 before let_log_grow(). More than none after a
  /// checkpoint: whoever reads needs the file as it is.
  int log_pages() const { return log_.written - log_.brought; }
  /// Whether the log outlives the last connection; it takes its room on the disk with it into the next run.
  void keep_log();
  /// Prepared once per text and kept; one at a time may be in use for the same text.
  Statement query(std::string_view sql);
  /// False also when SQLite has rolled back by itself (disk full, I/O error).
  bool in_transaction() const;
  std::int64_t last_insert_id() const;
  std::int64_t changes() const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* query) const;
  };
  struct Close {
    void operator()(sqlite3* db) const;
  };
  struct LogPages {
    int written = 0;
    int brought = 0;  // of these to the file
  };
  LogPages log_;
  std::unique_ptr<sqlite3, Close> db_;
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, Hash, std::equal_to<>> prepared_;
};

/// Begins at construction; rolls back unless commit() was called.
class Transaction {
 public:
  explicit Transaction(Sqlite& db);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Sqlite& db_;
  bool open_ = true;
};

}  // namespace crier
