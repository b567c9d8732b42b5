// The database thread: a job is all or nothing for its caller, also when it shares a commit with others.
#include "db/database.hpp"

#include <chrono>
#include <fstream>
#include <future>
#include <iterator>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <sqlite3.h>

#include "base/tasks.hpp"
#include "db/reserve.hpp"
#include "db/schema.hpp"
#include "support/migrated.hpp"
#include "support/run_loop.hpp"
#include "support/temp_folder.hpp"

using namespace crier;
using namespace crier::test;

namespace {

namespace asio = boost::asio;

void put(Sqlite& db, std::string_view key, std::string_view value = "x") {
  db.query("INSERT INTO setting (key, value) VALUES (?, ?)").bind(0, key).bind(1, value).run();
}

std::string keys(Sqlite& db) {
  std::string out;
  auto rows = db.query("SELECT key FROM setting ORDER BY key");
  while (rows.step()) out += std::string(rows.text(0)) + " ";
  return out;
}

// Keeps the database thread busy until open() is called, so that the jobs after it share one commit.
class Gate {
 public:
  auto job() {
    return [this, opened = opened_.get_future().share()](Sqlite&) {
      entered_.set_value();
      opened.wait_for(loop_bound);
    };
  }
  void wait_until_busy() { entered_.get_future().wait_for(loop_bound); }
  void open() { opened_.set_value(); }

 private:
  std::promise<void> entered_;
  std::promise<void> opened_;
};

struct Fixture {
  TempFolder folder;
  asio::io_context loop{1};
  std::vector<std::string> ended;  // "name ok" or "name: what"
  Database database{folder.path() / "crier.db"};
  TaskGroup tasks{loop.get_executor(), [](const std::string&, const std::string& what) { FAIL(what); }};

  template <class Job>
  asio::awaitable<void> run_and_note(std::string name, Job job) {
    std::string what = " ok";
    try {
      co_await database.run(job);
    } catch (const std::exception& e) {
      what = std::string(": ") + e.what();
    }
    ended.push_back(name + what);
  }

  // Runs the jobs in one group.
  template <class... Named>
  void run_together(Named... named) {
    Gate gate;
    tasks.start("gate", run_and_note("gate", gate.job()));
    loop.restart();
    loop.poll();
    gate.wait_until_busy();
    (tasks.start(named.first, run_and_note(named.first, named.second)), ...);
    loop.poll();
    gate.open();
    run_until(loop, [this] { return tasks.running() == 0; });
  }

  template <class Job>
  auto run(Job job) {
    return run_loop(loop, database.run(job));
  }
  std::string stored() {
    return run([](Sqlite& db) { return keys(db); });
  }
};

}  // namespace

TEST_CASE("what a job returns or throws comes back to its caller") {
  Fixture f;
  CHECK(f.run([](Sqlite& db) {
    put(db, "a");
    return 7;
  }) == 7);
  CHECK_THROWS_WITH(f.run([](Sqlite&) -> int { throw std::runtime_error("no"); }), "no");
  CHECK(f.stored() == "a ");
}

TEST_CASE("a job that throws is undone alone") {
  Fixture f;
  f.run_together(std::pair{"one", [](Sqlite& db) { put(db, "one"); }},
                 std::pair{"two",
                           [](Sqlite& db) {
                             put(db, "two");
                             throw std::runtime_error("changed my mind");
                           }},
                 std::pair{"three", [](Sqlite& db) { put(db, "one"); }},  // the key is taken
                 std::pair{"four", [](Sqlite& db) { put(db, "four"); }});
  REQUIRE(f.ended.size() == 5);
  CHECK(f.ended[1] == "one ok");
  CHECK(f.ended[2] == "two: changed my mind");
  CHECK(f.ended[3].starts_with("three: database: "));
  CHECK(f.ended[4] == "four ok");
  CHECK(f.stored() == "four one ");
}

TEST_CASE("what is only written is seen by others and outlives the handle") {
  TempFolder folder;
  const auto path = folder.path() / "crier.db";
  boost::asio::io_context loop;
  {
    Database database(path);
    run_loop(loop, database.run([](Sqlite& db) { put(db, "written"); }, Durability::written));
    Sqlite beside(path, Sqlite::Mode::read_only);
    auto row = beside.query("SELECT COUNT(*) FROM setting WHERE key = 'written'");
    REQUIRE(row.step());
    CHECK(row.integer(0) == 1);
    run_loop(loop, database.run([](Sqlite& db) { put(db, "synced"); }));
    CHECK(run_loop(loop, database.run([](Sqlite& db) {
            auto mode = db.query("PRAGMA synchronous");
            mode.step();
            return mode.integer(0);
          })) == 2);
  }
  Sqlite again(path, Sqlite::Mode::read_only);
  auto row = again.query("SELECT COUNT(*) FROM setting WHERE key IN ('written', 'synced')");
  REQUIRE(row.step());
  CHECK(row.integer(0) == 2);
}

