// A configuration that is loaded beside the one at work: what it shares with it, and what it leaves alone.
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "support/sample_config.hpp"
#include "text/analyzer.hpp"

using namespace crier;
using namespace crier::test;

namespace {

AnalyzedStory story_about(std::string_view title) {
  Story story;
  story.title = title;
  story.language = "en";
  return analyze(story);
}

// Who is owed the story, by the rule that says so.
std::set<std::string> readers_of(const SubscriberBook& book, const AnalyzedStory& story) {
  std::set<std::string> out;
  for (const auto rule : book.match(story))
    for (const auto& subscription : book.rules()[rule].followers)
      out.emplace(book.subscribers()[subscription.subscriber].id());
  return out;
}

using Names = std::set<std::string>;

class Reloads {
 public:
  std::shared_ptr<const SubscriberBook> load(std::string_view rules,
                                             std::shared_ptr<const SubscriberBook> former = nullptr) {
    sample_.write("rules.yaml", rules);
    diagnostics = {};
    auto config = load_config(sample_.path(), diagnostics, {.former = std::move(former)});
    return config.book;
  }
  std::string complaint() const {
    REQUIRE(diagnostics.list().size() == 1);
    const auto& first = diagnostics.list().front();
    return fmt::format("{}:{}: {}", first.place.line, first.place.column, first.message);
  }

  Diagnostics diagnostics;

 private:
  SampleConfig sample_;
};

std::string reader(std::string_view id, std::string_view follow) {
  return fmt::format("  - id: {0}\n    email: {0}@example.org\n    follow: [{1}]\n", id, follow);
}

}  // namespace

TEST_CASE("rules that say the same are one in the index, whoever follows them and however they spell them") {
  Reloads reloads;
  const auto book =
      reloads.load("topics: {quays: {any: ['ferry AND quay']}}\nsubscribers:\n" +
                   reader("amara", "{match: quay AND ferry}") + reader("bruno", "{match: quay AND ferry}") +
                   reader("chen", "{match: 'Ferry AND Quay'}") + reader("dora", "{topic: quays}"));
  CHECK(reloads.diagnostics.empty());
  CHECK(book->registry()->index().size() == 1);
  CHECK(book->rules().size() == 3);  // the topic, and two spellings
  CHECK(readers_of(*book, story_about("A ferry at the quay")) == Names{"amara", "bruno", "chen", "dora"});
  CHECK(book->name_of(1) == "amara and others: quay AND ferry");
  CHECK(book->name_of(2) == "chen: Ferry AND Quay");
}

TEST_CASE("a reload changes the index by the difference alone") {
  Reloads reloads;
  const auto head = std::string("topics: {ports: {any: [harbour]}}\nsubscribers:\n");
  const auto amara = reader("amara", "{topic: ports}, {match: ferry}");
  auto former = reloads.load(head + amara + reader("bruno", "{match: bridge}, {match: quay}"));
  const auto registry = former->registry();
  CHECK(registry->changes().added == 4);

  SECTION("of nothing by nothing") {
    const auto fresh = reloads.load(head + amara + reader("bruno", "{match: bridge}, {match: quay}"), former);
    CHECK(fresh->registry() == registry);
    CHECK(difference(*former, *fresh).added == 0);
    former.reset();
    CHECK(registry->changes().added == 4);
    CHECK(registry->changes().removed == 0);
  }
  SECTION("of a rule by one, when the former book is gone") {
    const auto fresh =
        reloads.load(head + amara + reader("bruno", "{match: bridge}, {match: tunnel}"), former);
    const auto changed = difference(*former, *fresh);
    CHECK(changed.added == 1);
    CHECK(changed.removed == 1);
    CHECK(registry->changes().added == 5);
    CHECK(registry->changes().removed == 0);
    const auto story = story_about("A tunnel under the quay");
    CHECK(readers_of(*former, story) == Names{"bruno"});  // work under way keeps what it started with
    CHECK(former->match(story).size() == 1);
    CHECK(fresh->match(story).size() == 1);
    former.reset();
    CHECK(registry->changes().removed == 1);
    CHECK(readers_of(*fresh, story) == Names{"bruno"});
    CHECK(readers_of(*fresh, story_about("A quay")).empty());
  }
  SECTION("of an edition or a reader by no rule") {
    const auto fresh = reloads.load("editions: {dawn: {at: \"05:00\", zone: UTC}}\n" + head +
                                        reader("amara", "{topic: ports, deliver: dawn}, {match: ferry}") +
                                        reader("chen", "{match: bridge}, {match: quay}"),
                                    former);
    CHECK(reloads.diagnostics.empty());
    CHECK(registry->changes().added == 4);
    CHECK(readers_of(*fresh, story_about("A bridge")) == Names{"chen"});
    CHECK(fresh->editions()[(*fresh->rules()[0].followers.begin()).edition] == "dawn");
  }
}

