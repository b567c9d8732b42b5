#include "story/folder_source.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <set>
#include <stdexcept>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <unistd.h>

#include "base/log.hpp"
#include "base/tasks.hpp"
#include "support/manual_clock.hpp"
#include "support/run_loop.hpp"

using namespace crier;
namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

using List = std::vector<std::string>;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    auto pattern = (fs::temp_directory_path() / "crier-folder-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  fs::path path;
};

void drop(const fs::path& file) {
  std::ofstream(file) << "Dam breaks\n";
}

// A FolderSource at work, and what it has handed over.
class Bench {
 public:
  explicit Bench(const fs::path& folder, FolderOptions options = {})
      : folder_(folder), source_(folder, std::move(options), clock_, workers_) {
    log::set_level(log::Level::error);
    tasks_.start("folder", source_.run([this](fs::path file) { return take(std::move(file)); }));
  }
  ~Bench() {
    tasks_.stop();
    run_until([this] { return tasks_.running() == 0; });
    log::set_level(log::Level::info);
  }

  /// Gives up after a while without any event.
  bool run_until(const std::function<bool()>& done) {
    while (!done())
      if (loop_.run_one_for(test::loop_bound) == 0) return false;
    return true;
  }
  /// Until the source can do nothing but wait for a time.
  bool run_until_asleep() {
    return run_until([&] { return clock_.sleeping() > 0; });
  }
  bool run_until_seen(std::size_t count) {
    return run_until([&] { return seen.size() >= count; });
  }
  /// Runs what is ready, without waiting.
  void poll() { loop_.poll(); }
  void advance(Duration by) { clock_.advance(by); }

  List seen;
  std::function<void(const std::string&)> on_file = [](const std::string&) {};

 private:
  fs::path folder_;

  asio::awaitable<void> take(fs::path file) {
    seen.push_back(file.lexically_relative(folder_).string());
    on_file(seen.back());
    if (seen.back() == "bad.txt") throw std::runtime_error("cannot be read");
    co_return;
  }

  asio::io_context loop_;
  test::ManualClock clock_{Time{}};
  Workers workers_{1};
  TaskGroup tasks_{loop_.get_executor(), [](const std::string&, const std::string& what) { FAIL(what); }};
  FolderSource source_;
};

}  // namespace

TEST_CASE("the folder is created, and what lies there is handed over by name") {
  const TemporaryFolder temporary;
  const auto folder = temporary.path / "in" / "stories";
  fs::create_directories(folder / "folder.txt");
  for (const auto* name :
       {"c.txt", "a.txt", "b.md", ".hidden", "x.tmp", "x.PART", "x.swp", "x~", "a.txt.tmp-0011aa"})
    drop(folder / name);
  Bench bench(folder);
  REQUIRE(bench.run_until_seen(3));
  drop(folder / "d.txt");
  REQUIRE(bench.run_until_seen(4));
  REQUIRE(bench.seen == List{"a.txt", "b.md", "c.txt", "d.txt"});

  const auto fresh = temporary.path / "not" / "there";
  Bench creates(fresh);
  REQUIRE(creates.run_until([&] { return fs::exists(fresh); }));
}

TEST_CASE("a file is handed over when it is closed, or moved in whole") {
  const TemporaryFolder temporary;
  const auto folder = temporary.path / "in";
  Bench bench(folder);
  bench.run_until([&] { return fs::exists(folder); });
  drop(folder / "first.txt");
  REQUIRE(bench.run_until_seen(1));

  std::ofstream slow(folder / "slow.txt");
  slow << "half a sent" << std::flush;
  drop(folder / "second.txt");
  REQUIRE(bench.run_until_seen(2));
  slow << "ence.\n";
  slow.close();
  REQUIRE(bench.run_until_seen(3));

  drop(temporary.path / "moved.txt");
  fs::rename(temporary.path / "moved.txt", folder / "moved.txt");
  drop(folder / "story.txt.part");
  fs::rename(folder / "story.txt.part", folder / "story.txt");
  REQUIRE(bench.run_until_seen(5));
  REQUIRE(bench.seen == List{"first.txt", "second.txt", "slow.txt", "moved.txt", "story.txt"});
}