TEST_CASE("a commit that fails reaches everybody who shared it, and the next one works") {
  Fixture f;
  f.run_together(
      std::pair{"innocent", [](Sqlite& db) { put(db, "innocent"); }},
      std::pair{"guilty", [](Sqlite& db) {
                  // Checked at the commit only.
                  db.execute("PRAGMA defer_foreign_keys = ON");
                  db.execute(
                      "INSERT INTO exception (chunk_id, number, channel, lane, state, attempts, due_at, "
                      "reason, reply, updated_at) VALUES (999, 1, 'email', 0, 'retry', 0, 0, '', '', 0)");
                }});
  REQUIRE(f.ended.size() == 3);
  CHECK(f.ended[1].starts_with("innocent: database: "));
  CHECK(f.ended[1].find("FOREIGN KEY") != std::string::npos);
  CHECK(f.ended[2].find("FOREIGN KEY") != std::string::npos);
  CHECK(f.stored().empty());
  f.run([](Sqlite& db) { put(db, "later"); });
  CHECK(f.stored() == "later ");
}

TEST_CASE("a full disk is an error that says so, with nothing half-written") {
  Fixture f;
  f.run([](Sqlite& db) { put(db, "before"); });
  f.run([](Sqlite& db) {
    auto pages = db.query("PRAGMA page_count");
    pages.step();
    db.execute(("PRAGMA max_page_count = " + std::to_string(pages.integer(0) + 4)).c_str());
  });
  int code = 0;
  try {
    f.run([](Sqlite& db) {
      for (int i = 0; i < 1000; ++i) put(db, "full" + std::to_string(i), std::string(4000, 'x'));
    });
  } catch (const SqliteError& e) {
    code = e.code();
  }
  CHECK(code == SQLITE_FULL);
  CHECK(f.stored() == "before ");

  SECTION("those who share the commit are told the reason, and may try again") {
    f.run_together(std::pair{"small", [](Sqlite& db) { put(db, "small"); }},
                   std::pair{"big",
                             [](Sqlite& db) {
                               for (int i = 0; i < 1000; ++i)
                                 put(db, "big" + std::to_string(i), std::string(4000, 'x'));
                             }},
                   std::pair{"last", [](Sqlite& db) { put(db, "last"); }});
    REQUIRE(f.ended.size() == 4);
    for (std::size_t i = 1; i < 4; ++i) CHECK(f.ended[i].find("full") != std::string::npos);
    CHECK(f.stored() == "before ");
  }
  f.run([](Sqlite& db) { put(db, "small"); });
  CHECK(f.stored() == "before small ");
}

TEST_CASE("what is queued when the database is closed is still done") {
  TempFolder folder;
  asio::io_context loop{1};
  int ended = 0;
  {
    Database database(folder.path() / "crier.db");
    TaskGroup tasks(loop.get_executor(), [](const std::string&, const std::string& what) { FAIL(what); });
    const auto write = [](Database& db, int number, int& count) -> asio::awaitable<void> {
      const auto key = std::to_string(number);
      co_await db.run([&key](Sqlite& sqlite) { put(sqlite, key); });
      ++count;
    };
    for (int i = 0; i < 10; ++i) tasks.start("write", write(database, i, ended));
    loop.poll();
    run_until(loop, [&] { return tasks.running() == 0; });
  }
  CHECK(ended == 10);
  Sqlite db(folder.path() / "crier.db");
  CHECK(keys(db) == "0 1 2 3 4 5 6 7 8 9 ");
}

TEST_CASE("a database is brought to this version once, and one from the future is refused") {
  TempFolder folder;
  const auto path = folder.path() / "crier.db";
  {
    Sqlite db(path);
    CHECK_FALSE(has_current_schema(db));
    migrate(db);
    CHECK(has_current_schema(db));
    put(db, "kept");
    migrate(db);
    CHECK(keys(db) == "kept ");
    db.execute("PRAGMA user_version = 4711");
    CHECK_THROWS_WITH(migrate(db), Catch::Contains("newer crier"));
    CHECK(keys(db) == "kept ");
  }
  CHECK_THROWS(Database(path));
}

TEST_CASE("the databases that other tests begin with are what migrate() makes") {
  // Every object with its columns and its statement, and how many rows are in each table.
  const auto describe = [](Sqlite& db) {
    std::string all;
    std::vector<std::string> tables;
    auto objects = db.query("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name");
    while (objects.step()) {
      for (int column = 0; column < 3; ++column) all.append(objects.text(column)).append("|");
      if (objects.text(0) == "table") tables.emplace_back(objects.text(1));
    }
    for (const auto& table : tables) {
      auto count = db.query("SELECT COUNT(*) FROM " + table);
      count.step();
      all += table + std::to_string(count.integer(0)) + "|";
    }
    return all;
  };
  Sqlite migrated(":memory:");
  migrate(migrated);
  MigratedDatabase in_memory;
  CHECK(has_current_schema(in_memory));
  CHECK(describe(in_memory) == describe(migrated));
  TempFolder folder;
  std::filesystem::copy_file(migrated_file(), folder.path() / "crier.db");
  Sqlite in_file(folder.path() / "crier.db");
  CHECK(has_current_schema(in_file));
  CHECK(describe(in_file) == describe(migrated));
}

