// From a folder into intake, when the system cannot give what it takes to read a file, or there is no room
// for stories.
#include <catch2/catch.hpp>
#include <fmt/core.h>
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

constexpr std::string_view harbour_reader = R"(
topics: {harbours: {any: [harbour]}}
subscribers:
  - {id: amara, email: amara@example.org, follow: [{topic: harbours}]}
)";

// A newsroom with a folder, and a reader of what is in it.
struct Desk {
  TempFolder folder;
  Belts belts{harbour_reader, at("2026-11-24T12:00:00Z")};
  ScriptedChannel& email = belts.channel(ChannelKind::email);

  Desk() {
    fs::create_directories(folder.path() / "inbox");
    belts.watch({.name = "desk", .path = folder.path() / "inbox", .url = {}, .failed = {}});
  }
  void drop(const std::string& file, const std::string& content) {
    const auto written = folder.write(file, content);
    fs::rename(written, folder.path() / "inbox" / file);
    belts.settle();
  }
  void make_room() {
    belts.has_room = true;
    belts.advance(1s);
  }
  std::vector<std::string> sent() const {
    std::vector<std::string> titles;
    for (const auto& each : email.sent) titles.push_back(each.titles.front());
    return titles;
  }
};

std::string story(std::string_view id, std::string_view title, std::string_view status = "usable") {
  return fmt::format(R"({{"id": "{}", "title": "{}", "body_text": "All of it.", "status": "{}"}})", id, title,
                     status);
}

using Titles = std::vector<std::string>;

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

TEST_CASE("a story is stopped although one before it waits for room") {
  Desk desk;
  Outcome busy;
  busy.reason = "smtp-4.2.2";
  desk.email.answers = {busy};
  desk.drop("burns.json", story("h1", "The harbour burns"));
  REQUIRE(desk.email.sent.size() == 1);
  desk.belts.has_room = false;
  desk.drop("opens.json", story("h2", "The harbour opens"));
  // The stop is the file's own, or in a file with others.
  const auto stop = story("h1", "The harbour burns", "canceled");
  desk.drop("stop.json",
            GENERATE(false, true) ? "[" + story("h3", "The harbour closes") + "," + stop + "]" : stop);
  desk.belts.advance(10min);
  CHECK(desk.email.sent.size() == 1);
  CHECK(desk.belts.ledger("h1").total.suppressed.at("canceled") == 1);
  CHECK_FALSE(knows(desk.belts, "h2"));
  CHECK_FALSE(knows(desk.belts, "h3"));
  desk.make_room();
  REQUIRE(desk.email.sent.size() >= 2);
  CHECK(desk.sent()[1] == "The harbour opens");
  CHECK(desk.belts.ledger().total.queued == 0);
  CHECK(desk.belts.failures.empty());
}

TEST_CASE("a story that waited for room does not lift what was stopped meanwhile") {
  Desk desk;
  desk.belts.has_room = false;
  desk.drop("burns.json", story("h1", "The harbour burns"));
  SECTION("by a file") {
    desk.drop("stop.json", story("h1", "The harbour burns", "withheld"));
  }
  SECTION("by a push") {
    auto pushed = sample_story("h1", "The harbour burns");
    pushed.status = StoryStatus::withheld;
    desk.belts.accept(std::move(pushed));
  }
  SECTION("by an order") {
    CHECK_FALSE(desk.belts.cancel("h1"));
  }
  SECTION("while only a feed has a story of that id") {
    auto other = sample_story("h1", "A dam breaks");
    other.source = "wire";
    desk.belts.has_room = true;
    desk.belts.accept(std::move(other), Authority::own_stories);
    desk.belts.has_room = false;
    auto pushed = sample_story("h1", "The harbour burns");
    pushed.status = StoryStatus::canceled;
    desk.belts.accept(std::move(pushed));
  }
  SECTION("by a file that is there again after a restart") {
    desk.drop("stop.json", story("h1", "The harbour burns", "withheld"));
    desk.belts.crash();
    desk.belts.watch({.name = "desk", .path = desk.folder.path() / "inbox", .url = {}, .failed = {}});
  }
  desk.make_room();
  CHECK(desk.sent().empty());
  desk.drop("corrected.json", story("h1", "The harbour does not burn"));
  CHECK(desk.sent() == Titles{"The harbour does not burn"});
}

TEST_CASE("a story that was released while others waited for room is sent as it was released") {
  Desk desk;
  desk.belts.has_room = false;
  desk.drop("burns.json", story("h1", "The harbour burns"));
  desk.drop("stop.json", "[" + story("h2", "The harbour opens") + "," +
                             story("h1", "The harbour burns", "withheld") + "]");
  desk.drop("corrected.json", story("h1", "The harbour does not burn"));
  desk.make_room();
  CHECK(desk.sent() == Titles{"The harbour opens", "The harbour does not burn"});
}

TEST_CASE("versions of a story that wait for room are taken in the order in which they came") {
  Desk desk;
  desk.belts.has_room = false;
  desk.drop("z.json", story("h1", "The harbour opens"));
  desk.belts.advance(10min);
  desk.drop("a.json", story("h1", "The harbour closes"));
  desk.belts.has_room = true;
  desk.drop("m.json", story("h1", "The harbour is for sale"));
  desk.belts.advance(1s);
  CHECK(desk.sent() == Titles{"The harbour opens"});
  desk.belts.change_database(
      [](Sqlite& db) { CHECK(load_story(db, "h1").value().title == "The harbour is for sale"); });
}

TEST_CASE("a file that is written anew while it waits for room is taken as it is then") {
  Desk desk;
  desk.belts.has_room = false;
  desk.drop("h1.json", story("h1", "The harbour opens"));
  desk.drop("h1.json", story("h1", "The harbour opens", "withheld"));
  desk.make_room();
  CHECK(desk.sent().empty());
  desk.belts.has_room = false;
  desk.drop("h1.json", story("h1", "The harbour opens at last"));
  desk.make_room();
  CHECK(desk.sent() == Titles{"The harbour opens at last"});
}
