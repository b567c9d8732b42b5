// From a folder into intake, when the system cannot give what it takes to read a file.
#include <catch2/catch.hpp>
#include <sys/resource.h>

#include "app/failed_files.hpp"
#include "base/files.hpp"
#include "story/story_log.hpp"
#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// While it lives no file can be opened.
class NoMoreFiles {
 public:
  NoMoreFiles() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    auto none = before_;
    none.rlim_cur = 0;
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoMoreFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoMoreFiles(const NoMoreFiles&) = delete;
  NoMoreFiles& operator=(const NoMoreFiles&) = delete;

 private:
  struct rlimit before_ {};
};

bool knows(Belts& belts, const std::string& id) {
  bool known = false;
  belts.change_database([&](Sqlite& db) { known = load_story(db, id).has_value(); });
  return known;
}

}  // namespace

TEST_CASE("a file that the system cannot open now is read later, and not moved away") {
  const TempFolder folder;
  const auto inbox = folder.path() / "inbox";
  fs::create_directories(inbox);
  Belts belts("{}", at("2026-11-24T12:00:00Z"));
  belts.watch({.name = "desk", .path = inbox, .url = {}, .failed = folder.path() / "failed"});
  const auto prepared = folder.write("dam.md", "# Dam breaks\n\nWater came at night.\n");
  {
    const NoMoreFiles none;
    fs::rename(prepared, inbox / "dam.md");
    belts.settle();
    belts.advance(2s);
  }
  CHECK(fs::exists(inbox / "dam.md"));
  CHECK_FALSE(fs::exists(folder.path() / "failed"));
  CHECK_FALSE(knows(belts, "dam-breaks"));
  belts.advance(10s);
  CHECK(knows(belts, "dam-breaks"));
  CHECK(belts.failures.empty());
}

TEST_CASE("a reason does not take the place of a story that is called so") {
  const TempFolder folder;
  const auto failed = folder.path() / "failed";
  const auto story = folder.write("bad.json.reason", "a story");
  CHECK(set_aside(story, failed, "why not").value() == failed / "bad.json.reason");
  const auto other = folder.write("bad.json", "{");
  CHECK(set_aside(other, failed, "no JSON").value() == failed / "bad-2.json");
  CHECK(read_file(failed / "bad.json.reason", 100).value() == "a story");
  CHECK(read_file(failed / "bad.json.reason.reason", 100).value() == "why not\n");
  CHECK(read_file(failed / "bad-2.json.reason", 100).value() == "no JSON\n");
  // Nor is one left behind where the story could not be moved.
  CHECK_FALSE(set_aside(folder.path() / "gone.json", failed, "no JSON"));
  CHECK_FALSE(fs::exists(failed / "gone.json.reason"));
}
