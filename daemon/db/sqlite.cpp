#include "db/sqlite.hpp"

#include <fmt/core.h>
#include <sqlite3.h>

#include "base/log.hpp"

namespace crier {
namespace {

[[noreturn]] void fail(sqlite3* db, std::string_view doing) {
  const int code = db != nullptr ? sqlite3_errcode(db) : SQLITE_NOMEM;
  throw SqliteError(
      code, fmt::format("database: {}: {}", doing, db != nullptr ? sqlite3_errmsg(db) : "out of memory"));
}

}  // namespace

Statement::~Statement() {
  reset();
}

void Statement::reset() {
  sqlite3_reset(query_);
  sqlite3_clear_bindings(query_);
}

Statement& Statement::bind(int index, std::int64_t value) {
  if (sqlite3_bind_int64(query_, index + 1, value) != SQLITE_OK) fail(db_, "bind");
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  if (sqlite3_bind_text64(query_, index + 1, text.data() != nullptr ? text.data() : "", text.size(),
                          SQLITE_TRANSIENT, SQLITE_UTF8) != SQLITE_OK)
    fail(db_, "bind");
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
  if (sqlite3_bind_blob64(query_, index + 1, bytes.data() != nullptr ? bytes.data() : "", bytes.size(),
                          SQLITE_TRANSIENT) != SQLITE_OK)
    fail(db_, "bind");
  return *this;
}

Statement& Statement::bind_null(int index) {
  if (sqlite3_bind_null(query_, index + 1) != SQLITE_OK) fail(db_, "bind");
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(query_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  fail(db_, "step");
}

void Statement::run() {
  while (step()) {
  }
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(query_, column);
}

std::string_view Statement::text(int column) const {
  const auto* text = sqlite3_column_text(query_, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(query_, column))};
}

std::string_view Statement::blob(int column) const {
  const auto* bytes = sqlite3_column_blob(query_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(query_, column))};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(query_, column) == SQLITE_NULL;
}

void Sqlite::Finalize::operator()(sqlite3_stmt* query) const {
  sqlite3_finalize(query);
}

void Sqlite::Close::operator()(sqlite3* db) const {
  sqlite3_close_v2(db);
}

Sqlite::Sqlite(const std::filesystem::path& path, Mode mode) {
  // Its books on memory, which nobody reads, cost a lock for each piece.
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(configured);
  sqlite3* db = nullptr;
  const int flags =
      mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int opened = sqlite3_open_v2(path.c_str(), &db, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  db_.reset(db);
  if (opened != SQLITE_OK) fail(db, "open " + path.string());
  sqlite3_busy_timeout(db, 5000);
  if (mode == Mode::read_write) {
    execute("PRAGMA journal_mode = WAL");
    execute("PRAGMA synchronous = FULL");
    // Debian's SQLite would also write each page that is freed, to overwrite what was on it.
    execute("PRAGMA secure_delete = FAST");
  }
  execute("PRAGMA foreign_keys = ON");
}

Sqlite::~Sqlite() = default;

void Sqlite::execute(const char* sql) {
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(db_.get(), sql);
}

void Sqlite::let_log_grow() {
  const auto note = [](void* pages, sqlite3*, const char*, int count) {
    auto& log = *static_cast<LogPages*>(pages);
    log.written = count;
    if (count < log.brought) log.brought = 0;  // it has begun anew
    return SQLITE_OK;
  };
  sqlite3_wal_hook(db_.get(), note, &log_);
}

void Sqlite::checkpoint() noexcept {
  int written = 0;
  int brought = 0;
  const auto result =
      sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &written, &brought);
  if (result == SQLITE_OK) log_ = {written, brought};
}

void Sqlite::empty_log() noexcept {
  sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
}

void Sqlite::keep_log() {
  int keeps = 1;
  sqlite3_file_control(db_.get(), "main", SQLITE_FCNTL_PERSIST_WAL, &keeps);
}

Statement Sqlite::query(std::string_view sql) {
  auto found = prepared_.find(sql);
  if (found == prepared_.end()) {
    sqlite3_stmt* query = nullptr;
    if (sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                           &query, nullptr) != SQLITE_OK)
      fail(db_.get(), sql);
    found = prepared_.emplace(sql, query).first;
  }
  return {db_.get(), found->second.get()};
}

bool Sqlite::in_transaction() const {
  return sqlite3_get_autocommit(db_.get()) == 0;
}

std::int64_t Sqlite::last_insert_id() const {
  return sqlite3_last_insert_rowid(db_.get());
}

std::int64_t Sqlite::changes() const {
  return sqlite3_changes64(db_.get());
}

Transaction::Transaction(Sqlite& db) : db_(db) {
  db_.query("BEGIN IMMEDIATE").run();
}

Transaction::~Transaction() {
  if (!open_) return;
  if (!db_.in_transaction()) return;
  try {
    db_.execute("ROLLBACK");
  } catch (const SqliteError& e) {
    log::error("db.rollback", {{"what", e.what()}});
  }
}

void Transaction::commit() {
  db_.query("COMMIT").run();
  open_ = false;
}

}  // namespace crier
