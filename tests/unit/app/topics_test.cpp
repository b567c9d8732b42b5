// Topics that refer to topics, stemming that is switched off, and rules that are too much.
#include <algorithm>
#include <chrono>

#include <catch2/catch.hpp>

#include "match/evaluate.hpp"
#include "support/sample_config.hpp"

using namespace crier;
using namespace crier::test;

namespace {

std::vector<std::string> found(const Config& config, std::string_view text) {
  Story story;
  story.body_text = text;
  story.language = "en";
  const auto& book = *config.newsroom.book;
  std::vector<std::string> out;
  for (const auto rule : book.match(analyze(story)))
    out.push_back(book.rules()[rule].topic.empty() ? book.rules()[rule].title : book.rules()[rule].topic);
  return out;
}

using Names = std::vector<std::string>;

// What is complained about, and that it does not take long.
std::string complaints_about(const std::string& rules) {
  const auto start = std::chrono::steady_clock::now();
  SampleConfig sample(rules);
  auto out = sample.complaints();
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(60));
  return out;
}

std::string repeated(std::size_t times, std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("a topic may refer to topics that stand later, or in another file") {
  SampleConfig sample(
      "topics:\n"
      "  all news: {any: [rule:ports, 'rule:\"tide walls\" NOT sport']}\n"
      "  ports: {rule: harbours, none: [ferry]}\n"
      "  two: {at_least: 2, of: [rule:harbours, {rule: tide walls}, storm]}\n"
      "subscribers:\n"
      "  - {id: a, email: a@example.org, follow: [{match: 'rule:ports AND crane'}]}\n");
  sample.write("zz.yaml", "topics:\n  harbours: {any: [harbour]}\n  tide walls: {any: ['\"tide wall\"']}\n");
  const auto config = sample.load();
  CHECK(sample.complaints().empty());
  CHECK(found(config, "the harbour crane") == Names{"all news", "ports", "harbours", "rule:ports AND crane"});
  CHECK(found(config, "the harbour ferry") == Names{"harbours"});
  CHECK(found(config, "a tide wall in the storm") == Names{"all news", "two", "tide walls"});
  CHECK(found(config, "a tide wall of sport") == Names{"tide walls"});
}

TEST_CASE("a circle of topics is named whole, with its places, once") {
  SampleConfig sample(
      "topics:\n"
      "  a: {any: [x, 'y AND rule:b']}\n"
      "  d: {any: [rule:d]}\n");
  sample.write("zz.yaml",
               "topics:\n  b: {rule: c}\n  c:\n    any:\n      - |\n        z OR\n          rule:a\n");
  const auto name = [&](std::string_view file) { return (sample.path() / file).string(); };
  CHECK(sample.complaints() == "rules.yaml:2:28: topics refer to each other in a circle: a refers to b (" +
                                   name("rules.yaml") + ":2:28), b refers to c (" + name("zz.yaml") +
                                   ":2:13), c refers to a (" + name("zz.yaml") +
                                   ":7:16)\n"
                                   "rules.yaml:3:18: topic d refers to itself: write the words out\n");
}

TEST_CASE("a reference to no topic says which was meant; one to a broken topic does not complain again") {
  SampleConfig sample(
      "topics:\n"
      "  harbours: {any: [climate change]}\n"
      "  a: {any: [rule:habours]}\n"
      "  b: {rule: harbours}\n"
      "subscribers:\n"
      "  - {id: a, email: a@example.org, follow: [{match: 'rule:harbour'}, {topic: b}]}\n");
  CHECK(sample.complaints() ==
        "rules.yaml:2:28: two conditions stand side by side; write climate AND change, or \"climate change\" "
        "for the phrase\n"
        "rules.yaml:3:18: there is no topic \"habours\" (did you mean \"harbours\"?)\n"
        "rules.yaml:6:58: there is no topic \"harbour\" (did you mean \"harbours\"?)\n");
  CHECK(sample.diagnostics.list()[1].suggestion == "harbours");
  CHECK(sample.diagnostics.list()[1].excerpt == "    a: {any: [rule:habours]}\n                   ^");
}

TEST_CASE("a topic that somebody follows or refers to cannot just be deleted") {
  SampleConfig sample(
      "topics: {a: {any: [x]}, b: {any: [rule:a]}}\n"
      "subscribers: [{id: m, email: m@example.org, follow: [{topic: a}]}]\n");
  CHECK(sample.complaints().empty());
  sample.write("rules.yaml",
               "topics: {b: {any: [rule:a]}}\n"
               "subscribers: [{id: m, email: m@example.org, follow: [{topic: a}]}]\n");
  CHECK(sample.complaints() ==
        "rules.yaml:1:25: there is no topic \"a\" (did you mean \"b\"?)\n"
        "rules.yaml:2:62: there is no topic \"a\" (did you mean \"b\"?)\n");
}

TEST_CASE("where a topic cannot be named, that is said") {
  CHECK(complaints_about(
            "topics: {a: {any: [x]}, b: {any: ['rule:a NEAR/3 y']}, c: {any: ['title:(rule:a)']},\n"
            "  d: {any: ['rule:(a OR b)']}, e: {any: ['rule: ']}}\n") ==
        "rules.yaml:1:36: NEAR/3 is about words; write the words of the topic out\n"
        "rules.yaml:1:74: title: is about words; write rule: outside it\n"
        "rules.yaml:2:19: a field has one value; write (rule:a OR rule:b)\n"
        "rules.yaml:2:43: rule: needs a value behind it, as in rule:\"East Asia\"\n");
}

TEST_CASE("stemming is switched off for a topic, or for all that do not say on") {
  const std::string rules =
      "topics:\n"
      "  off: {any: [chips, '\"sea walls\"'], stemming: off}\n"
      "  on: {any: [chips], stemming: on}\n"
      "  open: {any: [{title: chips}, chips]}\n"
      "  of another: {any: [rule:on, rule:off], stemming: off}\n"
      "subscribers: [{id: m, email: m@example.org, follow: [{match: chips OR =x}]}]\n";
  SampleConfig sample(rules);
  CHECK(found(sample.load(), "one chip") == Names{"on", "open", "of another", "chips OR =x"});
  CHECK(found(sample.load(), "the sea wall").empty());
  CHECK(found(sample.load(), "sea walls") == Names{"off", "of another"});
  CHECK(sample.complaints().empty());
  sample.write(
      "base.yaml",
      "site: {name: S, stemming: off}\nchannels: {email: {relay: \"maildir:m\", from: a@example.org}}\n");
  CHECK(found(sample.load(), "one chip") == Names{"on", "of another"});
  CHECK(found(sample.load(), "two chips").size() == 5);
  sample.write("rules.yaml",
               "topics: {a: {any: [x]}}\n"
               "subscribers: [{id: m, email: m@example.org, follow: [{match: chips},\n"
               "  {match: chips, stemming: on}, {topic: a, stemming: on}]}]\n");
  CHECK(sample.complaints() == "rules.yaml:3:54: stemming belongs to the topic, or to a match\n");
  sample.write("rules.yaml",
               "subscribers: [{id: m, email: m@example.org, follow: [{match: chips},\n"
               "  {match: chips, stemming: on}]}]\n");
  CHECK(found(sample.load(), "two chips") == Names{"chips", "chips"});
  CHECK(found(sample.load(), "one chip") == Names{"chips"});
  sample.write("rules.yaml", "topics: {a: {any: [x], stemming: 'no'}}\n");
  CHECK(sample.complaints() == "rules.yaml:1:34: stemming must be on or off\n");
}

TEST_CASE("urgency and published are compared in YAML as in queries") {
  SampleConfig sample(
      "topics:\n"
      "  urgent: {any: [chips], urgency: \"<=2\"}\n"
      "  flash: {any: [chips], urgency: [1, 8]}\n"
      "  new: {any: [chips], published: \">=2026-01-31\"}\n");
  const auto config = sample.load();
  CHECK(sample.complaints().empty());
  Story story;
  story.body_text = "chips";
  const auto found_with = [&](int urgency, std::string_view published) {
    story.urgency = urgency;
    story.published = parse_rfc3339(published);
    std::string out;
    const auto& book = *config.newsroom.book;
    for (const auto rule : book.match(analyze(story))) out += book.rules()[rule].topic + ' ';
    return out;
  };
  CHECK(found_with(1, "2026-01-30T23:59:59Z") == "urgent flash ");
  CHECK(found_with(2, "2026-01-31T00:00:00Z") == "urgent new ");
  CHECK(found_with(8, "2026-01-31T00:00:00Z") == "flash new ");
  sample.write("rules.yaml",
               "topics:\n"
               "  a: {any: [x], urgency: high}\n"
               "  b: {any: [x], urgency: \"<=9\"}\n"
               "  c: {any: [x], published: \"<2026-13-01\"}\n");
  CHECK(sample.complaints() ==
        "rules.yaml:2:26: the value of urgency must be a comparison, like \"<=2\"\n"
        "rules.yaml:3:29: urgency goes from 1 (flash) to 8; write it as in urgency<=2\n"
        "rules.yaml:4:30: write a day or a time with its offset: 2023-01-31 or 2023-01-31T18:00:00Z\n");
}

TEST_CASE("rules without bounds are refused with a reason, in bounded time") {
  CHECK(complaints_about("topics: {a: {any: ['" + repeated(1 << 20, "a") + "']}}\n") ==
        "rules.yaml:1:21: the query has 1048576 bytes, more than 65536; split it\n");
  CHECK(complaints_about("topics: {a: {any: ['" + repeated(10'000, "(") + "a" + repeated(10'000, ")") +
                         "']}}\n") ==
        "rules.yaml:1:221: more than 200 levels within each other; make the query flatter\n");
  CHECK(complaints_about("topics: {a: " + repeated(10'000, "{any: [") + "x" + repeated(10'000, "]}") +
                         "}\n") == "rules.yaml:1:706: nested deeper than 200 levels\n");
  CHECK(complaints_about("topics: {a: {any: ['\xff']}}\n") ==
        "rules.yaml:1:21: the byte 0xFF is not UTF-8 text: save the file as UTF-8\n");
  CHECK(complaints_about("topics: {a: {any: ['...', '\"?!\"']}}\n") ==
        "rules.yaml:1:21: this has neither letters nor digits; write a word\n"
        "rules.yaml:1:28: this has neither letters nor digits; write a word\n");
}

TEST_CASE("a rule that only excludes is refused where it does") {
  const std::string alternative =
      "this alternative only excludes, so the rule would find nearly everything; write what it is to find "
      "before "
      "NOT, as in chips NOT sport\n";
  CHECK(complaints_about("topics: {a: {none: [x]}}\n") ==
        "rules.yaml:1:10: topic a only excludes: give it any: or all:, so that it finds something\n");
  CHECK(complaints_about("topics: {a: {any: [x, 'NOT y']}}\n") == "rules.yaml:1:24: " + alternative);
  CHECK(complaints_about("topics: {a: {any: ['alpha OR NOT zzz']}}\n") == "rules.yaml:1:30: " + alternative);
  CHECK(complaints_about("topics: {a: {any: [x, {none: [y]}]}}\n") == "rules.yaml:1:23: " + alternative);
  CHECK(complaints_about("topics: {a: {any: ['ATLEAST(2, NOT a1, NOT b1)']}}\n") ==
        "rules.yaml:1:32: " + alternative);
  CHECK(complaints_about("topics: {a: {any: ['((b OR c) OR (d OR (NOT e))) NOT f']}}\n") ==
        "rules.yaml:1:41: " + alternative);
  CHECK(complaints_about("topics: {a: {any: [NOT x]}}\n") ==
        "rules.yaml:1:20: this only excludes, so the rule would find nearly everything; write what it is to "
        "find "
        "before NOT, as in chips NOT sport\n");
  CHECK(complaints_about("topics: {a: {none: [x]}, b: {rule: a}}\n").find("topic b") == std::string::npos);
}

TEST_CASE("a time alone is no rule, and that is what is said") {
  const std::string alone = "published alone finds every story of that time";
  CHECK(complaints_about("topics: {a: {any: ['published>=2023-01-01']}}\n") ==
        "rules.yaml:1:21: " + alone + "; say also what it is about\n");
  CHECK(complaints_about("topics: {a: {published: '>=2023-01-01', none: [x]}}\n") ==
        "rules.yaml:1:26: " + alone + "; say also what it is about\n");
  CHECK(complaints_about("topics: {a: {any: ['chips OR (published>=2023-01-01 NOT x)']}}\n") ==
        "rules.yaml:1:31: " + alone + ", and so does this alternative; say also what it is about\n");
  CHECK(complaints_about("topics: {a: {any: ['urgency>=1']}}\n") ==
        "rules.yaml:1:21: this is true of every story; say also what it is about\n");
}

TEST_CASE("one mistake is told once") {
  CHECK(complaints_about("topics: {a: {at_least: 0, of: [x]}}\n") ==
        "rules.yaml:1:24: at_least must be a whole number from 1 to 1000\n");
  CHECK(complaints_about("topics: {a: {at_least: 1, of: []}}\n") ==
        "rules.yaml:1:31: of is an empty list: write a query into it, or leave it out\n");
  CHECK(complaints_about("topics:\n  a:\n    any:\n      - #tidewall\n      - chips\n") ==
        "rules.yaml:4:7: nothing is written here: write a query; one that begins with # needs quotes, as in "
        "'#tag'\n");
}

TEST_CASE("a topic's title is no condition") {
  CHECK(complaints_about("topics: {m: {title: Taiwan}}\n") ==
        "rules.yaml:1:10: topic m has no rule: give it any: or all:; title: is its name for people, and any: "
        "['title:…'] looks in titles\n");
}

TEST_CASE("a hundred thousand alternatives are a rule, a few more are too many") {
  std::string words;
  for (int i = 0; i < 100'000; ++i) words += (i == 0 ? "w" : ", w") + std::to_string(i);
  SampleConfig sample("topics: {a: {any: [" + words + "]}}\n");
  const auto config = sample.load();
  CHECK(sample.diagnostics.empty());
  CHECK(found(config, "about w77777 only") == Names{"a"});
  CHECK(found(config, "about w100000").empty());
  CHECK(complaints_about("topics: {a: {any: [" + words + "]}, b: {any: [rule:a, {rule: a}]}}\n")
            .ends_with("with this topic the rule has more than 131072 words and conditions; split it\n"));
}

TEST_CASE("topics that double each other, and long chains of them, stay bounded") {
  std::string doubling = "topics:\n  t0: {all: [a, b]}\n";
  for (int i = 1; i < 64; ++i) {
    const auto before = "rule:t" + std::to_string(i - 1);
    doubling += "  t" + std::to_string(i) + ": {any: [" + before + " AND x, " + before + " AND y]}\n";
  }
  CHECK(complaints_about(doubling).find("more than 131072 words and conditions; split it") !=
        std::string::npos);
  std::string chain = "topics:\n";
  for (int i = 0; i < 3'000; ++i)
    chain += "  t" + std::to_string(i) + ": {any: [{rule: t" + std::to_string(i + 1) + "}]}\n";
  CHECK(complaints_about(chain + "  t3000: {any: [x]}\n").empty());
  CHECK(complaints_about(chain + "  t3000: {any: [rule:t0]}\n").find("and 2951 more") != std::string::npos);
  std::string deep = "topics:\n";
  for (int i = 0; i < 500; ++i)
    deep += "  t" + std::to_string(i) + ": {any: [x AND (y OR rule:t" + std::to_string(i + 1) + ")]}\n";
  CHECK(complaints_about(deep + "  t500: {any: [x]}\n").find("more than 400 levels within each other") !=
        std::string::npos);
}

TEST_CASE("twenty thousand followers of nothing are each answered") {
  std::string followers;
  for (int i = 0; i < 20'000; ++i)
    followers += (i == 0 ? "" : ", ") + ("{topic: missing" + std::to_string(i) + "}");
  std::string topics;
  for (int i = 0; i < 2'000; ++i) topics += (i == 0 ? "t" : ", t") + std::to_string(i) + ": {any: [x]}";
  const auto complaints =
      complaints_about("topics: {" + topics + "}\nsubscribers: [{id: m, email: m@example.org, follow: [" +
                       followers + "]}]\n");
  CHECK(std::ranges::count(complaints, '\n') == 20'000);
}
