#include "match/rule_index.hpp"

#include <array>
#include <atomic>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "match/evaluate.hpp"
#include "match/query_parser.hpp"
#include "story/story.hpp"

using namespace crier;

namespace {

Rule rule_of(std::string_view query) {
  Diagnostics diagnostics;
  auto rule = parse_query(query, {}, diagnostics);
  REQUIRE(rule);
  return *rule;
}

// The nth of many words that English stemming leaves alone.
std::string made_up_word(RuleId n) {
  std::string word = "za";
  for (; n > 0; n /= 20) word += "bcdfghjklmnpqrtvwxzk"[n % 20] + std::string("a");
  return word + "nk";
}

// The nth of 4,096 spellings of one word.
std::string spelling(std::size_t n) {
  constexpr std::array vowels{"e", "\u00e9", "\u00e8", "\u00ea", "\u00eb", "\u0113", "\u0119", "\u011b"};
  std::string word = "caf";
  for (int i = 0; i < 4; ++i, n /= 8) word += vowels[n % 8];
  return word;
}

}  // namespace

TEST_CASE("an index answers the rules that match, ascending, as rules come and go") {
  Story story;
  story.title = "Ferry sinks off the coast";
  const auto analysed = analyze(story);

  RuleIndex index;
  REQUIRE(index.match(analysed).empty());
  index.add(7, rule_of("ferry"));
  index.add(3, rule_of("coast NOT train"));
  index.add(5, rule_of("train"));
  REQUIRE(index.size() == 3);
  REQUIRE(index.match(analysed) == std::vector<RuleId>{3, 7});

  index.add(5, rule_of("title:sinks"));
  REQUIRE(index.size() == 3);
  REQUIRE(index.match(analysed) == std::vector<RuleId>{3, 5, 7});

  index.remove(3);
  index.remove(99);
  REQUIRE(index.size() == 2);
  REQUIRE(index.match(analysed) == std::vector<RuleId>{5, 7});
}

TEST_CASE("stories are matched while rules come and go, and no half of a rule is seen") {
  constexpr RuleId stable = 50;
  constexpr RuleId changing = 400;
  Story story;
  story.title = "Ferry sinks off the coast";
  for (RuleId id = 0; id < changing; ++id)
    story.body_text += "w" + std::to_string(id) + " " + made_up_word(id / 3) + " ";
  const auto analysed = analyze(story);

  RuleIndex index;
  std::vector<RuleId> stable_ids;
  for (RuleId id = 0; id < stable; ++id) {
    index.add(id, rule_of("ferry AND w" + std::to_string(id)));
    stable_ids.push_back(id);
  }
  // Words that only the changing rules use are new to the index when they come, and the story has them: a
  // rule that excludes one is never true, and must not be even while its words are being learned; be it the
  // first word with its stem or another one.
  constexpr std::array<std::string_view, 3> endings{"", "s", "ed"};
  std::vector<Rule> never_true;
  for (RuleId id = 0; id < changing; ++id)
    never_true.push_back(id % 2 == 0
                             ? rule_of("ferry NOT " + made_up_word(id / 3) + std::string(endings[id % 3]))
                             : rule_of("ferry NOT w" + std::to_string(id) + " NOT \"w" + std::to_string(id) +
                                       " w" + std::to_string(id + 1) + "\""));
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int round = 0; round < 5; ++round) {
      for (RuleId id = 0; id < changing; ++id) index.add(stable + id, never_true[id]);
      for (RuleId id = 0; id < changing; ++id) index.remove(stable + id);
    }
    done = true;
  });
  std::atomic<int> wrong{0};
  const auto read = [&] {
    std::vector<RuleId> ids;
    do {
      index.match(analysed, ids);
      if (ids != stable_ids) ++wrong;
    } while (!done);
  };
  std::thread reader(read);
  read();
  reader.join();
  writer.join();
  CHECK(wrong == 0);
  CHECK(index.size() == stable);
  CHECK(index.match(analysed) == stable_ids);
}

