// `crier check`: every mistake at once, in the words that ops read. The expected output is a file, so that
// it can be judged as they see it; after a change of wording write it anew with
//   crier check --config tests/fixtures/broken > tests/golden/check-broken.txt
#include <cstdio>
#include <sstream>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/rule_costs.hpp"
#include "support/sample_config.hpp"
#include "text/analyzer.hpp"

using namespace crier;
using namespace crier::test;

namespace {

// What is printed to standard output while it exists.
class CapturedOutput {
 public:
  CapturedOutput() : file_(std::tmpfile()), before_(::dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    ::dup2(::fileno(file_), STDOUT_FILENO);
  }
  ~CapturedOutput() {
    restore();
    std::fclose(file_);
  }
  CapturedOutput(const CapturedOutput&) = delete;
  CapturedOutput& operator=(const CapturedOutput&) = delete;

  std::string take() {
    restore();
    std::rewind(file_);
    std::string out;
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) out += static_cast<char>(c);
    return out;
  }

 private:
  void restore() {
    if (before_ < 0) return;
    std::fflush(stdout);
    ::dup2(before_, STDOUT_FILENO);
    ::close(before_);
    before_ = -1;
  }

  std::FILE* file_;
  int before_;
};

// The folder of the project, as the paths in the broken configuration start there.
class InSourceFolder {
 public:
  InSourceFolder() : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(CRIER_SOURCE_DIR);
  }
  ~InSourceFolder() { std::filesystem::current_path(before_); }
  InSourceFolder(const InSourceFolder&) = delete;
  InSourceFolder& operator=(const InSourceFolder&) = delete;

 private:
  std::filesystem::path before_;
};

struct Checked {
  int code = 0;
  std::string output;
};

Checked check(const std::string& config, bool json = false) {
  CapturedOutput captured;
  Words words{"--config", config};
  if (json) words.emplace_back("--json");
  const int code = check_command(words);
  return {code, captured.take()};
}

}  // namespace

TEST_CASE("check lists every mistake of a configuration with its place, and exits 78") {
  const InSourceFolder here;
  const auto checked = check("tests/fixtures/broken");
  CHECK(checked.code == exit_code::configuration);
  std::ifstream file("tests/golden/check-broken.txt");
  std::istringstream output(checked.output);
  std::string expected;
  std::string line;
  for (int number = 1; std::getline(file, expected); ++number) {
    INFO("line " << number);
    REQUIRE(std::getline(output, line));
    REQUIRE(line == expected);
  }
  CHECK_FALSE(std::getline(output, line));
}

TEST_CASE("check says in JSON what it says to people") {
  const InSourceFolder here;
  const auto checked = check("tests/fixtures/broken", true);
  CHECK(checked.code == exit_code::configuration);
  CHECK(
      checked.output.starts_with("{\"ok\":false,\"errors\":[{\"file\":\"tests/fixtures/broken/"
                                 "aliases.yaml\",\"line\":2,\"column\":10,"));
  CHECK(
      checked.output.find("\"message\":\"rule has no \\\"regoin\\\" (did you mean \\\"region\\\"?)\","
                          "\"excerpt\":\"      all: [{regoin: East Asia}, {section: [opinion, 'say "
                          "\\\"cheese\\\"']}, {}, [harbour]]\\n             ^\",\"suggestion\":\"region\"") !=
      std::string::npos);
}

TEST_CASE("whatever is said to be meant is in the JSON as well") {
  SampleConfig sample(
      "topics: {a: {any: ['language:en']}}\neditions: {morning: {at: '07:00', zone: UTC}}\n"
      "subscribers:\n  - id: amara\n    email: a@example.org\n    follow:\n"
      "      - {topic: a, by: [emial]}\n      - {topic: a, deliver: mornin}\n"
      "tests:\n  - {story: s, expect: {amra: [alert email]}}\n");
  const auto json = check(sample.path().string(), true).output;
  for (const auto* meant : {"lang:", "email", "morning", "amara"})
    CHECK(json.find("\"suggestion\":\"" + std::string(meant) + "\"") != std::string::npos);
}

TEST_CASE("a language that is none and a site that is a URL are warned of") {
  SampleConfig sample(
      "topics:\n  a: {any: [chips], lang: english}\n  b: {any: ['chips AND lang:pt-BR', "
      "'site:x.example.org']}\n"
      "  c: {any: ['chips NOT site:\"https://x.example.org\"']}\n");
  const auto checked = check(sample.path().string());
  CHECK(checked.code == exit_code::ok);
  CHECK(checked.output.find(
            "rules.yaml:2:3: \"english\" is no language tag (BCP 47): write one like en or pt-BR") !=
        std::string::npos);
  CHECK(checked.output.find("rules.yaml:3") == std::string::npos);
  CHECK(checked.output.find("rules.yaml:4:3: \"https://x.example.org\" is a URL: site: compares the host's "
                            "name, like courier.example.org") != std::string::npos);
}

