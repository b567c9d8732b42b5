#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/exit_codes.hpp"
#include "benches.hpp"
#include "match/evaluate.hpp"
#include "match/query_parser.hpp"
#include "match/rule_index.hpp"
#include "match_workload.hpp"
#include "options.hpp"

namespace crier::bench {
namespace {

namespace json = boost::json;
using SteadyTime = std::chrono::steady_clock::time_point;

struct Options {
  std::int64_t rules = 1'000'000;
  std::int64_t threads = 1;
  std::int64_t stories = 2000;
  std::int64_t seed = 20231018;
  bool churn = false;
  bool russian = false;
  bool english_site = false;
};

SteadyTime now() {
  return std::chrono::steady_clock::now();
}

double us_since(SteadyTime start) {
  return std::chrono::duration<double, std::micro>(now() - start).count();
}

struct Times {
  std::vector<double> us;

  double at(double share) const {
    auto sorted = us;
    std::ranges::sort(sorted);
    return sorted.empty() ? 0
                          : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
  }
  double mean() const {
    double sum = 0;
    for (const auto each : us) sum += each;
    return us.empty() ? 0 : sum / static_cast<double>(us.size());
  }
  json::object to_json(bool with_mean = true) const {
    json::object out;
    if (with_mean) out["mean"] = mean();
    out["p50"] = at(0.5);
    out["p99"] = at(0.99);
    out["max"] = at(1);
    return out;
  }
};

// The texts of the rules, in one piece.
class RuleTexts {
 public:
  void add(std::string_view text) {
    pool_ += text;
    ends_.push_back(pool_.size());
  }
  Rule operator[](std::size_t i) const {
    const auto begin = i == 0 ? 0 : ends_[i - 1];
    Diagnostics diagnostics;
    auto rule = parse_query(std::string_view(pool_).substr(begin, ends_[i] - begin), {}, diagnostics);
    if (!rule)
      throw std::logic_error("the workload made a rule that is none: " +
                             to_string(diagnostics.list().front()));
    return std::move(*rule);
  }
  std::size_t size() const { return ends_.size(); }