TEST_CASE("a file that waits does not wait twice, one that changes while it is read comes again") {
  const TemporaryFolder temporary;
  drop(temporary.path / "a.txt");
  Bench bench(temporary.path);
  bench.on_file = [&](const std::string& name) {
    if (name != "a.txt" || bench.seen.size() != 1) return;
    for (int i = 0; i < 5; ++i) drop(temporary.path / "b.txt");
    drop(temporary.path / "a.txt");
    drop(temporary.path / "last.txt");
  };
  REQUIRE(bench.run_until([&] { return !bench.seen.empty() && bench.seen.back() == "last.txt"; }));
  REQUIRE(bench.seen == List{"a.txt", "b.txt", "a.txt", "last.txt"});
}

TEST_CASE("links are handed over, whether they were there before or come later, moved or made") {
  TemporaryFolder folder;
  fs::create_symlink("nowhere", folder.path / "1-before.txt");
  fs::create_directory_symlink("..", folder.path / "2-folder");
  Bench bench(folder.path);
  REQUIRE(bench.run_until_seen(2));
  fs::create_symlink("/etc/hostname", folder.path / "3-made.txt");
  REQUIRE(bench.run_until_seen(3));
  fs::create_symlink("nowhere", folder.path / ".hidden");
  fs::rename(folder.path / ".hidden", folder.path / "4-moved.txt");
  REQUIRE(bench.run_until_seen(4));
  REQUIRE(bench.seen == List{"1-before.txt", "2-folder", "3-made.txt", "4-moved.txt"});
}

TEST_CASE("a file that fails stops no other") {
  const TemporaryFolder temporary;
  for (const auto* name : {"a.txt", "bad.txt", "c.txt"}) drop(temporary.path / name);
  Bench bench(temporary.path);
  REQUIRE(bench.run_until_seen(3));
  drop(temporary.path / "d.txt");
  REQUIRE(bench.run_until_seen(4));
  REQUIRE(bench.seen == List{"a.txt", "bad.txt", "c.txt", "d.txt"});
}

TEST_CASE("more files at once than the kernel remembers are all handed over") {
  constexpr int count = 20'000;  // the kernel queues 16,384 events unless told otherwise
  const TemporaryFolder temporary;
  Bench bench(temporary.path);
  drop(temporary.path / "first.txt");
  REQUIRE(bench.run_until_seen(1));
  for (int i = 0; i < count; ++i) drop(temporary.path / (std::to_string(i) + ".txt"));
  std::set<std::string> distinct;
  bench.on_file = [&](const std::string& name) { distinct.insert(name); };
  REQUIRE(bench.run_until([&] { return distinct.size() >= count + 1 || bench.seen.size() > 3 * count; }));
  REQUIRE(distinct.contains(std::to_string(count - 1) + ".txt"));
}

TEST_CASE("a folder that goes away is waited for") {
  const TemporaryFolder temporary;
  const auto folder = temporary.path / "in";
  fs::create_directories(folder);
  drop(folder / "a.txt");
  Bench bench(folder);
  REQUIRE(bench.run_until_seen(1));
  fs::remove_all(folder);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(bench.run_until_asleep());
    bench.advance(FolderSource::retry_after);
  }
  REQUIRE(bench.run_until_asleep());
  REQUIRE_FALSE(fs::exists(folder));
  fs::create_directories(folder);
  drop(folder / "b.txt");
  bench.advance(FolderSource::retry_after);
  REQUIRE(bench.run_until_seen(2));
  REQUIRE(bench.seen == List{"a.txt", "b.txt"});
}