TEST_CASE("a column counts characters, and the caret stands where a terminal shows them") {
  SampleConfig sample(
      "topics:\n  e: {any: ['é AND climate change']}\n  z: {any: ['北京 AND climate change']}\n"
      "  t: {any: [x], names: [北京, \"é AND a b\"]}\n");
  const auto out = check(sample.path().string()).output;
  CHECK(out.find("rules.yaml:2:28: two conditions") != std::string::npos);
  CHECK(out.find("  e: {any: ['é AND climate change']}\n" + std::string(29, ' ') + "^") != std::string::npos);
  CHECK(out.find("rules.yaml:3:29: two conditions") != std::string::npos);
  CHECK(out.find("  z: {any: ['北京 AND climate change']}\n" + std::string(32, ' ') + "^") !=
        std::string::npos);
  const auto json = check(sample.path().string(), true).output;
  CHECK(json.find("\"line\":2,\"column\":28,") != std::string::npos);
  CHECK(json.find("\"line\":3,\"column\":29,") != std::string::npos);
}

TEST_CASE("columns are right in any order of places, also in one long line") {
  std::string yaml = "topics: {";
  for (const auto* topic : {"ä: {any: [rule:ö, é x]}", "ö: {any: [rule:ü, é x]}", "ü: {any: [é x]}"})
    yaml += std::string(topic) + ", ";
  SampleConfig sample(yaml + "o: {any: [the]}}\n");
  CHECK(sample.complaints() ==
        "rules.yaml:1:30: two conditions stand side by side; write é AND x, or \"é x\" for the phrase\n"
        "rules.yaml:1:55: two conditions stand side by side; write é AND x, or \"é x\" for the phrase\n"
        "rules.yaml:1:72: two conditions stand side by side; write é AND x, or \"é x\" for the phrase\n");
}

TEST_CASE("a rule for which common words are enough is named with its place, and is no mistake") {
  SampleConfig sample(
      "topics: {ä: {any: [harbour, 'the OR a']}, b: {any: ['harbour AND the', '\"the of\"']}}\n"
      "subscribers:\n  - id: m\n    email: m@example.org\n    follow:\n"
      "      - {match: the AND Of AND NOT harbour}\n      - {match: 'ATLEAST(2, the, harbour, x)'}\n");
  const auto checked = check(sample.path().string());
  CHECK(checked.code == exit_code::ok);
  const auto& out = checked.output;
  CHECK(
      out.find(
          "rules.yaml:1:10: nearly every text has the words that are enough for this rule, like \"the\": add "
          "one that says what it is about") != std::string::npos);
  CHECK(out.find("rules.yaml:6:17: nearly every text has the words") != std::string::npos);
  CHECK(out.find("rules.yaml:1:43") == std::string::npos);
  CHECK(out.find("rules.yaml:7") == std::string::npos);
}

TEST_CASE("what are common words depends on the site's language") {
  SampleConfig sample("topics: {a: {any: [the]}, b: {any: [und]}}\n");
  sample.write(
      "base.yaml",
      "site: {name: S, language: de}\nchannels: {email: {relay: \"maildir:m\", from: a@example.org}}\n");
  const auto warnings = find_costly_rules(sample.load());
  REQUIRE(warnings.size() == 1);
  CHECK(warnings.front().message.find("like \"und\"") != std::string::npos);
}

TEST_CASE("a rule that nearly every story leads to is named with its place, and is no mistake") {
  SampleConfig sample(
      "topics: {a: {any: [harbour, 'end OR day']}, b: {any: ['harbour AND end']}}\n"
      "subscribers:\n  - id: m\n    email: m@example.org\n    follow:\n      - {match: end}\n");
  const auto config = sample.load();
  CHECK(find_costly_rules(config).empty());  // nothing is known yet
  Story story;
  story.language = "en";
  for (int i = 0; i < 30; ++i) {
    story.title = "The end of day " + std::to_string(i);
    config.book->registry()->index().learn(analyze(story));
  }
  config.book->registry()->index().reanchor(10);
  std::vector<std::string> places;
  for (const auto& warning : find_costly_rules(config)) {
    places.push_back(std::to_string(warning.place.line) + ":" + std::to_string(warning.place.column));
    CHECK(warning.message.starts_with("nearly every story has what this rule asks for (9"));
  }
  CHECK(places == std::vector<std::string>{"1:10", "6:17"});
}

TEST_CASE("check of a good configuration says what it holds, and exits 0") {
  SampleConfig sample(
      "topics: {a: {any: [x]}}\nsubscribers: [{id: m, email: m@example.org, follow: [{topic: a}]}]\n");
  const auto checked = check(sample.path().string());
  CHECK(checked.code == exit_code::ok);
  CHECK(checked.output == sample.path().string() + ": all well: 1 subscribers, 1 rules, 0 editions\n");
}