TEST_CASE("of words with one stem, only those are found that a story in its language has") {
  const std::vector<std::string> words{"connect",    "connects",    "connected",        "connecting",
                                       "connection", "connections", "connective",       "connectives",
                                       "resume",     "resumed",     "r\u00e9sum\u00e9", "r\u00e9sum\u00e9s"};
  std::vector<Rule> rules;
  for (const auto& word : words)
    for (const auto* before : {"", "=", "title:", "title:="})
      for (const auto& query : {before + word, "harbour AND NOT " + (before + word),
                                "(ferry OR " + (before + word) + ") AND NOT coast"})
        rules.push_back(rule_of(query));
  for (const auto& word : words) rules.push_back(rule_of("\"" + word + " harbour\""));

  RuleIndex index;
  // Of the rules that are there, each `step`th.
  const auto check = [&](std::size_t step) {
    for (const auto* language : {"en", "de", "es", "ja"})
      for (const auto& word : words)
        for (const bool in_title : {true, false}) {
          Story story;
          story.language = language;
          story.title = in_title ? word : "A";
          story.body_text = in_title ? "harbour" : word + " harbour";
          const auto analysed = analyze(story);
          std::vector<RuleId> expected;
          for (RuleId id = 0; id < rules.size(); id += step)
            if (matches(rules[id], analysed)) expected.push_back(id);
          INFO(language << " " << word << (in_title ? " in the title" : ""));
          CHECK(index.match(analysed) == expected);
        }
  };
  const auto for_each_odd = [&](const auto& change) {
    for (RuleId id = 1; id < rules.size(); id += 2) change(id);
  };
  for (RuleId id = 0; id < rules.size(); id += 2) index.add(id, rules[id]);
  check(2);
  for_each_odd([&](RuleId id) { index.add(id, rules[id]); });  // the languages are known by now
  check(1);
  for_each_odd([&](RuleId id) { index.remove(id); });
  check(2);
}

TEST_CASE("very many spellings of one word take no more room than as many words") {
  std::vector<Rule> words;
  for (std::size_t i = 0; i < 4096; ++i) words.push_back(rule_of(spelling(i)));
  RuleIndex index;
  index.add(1, any_of(std::move(words)));
  CHECK(index.bytes() < 8'000'000);
  Story story;
  story.title = "A cafeee\u0119";
  CHECK(index.match(analyze(story)) == std::vector<RuleId>{1});
}

TEST_CASE("of many spellings of one word each is found in its own rules") {
  constexpr std::size_t spellings = 300;
  std::vector<Rule> rules;
  for (std::size_t i = 0; i < spellings; ++i) rules.push_back(rule_of(spelling(i) + " NOT ferry"));
  // Not in the order in which the spellings came.
  for (auto i = spellings; i-- > 0;) {
    rules.push_back(rule_of("title:" + spelling(i)));
    rules.push_back(rule_of("=" + spelling(i)));
    rules.push_back(rule_of("\"" + spelling(i) + " harbour\""));
    rules.push_back(rule_of("=\"harbour " + spelling(i) + "\""));
  }
  RuleIndex index;
  for (RuleId id = 0; id < rules.size(); ++id) index.add(id, rules[id]);
  for (const auto* language : {"en", "es", "ja"})
    for (const std::size_t i : {0, 1, 8, 77, 299}) {
      Story story;
      story.language = language;
      story.title = spelling(i) + " harbour";
      story.body_text = "harbour " + spelling(i);
      const auto analysed = analyze(story);
      std::vector<RuleId> expected;
      for (RuleId id = 0; id < rules.size(); ++id)
        if (matches(rules[id], analysed)) expected.push_back(id);
      INFO(language << " " << spelling(i));
      CHECK(index.match(analysed) == expected);
    }
}