TEST_CASE("a file that is no database is refused") {
  TempFolder folder;
  const auto path = folder.write("crier.db", std::string(8192, 'x'));
  CHECK_THROWS_AS(Database(path), SqliteError);
  CHECK_THROWS_AS(Sqlite(folder.path() / "absent" / "crier.db"), SqliteError);
  CHECK_THROWS_AS(Sqlite(folder.path() / "absent.db", Sqlite::Mode::read_only), SqliteError);
}

TEST_CASE("values survive as they are, and a reader cannot write") {
  TempFolder folder;
  const auto path = folder.path() / "crier.db";
  const std::string bytes("a\0b\xFF", 4);
  {
    Sqlite db(path);
    migrate(db);
    db.query("INSERT INTO setting (key, value) VALUES (?, ?)")
        .bind(0, "caf\u00e9'; DROP TABLE setting; --")
        .bind_blob(1, bytes)
        .run();
    db.query("INSERT INTO setting (key, value) VALUES ('empty', ?)").bind_blob(0, {}).run();
    CHECK(db.changes() == 1);
  }
  Sqlite reader(path, Sqlite::Mode::read_only);
  auto row = reader.query("SELECT key, value FROM setting ORDER BY key");
  REQUIRE(row.step());
  CHECK(row.text(0) == "caf\u00e9'; DROP TABLE setting; --");
  CHECK(row.blob(1) == bytes);
  REQUIRE(row.step());
  CHECK(row.blob(1).empty());
  CHECK_FALSE(row.is_null(1));
  CHECK_THROWS_AS(put(reader, "x"), SqliteError);
}

TEST_CASE("a transaction that is not committed leaves nothing") {
  Sqlite db(":memory:");
  migrate(db);
  {
    Transaction transaction(db);
    put(db, "gone");
    CHECK(db.in_transaction());
  }
  CHECK_FALSE(db.in_transaction());
  CHECK(keys(db).empty());
}

TEST_CASE(
    "the log has its room when the database is open, and keeps it, without content, when it is closed") {
  TempFolder folder;
  const auto path = folder.path() / "crier.db";
  const auto log_path = folder.path() / "crier.db-wal";
  constexpr std::uintmax_t room = 8 << 20;
  {
    asio::io_context loop{1};  // outlives the thread that posts to it
    Database database(path);
    run_loop(loop, database.run([](Sqlite& db) {
      put(db, "kept");
      return true;
    }));
    CHECK(std::filesystem::file_size(log_path) >= room);
  }
  CHECK(std::filesystem::file_size(log_path) >= room);
  std::ifstream log(log_path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(log), {}};
  CHECK(content.find_first_not_of('\0') == std::string::npos);
  Sqlite db(path);
  CHECK(keys(db) == "kept ");
}

TEST_CASE("what a reader kept from the file is brought to it when she has gone, though nobody writes") {
  TempFolder folder;
  const auto path = folder.path() / "crier.db";
  asio::io_context loop{1};
  Database database(path);
  // Whether a value of this letter is in the file itself, not in the log.
  const auto is_in_file = [&](char letter) {
    std::ifstream file(path, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    return content.find(std::string(2000, letter)) != std::string::npos;
  };
  const auto comes_to_file = [&](char letter) {
    const auto patience = std::chrono::steady_clock::now() + loop_bound;
    while (!is_in_file(letter) && std::chrono::steady_clock::now() < patience)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return is_in_file(letter);
  };
  const auto write = [&](char letter) {
    constexpr std::size_t many = 2 << 20;  // more pages than an idle database leaves in its log
    run_loop(loop, database.run([&](Sqlite& db) { put(db, {&letter, 1}, std::string(many, letter)); }));
  };
  {
    Sqlite reader(path, Sqlite::Mode::read_only);
    write('a');
    reader.execute("BEGIN");
    REQUIRE(keys(reader) == "a ");
    write('b');
    CHECK(comes_to_file('a'));
    CHECK_FALSE(is_in_file('b'));
  }
  CHECK(comes_to_file('b'));
}

TEST_CASE("free pages are kept inside the database") {
  TempFolder folder;
  Sqlite db(folder.path() / "crier.db");
  migrate(db);
  CHECK(lacks_free_pages(db));
  SECTION("all at once") {
    bring_free_pages(db);
  }
  SECTION("or in parts") {
    for (int part = 0; part < reserve_parts; ++part) take_pages(db, part);
    free_pages(db);
  }
  CHECK_FALSE(lacks_free_pages(db));
  CHECK(keys(db).empty());
}

TEST_CASE("a page that is freed is not written") {
  TempFolder folder;
  const auto path = folder.path() / "crier.db";
  Sqlite db(path);
  migrate(db);
  bring_free_pages(db);
  db.empty_log();
  db.query("INSERT INTO setting (key, value) VALUES ('large', randomblob(400000))").run();
  db.empty_log();
  db.query("DELETE FROM setting WHERE key = 'large'").run();
  CHECK(std::filesystem::file_size(path.string() + "-wal") < 100'000);
}