TEST_CASE("a refused configuration leaves nothing behind") {
  Reloads reloads;
  const auto former = reloads.load("subscribers:\n" + reader("amara", "{match: ferry}"));
  reloads.load("subscribers:\n" + reader("amara", "{match: ferry}, {match: tunnel}, {match: bridge OR}"),
               former);
  CHECK(reloads.complaint() == "4:62: OR needs something behind it; write a word or remove it");
  const auto changes = former->registry()->changes();
  CHECK(changes.added - changes.removed == 1);
  CHECK(readers_of(*former, story_about("A ferry in a tunnel")) == Names{"amara"});
}

TEST_CASE("a list that is no YAML somewhere is refused at that place, not item by item") {
  Reloads reloads;
  reloads.load("subscribers:\n" + reader("amara", "{match: ferry}, {match: bridge OR}") +
               reader("bruno", "{match: 'quay}") + reader("chen", "{match: port}"));
  CHECK(reloads.complaint() == "7:14: a key must be a plain word; is a quote or bracket left open?");
}

TEST_CASE("an item that goes over the edge of its lines is read all the same") {
  Reloads reloads;
  const auto book = reloads.load("subscribers:\n" + reader("amara", "{match: ferry}") +
                                 "  - id: bruno\n    name: \"B.\n  - no dash\"\n    email: b@example.org\n"
                                 "    follow: [{match: ferry}]\n");
  CHECK(reloads.diagnostics.empty());
  CHECK(readers_of(*book, story_about("A ferry")) == Names{"amara", "bruno"});
}

TEST_CASE("a topic that is taken out while it is followed is named where it is followed") {
  Reloads reloads;
  const auto subscribers = "subscribers:\n" + reader("amara", "{topic: ports}");
  const auto former = reloads.load("topics: {ports: {any: [harbour]}, quays: {any: [quay]}}\n" + subscribers);
  reloads.load("topics: {quays: {any: [quay]}}\n" + subscribers, former);
  CHECK(reloads.complaint() == "5:22: there is no topic \"ports\"");
  CHECK(readers_of(*former, story_about("A harbour")) == Names{"amara"});
}

TEST_CASE("an own rule follows the topic that it names, and the site's stemming") {
  Reloads reloads;
  const auto with = [](std::string_view words) {
    return fmt::format("topics: {{ports: {{any: [{}]}}}}\nsubscribers:\n{}", words,
                       reader("amara", "{match: 'rule:ports AND ferry'}"));
  };
  auto book = reloads.load(with("harbour"));
  CHECK(readers_of(*book, story_about("A ferry in the harbour")) == Names{"amara"});
  book = reloads.load(with("quay"), book);
  CHECK(readers_of(*book, story_about("A ferry in the harbour")).empty());
  CHECK(readers_of(*book, story_about("A ferry at the quay")) == Names{"amara"});
}

TEST_CASE("a million readers of a few rules cost no more rules") {
  Reloads reloads;
  std::string rules = "subscribers:\n";
  for (int i = 0; i < 300; ++i)
    rules += reader(fmt::format("r{}", i), fmt::format("{{match: word{}}}", i % 7));
  const auto book = reloads.load(rules);
  CHECK(book->registry()->index().size() == 7);
  CHECK(readers_of(*book, story_about("word3")).size() == 43);
  CHECK(book->find("r299")->id() == "r299");
}

TEST_CASE("reloads while stories are matched lose nobody and add nobody") {
  Reloads reloads;
  constexpr int readers = 60;
  // Reader i follows word<i>, except that in each round some follow another word instead.
  const auto rules_of = [](int round) {
    std::string rules = "subscribers:\n";
    for (int i = 0; i < readers; ++i)
      rules += reader(fmt::format("r{}", i),
                      fmt::format("{{match: word{}}}", i % 10 == round % 10 ? 1000 + round * 100 + i : i));
    return rules;
  };
  std::string title;
  for (int i = 0; i < readers; ++i) title += fmt::format("word{} ", i);
  const auto story = story_about(title);

  // Not std::atomic<std::shared_ptr>: that of GCC 12's library is a data race to the thread sanitizer.
  std::mutex swapping;
  std::shared_ptr<const SubscriberBook> at_work = reloads.load(rules_of(0));
  const auto current = [&] {
    const std::lock_guard lock(swapping);
    return at_work;
  };
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> matching;
  for (int t = 0; t < 2; ++t)
    matching.emplace_back([&] {
      while (!stop) {
        const auto book = current();
        if (readers_of(*book, story).size() != readers - readers / 10) ++wrong;
        book->registry()->index().learn(story);
        book->registry()->index().reanchor(10);
      }
    });
  for (int round = 1; round < 30; ++round) {
    const auto former = current();
    const auto fresh = reloads.load(rules_of(round), former);
    CHECK(difference(*former, *fresh).added == 2 * readers / 10);
    const std::lock_guard lock(swapping);
    at_work = fresh;
  }
  stop = true;
  for (auto& thread : matching) thread.join();
  CHECK(wrong == 0);
  CHECK(current()->registry()->index().size() == readers);
}