TEST_CASE("a rule of many alternatives is tried once a story, however many of them lead to it") {
  RuleIndex index;
  std::vector<Rule> alternatives;
  for (RuleId i = 0; i < 200; ++i)
    alternatives.push_back(rule_of("(ferry ONEAR/" + std::to_string(i % 100 + 1) + " coast) AND ferry AND " +
                                   (i % 2 == 0 ? "harbour" : "pier") + " NOT " + made_up_word(i)));
  index.add(1, any_of(std::move(alternatives)));
  index.add(2, rule_of("ferry NEAR/9 harbour"));
  Story story;
  story.title = "The coast, the pier, the harbour and the ferry";
  std::vector<RuleId> ids;
  MatchWork work;
  index.match(analyze(story), ids, &work);
  CHECK(ids == std::vector<RuleId>{2});
  CHECK(work.candidates > 100);
  CHECK(work.programs == 2);
}

TEST_CASE("of a rule that is always true nothing is left when it goes, whatever was where it is kept") {
  RuleIndex index;
  Story story;
  story.title = "Hello";
  const auto hello = analyze(story);
  index.add(1, rule_of("ship AND quay"));
  index.remove(1);
  index.match(hello);
  index.add(2, rule_of("urgency>=1"));
  CHECK(index.match(hello) == std::vector<RuleId>{2});
  CHECK(index.cost(2).postings == 1);
  index.remove(2);
  CHECK(index.match(hello).empty());
  for (RuleId id = 3; id < 40; ++id) index.add(id, rule_of("ship AND quay"));  // takes what is free
  CHECK(index.match(hello).empty());
}

TEST_CASE("an index knows what is rare in the language of most stories") {
  RuleIndex index(stemming_language("ru"));
  Story common;
  common.language = "ru";
  common.title = "\u041c\u0438\u043d\u0438\u0441\u0442\u0440\u044b";  // ministers
  for (int i = 0; i < 20; ++i) index.learn(analyze(common));
  // Of the minister, and another word.
  for (RuleId id = 0; id < 100; ++id)
    index.add(id, rule_of("\u043c\u0438\u043d\u0438\u0441\u0442\u0440\u0430 AND rare" + std::to_string(id)));
  std::vector<RuleId> ids;
  MatchWork work;
  index.match(analyze(common), ids, &work);
  CHECK(work.postings < 5);
  common.body_text = "rare7";
  CHECK(index.match(analyze(common)) == std::vector<RuleId>{7});
}

TEST_CASE("rules about what is rare are not looked at for stories without it") {
  RuleIndex index;
  Story common;
  common.title = "The minister spoke";
  for (int i = 0; i < 20; ++i) index.learn(analyze(common));
  for (RuleId id = 0; id < 100; ++id) index.add(id, rule_of("minister AND rare" + std::to_string(id)));
  std::vector<RuleId> ids;
  MatchWork work;
  index.match(analyze(common), ids, &work);
  CHECK(ids.empty());
  CHECK(work.postings < 5);  // a rare word may share its rate with a common one
}

TEST_CASE("a rule under a word that became frequent moves to one that did not") {
  RuleIndex index;
  Story quiet;
  quiet.title = "Nothing but envoys here";
  for (int i = 0; i < 50; ++i) index.learn(analyze(quiet));
  index.add(1, rule_of("summit AND envoy"));
  Story busy;
  busy.title = "A summit";
  for (int i = 0; i < 400; ++i) index.learn(analyze(busy));
  std::vector<RuleId> ids;
  MatchWork work;
  index.match(analyze(busy), ids, &work);
  CHECK(work.postings == 1);
  CHECK(index.reanchor(10) == 1);
  index.reanchor(10);  // the old place is given up with the next change
  index.match(analyze(busy), ids, &work);
  CHECK(work.postings == 0);
  Story both;
  both.title = "Envoys at the summit";
  CHECK(index.match(analyze(both)) == std::vector<RuleId>{1});
}
