#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/progress.hpp"
#include "app/rule_test.hpp"
#include "app/story_input.hpp"
#include "base/clock.hpp"

namespace crier {
namespace {

namespace json = boost::json;

// One test that was run, or could not be.
struct Finished {
  const RuleTest* test = nullptr;
  Time at;
  std::vector<Difference> differences;
  std::string error;  // why it could not be run
  int code = exit_code::ok;
};

// As it is written, from the folder crier was started in; else beside the file that holds the test.
std::filesystem::path find_file(const RuleTest& test) {
  std::error_code ignored;
  if (std::filesystem::exists(test.story, ignored)) return test.story;
  const auto beside = std::filesystem::path(test.place.file).parent_path() / test.story;
  return std::filesystem::exists(beside, ignored) ? beside : test.story;
}

Finished run(const Config& config, const RuleTest& test) {
  Finished finished{&test, {}, {}, {}, exit_code::ok};
  const auto path = find_file(test);
  const auto fail = [&](int code, std::string why) {
    finished.code = code;
    finished.error = std::move(why);
    return finished;
  };
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    return fail(exit_code::missing_input, fmt::format("{}: there is no such file", test.story.string()));
  const auto parsed = parse_file(path, config);
  if (!parsed) return fail(exit_code::bad_data, parsed.error().message);
  if (parsed->stories.size() != 1)
    return fail(exit_code::bad_data, fmt::format("{}: holds {} stories; a test is about one", path.string(),
                                                 parsed->stories.size()));
  const auto& story = parsed->stories.front();
  const auto at = time_of(test, story);
  if (!at)
    return fail(
        exit_code::bad_data,
        fmt::format("{}: the story does not say when it was published: give the test an at:", path.string()));
  finished.at = *at;
  finished.differences = run_test(config.newsroom, test, story, *at);
  return finished;
}

std::string_view to_string(Difference::Kind kind) {
  return kind == Difference::Kind::missing ? "missing" : "unexpected";
}

std::string place_of(const RuleTest& test) {
  return fmt::format("{}:{}", test.place.file, test.place.line);
}

void print_text(const Finished& finished) {
  const auto& test = *finished.test;
  if (!finished.error.empty()) {
    fmt::print("ERROR {} {}\n  {}\n", place_of(test), test.story.string(), finished.error);
    return;
  }
  fmt::print("{} {} {} at {}\n", finished.differences.empty() ? "ok   " : "FAIL ", place_of(test),
             test.story.string(), to_rfc3339(finished.at));
  std::string_view subscriber;
  for (const auto& difference : finished.differences) {
    if (difference.subscriber != subscriber) fmt::print("  {}\n", difference.subscriber);
    subscriber = difference.subscriber;
    fmt::print("    {:<10}  {}\n", to_string(difference.kind), to_string(difference.delivery));
    for (const auto& why : difference.why) fmt::print("      {}\n", why);
  }
}

json::object to_json(const Finished& finished) {
  const auto& test = *finished.test;
  json::object out{{"file", test.place.file},
                   {"line", test.place.line},
                   {"column", test.place.column},
                   {"story", test.story.string()},
                   {"ok", finished.error.empty() && finished.differences.empty()}};
  if (!finished.error.empty()) {
    out["error"] = finished.error;
    return out;
  }
  out["at"] = to_rfc3339(finished.at);
  json::array differences;
  for (const auto& [kind, subscriber, delivery, why] : finished.differences) {
    json::object difference{
        {"is", to_string(kind)},
        {"subscriber", subscriber},
        {"delivery", to_string(ExpectedDelivery{delivery.edition, delivery.channel, {}})}};
    if (delivery.at) difference["at"] = to_rfc3339(*delivery.at);
    difference["why"] = json::array(why.begin(), why.end());
    differences.push_back(std::move(difference));
  }
  out["differences"] = std::move(differences);
  return out;
}

struct Counts {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t unreadable = 0;
  int unreadable_code = exit_code::ok;

  void add(const Finished& finished) {
    if (!finished.error.empty()) {
      ++unreadable;
      unreadable_code = finished.code;
    } else {
      ++(finished.differences.empty() ? passed : failed);
    }
  }
  int code() const { return failed > 0 ? exit_code::no_match : unreadable_code; }
};

}  // namespace

int test_command(const Words& words) {
  CommandLine line(
      "test", "[--rules FILE] [--config PATH] [--json]",
      "Runs the tests: of the rules: for each story, who would be sent what at that time, compared with\n"
      "what the test expects of all subscribers; who is not named is to get nothing. Nothing is sent.\n"
      "Exits 1 when a test fails; 66 or 65 when only a story is missing or cannot be read.");
  line.option("rules", "FILE", "take topics, subscribers and tests from this file instead").common();
  if (const auto code = line.read(words, 0, 0)) return *code;
  int code = exit_code::ok;
  const auto config = load_config_or_complain(line, code);
  if (!config) return code;
  Counts counts;
  json::array all;
  const SystemClock clock;
  {
    Progress progress(clock, "tests", static_cast<std::int64_t>(config->tests.size()),
                      line.json() ? Progress::Meanwhile::silence : Progress::Meanwhile::lines);
    for (const auto& test : config->tests) {
      const auto finished = run(*config, test);
      counts.add(finished);
      if (line.json())
        all.push_back(to_json(finished));
      else
        print_text(finished);
      progress.advance();
    }
  }
  if (line.json()) {
    fmt::print("{}\n", json::serialize(json::object{{"passed", counts.passed},
                                                    {"failed", counts.failed},
                                                    {"unreadable", counts.unreadable},
                                                    {"tests", std::move(all)}}));
  } else if (config->tests.empty()) {
    fmt::print("There are no tests: write some under tests: beside the rules.\n");
  } else {
    fmt::print("{} passed, {} failed{}\n", counts.passed, counts.failed,
               counts.unreadable > 0 ? fmt::format(", {} could not be run", counts.unreadable) : "");
  }
  return counts.code();
}

}  // namespace crier