 private:
  std::string pool_;
  std::vector<std::size_t> ends_;
};

void progress(std::string_view what, std::size_t done, std::size_t all) {
  if (done % 100'000 == 0 || done == all)
    fmt::print(stderr, "\r{}: {} of {}   {}", what, done, all, done == all ? "\n" : "");
}

class MatchBench {
 public:
  explicit MatchBench(const Options& options)
      : options_(options),
        workload_(static_cast<std::uint64_t>(options.seed), options.russian),
        index_(stemming_language(options.russian && !options.english_site ? "ru" : "en")) {}

  json::object run() {
    build();
    warm_up();
    json::object out{{"bench", "match"}, {"rules", options_.rules}, {"stories", options_.stories}};
    measure(out);
    measure_naive(out);
    if (options_.threads > 1) measure_threads(out);
    out["mismatches"] = count_mismatches();
    out["bytes_per_rule"] =
        static_cast<double>(index_.bytes() + subscribers_.size() * sizeof(std::uint32_t)) /
        static_cast<double>(index_.size());
    out["build_s"] = build_s_;
    out["parse_us"] = parse_us_;
    measure_changes(out);
    if (options_.churn) measure_churn(out);
    return out;
  }

 private:
  void build() {
    for (int i = 0; i < 3000; ++i) index_.learn(analyze(workload_.story()));
    for (std::int64_t i = 0; i < options_.stories; ++i) stories_.push_back(workload_.story());
    const auto count = static_cast<std::size_t>(options_.rules);
    for (std::size_t i = 0; i < count; ++i) {
      texts_.add(workload_.rule());
      progress("making rules", i + 1, count);
    }
    double parse_us = 0;
    double build_us = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto start = now();
      const auto rule = texts_[i];
      parse_us += us_since(start);
      const auto parsed = now();
      index_.add(static_cast<RuleId>(i), rule);
      build_us += us_since(parsed);
      progress("adding rules", i + 1, count);
    }
    build_s_ = build_us / 1e6;
    parse_us_ = parse_us / static_cast<double>(count);
    for (std::size_t i = 0; i < count; ++i) subscribers_.push_back(static_cast<std::uint32_t>(i));
    std::shuffle(subscribers_.begin(), subscribers_.end(), std::mt19937_64(1));
  }

  void warm_up() {
    std::vector<RuleId> ids;
    for (std::size_t i = 0; i < stories_.size() / 4 + 1; ++i) index_.match(analyze(stories_[i]), ids);
  }

  void measure(json::object& out) {
    Times analysis;
    Times match;
    Times whole;
    std::vector<RuleId> ids;
    std::vector<std::uint32_t> reached;
    double postings = 0;
    double candidates = 0;
    double matches = 0;
    for (const auto& story : stories_) {
      const auto start = now();
      const auto analysed = analyze(story);
      const auto analysed_at = now();
      MatchWork work;
      index_.match(analysed, ids, &work);
      match.us.push_back(us_since(analysed_at));
      reached.clear();
      for (const auto id : ids) reached.push_back(subscribers_[id]);
      whole.us.push_back(us_since(start));
      analysis.us.push_back(std::chrono::duration<double, std::micro>(analysed_at - start).count());
      postings += static_cast<double>(work.postings);
      candidates += static_cast<double>(work.candidates);
      matches += static_cast<double>(ids.size());
    }
    const auto count = static_cast<double>(stories_.size());
    out["analysis_us"] = analysis.to_json();
    out["match_us"] = match.to_json();
    out["e2e_us"] = whole.to_json();
    out["postings_per_story"] = postings / count;
    out["candidates_per_story"] = candidates / count;
    out["matches_per_story"] = matches / count;
    out["match_share"] = matches / count / static_cast<double>(options_.rules);
    match_mean_ = match.mean();
    match_p99_ = match.at(0.99);
  }

  void measure_naive(json::object& out) const {
    Times times;
    std::vector<RuleId> ids;
    const auto count = std::min<std::size_t>(stories_.size(), 40);
    for (std::size_t i = 0; i < count; ++i) {
      const auto analysed = analyze(stories_[i]);
      const auto start = now();
      index_.scan(analysed, ids);
      times.us.push_back(us_since(start));
    }
    out["naive_us"] = times.mean();
    out["ratio_naive"] = times.mean() / match_mean_;
  }

  void measure_threads(json::object& out) const {
    std::vector<std::thread> threads;
    const auto start = now();
    for (std::int64_t i = 0; i < options_.threads; ++i)
      threads.emplace_back([this] {
        std::vector<RuleId> ids;
        for (const auto& story : stories_) index_.match(analyze(story), ids);
      });
    for (auto& thread : threads) thread.join();
    out["threads"] = options_.threads;
    out["stories_per_s"] = static_cast<double>(options_.threads * options_.stories) / us_since(start) * 1e6;
  }

  // Against the evaluator that the tests hold to the definition of the language: every rule up to a million,
  // evenly drawn ones beyond.
  std::int64_t count_mismatches() const {
    constexpr std::size_t sampled_stories = 4;
    const auto step = texts_.size() / 1'000'000 + 1;
    std::vector<AnalyzedStory> stories;
    std::vector<std::vector<RuleId>> found;
    for (std::size_t i = 0; i < std::min(sampled_stories, stories_.size()); ++i) {
      stories.push_back(analyze(stories_[i * stories_.size() / sampled_stories]));
      found.push_back(index_.match(stories.back()));
    }
    std::int64_t mismatches = 0;
    for (std::size_t i = 0; i < texts_.size(); i += step) {
      const auto rule = texts_[i];
      for (std::size_t s = 0; s < stories.size(); ++s)
        if (matches(rule, stories[s]) != std::ranges::binary_search(found[s], static_cast<RuleId>(i)))
          ++mismatches;
      progress("checking rules", i / step + 1, (texts_.size() - 1) / step + 1);
    }
    return mismatches;
  }

  // Removes rules at random and adds new ones in their places, each right after it was parsed.
  void measure_changes(json::object& out) {
    Times add;
    Times remove;
    std::mt19937_64 random(2);
    const auto count = std::min<std::size_t>(texts_.size(), 100'000);
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i) texts.push_back(workload_.rule());
    for (std::size_t i = 0; i < count; ++i) {
      const auto id = static_cast<RuleId>(random() % texts_.size());
      auto start = now();
      index_.remove(id);
      remove.us.push_back(us_since(start));
      Diagnostics diagnostics;
      changes_.push_back(*parse_query(texts[i], {}, diagnostics));
      start = now();
      index_.add(id, changes_.back());
      add.us.push_back(us_since(start));
    }
    out["add_us"] = add.to_json(false);
    out["remove_us"] = remove.to_json(false);
  }

  // The reader's slowest stories while a writer changes rules as fast as it can, against the same when it
  // rests.
  void measure_churn(json::object& out) {
    const auto p99 = [this] {
      Times times;
      std::vector<RuleId> ids;
      for (const auto& story : stories_) {
        const auto analysed = analyze(story);
        const auto start = now();
        index_.match(analysed, ids);
        times.us.push_back(us_since(start));
      }
      return times.at(0.99);
    };
    const auto idle = p99();
    std::atomic<bool> stop{false};
    std::atomic<std::int64_t> changes{0};
    std::thread writer([&] {
      std::mt19937_64 random(3);
      while (!stop) {
        const auto id = static_cast<RuleId>(random() % texts_.size());
        index_.remove(id);
        index_.add(id, changes_[random() % changes_.size()]);
        changes += 2;
      }
    });
    const auto start = now();
    const auto busy = p99();
    const auto seconds = us_since(start) / 1e6;
    stop = true;
    writer.join();
    out["churn_ratio_p99"] = busy / idle;
    out["churn_changes_per_s"] = static_cast<double>(changes) / seconds;
  }

  Options options_;
  Workload workload_;
  RuleIndex index_;
  RuleTexts texts_;
  std::vector<Story> stories_;
  std::vector<std::uint32_t> subscribers_;  // by rule: who follows it
  std::vector<Rule> changes_;
  double build_s_ = 0;
  double parse_us_ = 0;
  double match_mean_ = 0;
  double match_p99_ = 0;
};

}  // namespace

int match_bench(const Words& words) {
  Options options;
  auto numbers = words;
  options.churn = std::erase(numbers, "--churn") > 0;
  options.russian = std::erase(numbers, "--russian") > 0;
  options.english_site = std::erase(numbers, "--english-site") > 0;
  const bool good = read_options(numbers, {{"--rules", &options.rules},
                                           {"--threads", &options.threads},
                                           {"--stories", &options.stories},
                                           {"--seed", &options.seed}});
  if (!good) {
    fmt::print(stderr,
               "Usage: crier-bench match [--rules N] [--threads N] [--churn] [--russian [--english-site]] "
               "[--stories N] [--seed N]\n");
    return exit_code::usage;
  }
  const auto out = MatchBench(options).run();
  fmt::print("{}\n", json::serialize(out));
  return out.at("mismatches").as_int64() == 0 ? exit_code::ok : exit_code::no_match;
}

}  // namespace crier::bench