TEST_CASE("the folders in a folder are watched where that is wanted") {
  const TemporaryFolder temporary;
  const auto folder = temporary.path / "in";
  const auto failed = folder / "failed";
  fs::create_directories(folder / "2026" / "11");
  fs::create_directories(folder / ".git");
  fs::create_directories(failed);
  for (const auto* name : {"b.txt", "2026/11/a.txt", "2026/c.txt", ".git/config.txt", "failed/bad.txt"})
    drop(folder / name);
  Bench bench(folder, {.recursive = true, .except = failed, .every = {}});
  REQUIRE(bench.run_until_seen(3));
  CHECK(bench.seen == List{"2026/11/a.txt", "2026/c.txt", "b.txt"});

  SECTION("a folder that comes later, with what was in it before it was noticed") {
    fs::create_directories(folder / "2027" / "01");
    drop(folder / "2027" / "01" / "d.txt");
    REQUIRE(bench.run_until_seen(4));
    drop(folder / "2027" / "e.txt");
    drop(failed / "worse.txt");
    drop(folder / "2027" / "01" / "f.txt");
    REQUIRE(bench.run_until_seen(6));
    CHECK(List(bench.seen.begin() + 3, bench.seen.end()) ==
          List{"2027/01/d.txt", "2027/e.txt", "2027/01/f.txt"});
  }
  SECTION("a folder that is moved in, and out again") {
    fs::create_directories(temporary.path / "box");
    drop(temporary.path / "box" / "g.txt");
    fs::rename(temporary.path / "box", folder / "box");
    REQUIRE(bench.run_until_seen(4));
    fs::rename(folder / "box", folder / "2026" / "box");
    REQUIRE(bench.run_until_seen(5));
    drop(folder / "2026" / "box" / "h.txt");
    REQUIRE(bench.run_until_seen(6));
    fs::rename(folder / "2026" / "box", temporary.path / "box");
    drop(temporary.path / "box" / "i.txt");
    drop(folder / "j.txt");
    REQUIRE(bench.run_until_seen(7));
    CHECK(List(bench.seen.begin() + 3, bench.seen.end()) ==
          List{"box/g.txt", "2026/box/g.txt", "2026/box/h.txt", "j.txt"});
  }
  SECTION("a folder that is deleted") {
    fs::remove_all(folder / "2026");
    drop(folder / "k.txt");
    REQUIRE(bench.run_until_seen(4));
    CHECK(bench.seen.back() == "k.txt");
  }
}

TEST_CASE("a folder that is looked through hands over what has not changed between two looks") {
  const TemporaryFolder temporary;
  drop(temporary.path / "a.txt");
  fs::create_symlink("nowhere", temporary.path / "link.txt");
  fs::create_directories(temporary.path / "sub");
  drop(temporary.path / "sub" / "b.txt");
  Bench bench(temporary.path, {.recursive = true, .except = {}, .every = std::chrono::seconds(5)});
  const auto look = [&] {
    REQUIRE(bench.run_until_asleep());
    bench.advance(std::chrono::seconds(5));
    REQUIRE(bench.run_until_asleep());
  };
  REQUIRE(bench.run_until_asleep());
  CHECK(bench.seen.empty());
  look();
  CHECK(bench.seen == List{"a.txt", "link.txt", "sub/b.txt"});
  std::ofstream growing(temporary.path / "c.txt");
  for (int i = 0; i < 3; ++i) {
    growing << "more and more\n" << std::flush;
    look();
  }
  CHECK(bench.seen.size() == 3);
  look();
  CHECK(bench.seen.back() == "c.txt");
  look();
  CHECK(bench.seen.size() == 4);
  fs::remove(temporary.path / "a.txt");
  look();
  drop(temporary.path / "a.txt");
  look();
  look();
  CHECK(bench.seen.size() == 5);
  CHECK(bench.seen.back() == "a.txt");
}
