#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>

#include <boost/json.hpp>
#include <fmt/core.h>
#include <malloc.h>
#include <unistd.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/node/node.h>
#include <yaml-cpp/node/parse.h>
#include <yaml-cpp/parser.h>

#include "app/config.hpp"
#include "app/exit_codes.hpp"
#include "base/files.hpp"
#include "base/yaml.hpp"
#include "benches.hpp"
#include "match_workload.hpp"
#include "measure.hpp"
#include "options.hpp"

namespace crier::bench {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t topics = 500;

struct Options {
  std::int64_t subscribers = 1'000'000;
  std::int64_t peer_subscribers = 50'000;
  std::int64_t seed = 20231018;
};

double resident_mb() {
  ::malloc_trim(0);
  std::ifstream file("/proc/self/statm");
  double size = 0;
  double resident = 0;
  file >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

void write_base(const fs::path& folder, Workload& workload) {
  std::ofstream file(folder / "base.yaml");
  file << "site: {name: The Bench Courier, url: \"https://courier.example.org\"}\n"
          "channels:\n  email: {relay: \"maildir:unused\", from: alerts@courier.example.org}\n"
          "editions:\n  morning: {at: \"07:00\", zone: Europe/Berlin}\n"
          "topics:\n";
  for (std::size_t i = 0; i < topics; ++i)
    file << fmt::format("  topic-{}: {{any: ['{}']}}\n", i, workload.rule());
}

// The same subscribers for the same seed; with `changed` every hundredth follows something else.
void write_subscribers(const fs::path& folder, const Options& options, std::int64_t count, bool changed) {
  Workload workload(static_cast<std::uint64_t>(options.seed));
  write_base(folder, workload);
  std::vector<std::string> popular;
  for (std::int64_t i = 0; i < count / 20 + 1; ++i) popular.push_back(workload.rule());
  std::mt19937_64 random(static_cast<std::uint64_t>(options.seed));
  const auto below = [&](std::size_t limit) { return random() % limit; };
  std::ofstream file(folder / "subscribers.yaml");
  file << "subscribers:\n";
  for (std::int64_t i = 0; i < count; ++i) {
    const bool is_changed = changed && i % 100 == 7;
    file << fmt::format("  - id: reader-{0:07}\n    name: Reader {0}\n    email: reader.{0}@example.org\n",
                        i);
    if (below(2) == 0) file << "    timezone: Europe/Berlin\n";
    if (below(3) == 0) file << "    quiet_hours: 22:00-06:30\n";
    file << "    follow:\n";
    for (auto follows = 1 + below(3); follows > 0; --follows) {
      if (below(100) < 60) {
        file << fmt::format("      - {{topic: topic-{}, deliver: {}, by: [email]}}\n",
                            (below(topics) + (is_changed ? 1 : 0)) % topics,
                            below(2) == 0 ? "alert" : "morning");
        continue;
      }
      // Half of the own rules are popular ones, the first of them the most.
      const auto draw = static_cast<double>(below(1'000'000)) / 1e6;
      const auto rank = static_cast<std::size_t>(draw * draw * draw * static_cast<double>(popular.size()));
      const auto query = below(2) == 0 ? popular[rank] : workload.rule();
      file << fmt::format("      - {{match: '{}{}'}}\n", query, is_changed ? " NOT changed" : "");
    }
  }
}

Config load(const fs::path& folder, std::shared_ptr<const SubscriberBook> former) {
  Diagnostics diagnostics;
  auto config = load_config(folder, diagnostics, {.former = std::move(former)});
  if (!diagnostics.empty()) throw std::runtime_error(to_string(diagnostics.list().front()));
  return config;
}

json::object measure_ours(const fs::path& folder, const fs::path& changed) {
  const auto before = resident_mb();
  json::object out;
  std::shared_ptr<const SubscriberBook> book;
  out["load_s"] = seconds_of([&] { book = load(folder, nullptr).newsroom.book; });
  const auto loaded = resident_mb();
  const auto subscribers = static_cast<double>(book->subscribers().size());
  std::size_t follows = 0;
  for (const auto& rule : book->rules())
    follows += static_cast<std::size_t>(std::ranges::distance(rule.followers));
  out["subscriptions"] = follows;
  out["rules_in_book"] = book->rules().size();
  out["rules_in_index"] = book->registry()->index().size();
  out["resident_mb"] = loaded;
  out["bytes_per_subscriber"] = (loaded - before) * 1e6 / subscribers;
  const auto reload = [&](const fs::path& from, std::string_view name) {
    RuleDifference difference_made;
    out[fmt::format("{}_s", name)] = seconds_of([&] {
      const auto fresh = load(from, book).newsroom.book;
      difference_made = difference(*book, *fresh);
      book = fresh;
    });
    out[fmt::format("{}_rules_added", name)] = difference_made.added;
    out[fmt::format("{}_rules_removed", name)] = difference_made.removed;
  };
  reload(folder, "reload_unchanged");
  reload(changed, "reload_one_percent");
  out["resident_after_reloads_mb"] = resident_mb();
  return out;
}

class Deaf final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}
};

// The ways to read the text of one file, up to its nodes.
json::object measure_yaml(const fs::path& folder) {
  const auto path = folder / "subscribers.yaml";
  const auto mb = static_cast<double>(fs::file_size(path)) / 1e6;
  const auto measured = [&](const std::function<void(std::string_view)>& work) {
    return measure_apart([&] {
      const auto text = read_file(path, UINT64_C(1) << 32).value();
      json::object out;
      const auto seconds = seconds_of([&] { work(text); });
      out["s"] = seconds;
      out["mb_per_s"] = mb / seconds;
      return out;
    });
  };
  json::object out{{"mb", mb}};
  out["yaml_cpp_dom"] = measured([](std::string_view text) { (void)YAML::Load(std::string(text)); });
  out["yaml_cpp_events"] = measured([](std::string_view text) {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Deaf deaf;
    parser.HandleNextDocument(deaf);
  });
  out["whole_tree"] = measured([](std::string_view text) {
    Diagnostics diagnostics;
    (void)parse_yaml(text, "", diagnostics);
  });
  out["item_by_item"] = measured([](std::string_view text) {
    Diagnostics diagnostics;
    std::vector<YamlPiece> pieces;
    (void)parse_yaml_but_list(text, "subscribers", pieces, "", diagnostics);
    for (const auto& piece : pieces) (void)read_piece(text, piece);
    if (pieces.empty()) throw std::runtime_error("the list was not read item by item");
  });
  const auto rate = [&](const char* way) { return out.at(way).at("mb_per_s").to_number<double>(); };
  out["ratio_dom"] = rate("item_by_item") / rate("yaml_cpp_dom");
  out["ratio_events"] = rate("item_by_item") / rate("yaml_cpp_events");
  return out;
}

}  // namespace

int load_bench(const Words& words) {
  Options options;
  const bool good = read_options(words, {{"--subscribers", &options.subscribers},
                                         {"--peer-subscribers", &options.peer_subscribers},
                                         {"--seed", &options.seed}});
  if (!good) {
    fmt::print(stderr, "Usage: crier-bench load [--subscribers N] [--peer-subscribers N] [--seed N]\n");
    return exit_code::usage;
  }
  const ScratchFolder scratch;
  const auto folder = [&](const char* name) {
    fs::create_directory(scratch.path() / name);
    return scratch.path() / name;
  };
  const auto all = folder("all");
  const auto changed = folder("changed");
  const auto some = folder("some");
  measure_apart([&] {
    write_subscribers(all, options, options.subscribers, false);
    write_subscribers(changed, options, options.subscribers, true);
    write_subscribers(some, options, options.peer_subscribers, false);
    return json::object();
  });
  json::object out{{"bench", "load"}, {"subscribers", options.subscribers}};
  out["mb"] = static_cast<double>(fs::file_size(all / "subscribers.yaml")) / 1e6;
  for (auto& [key, value] : measure_apart([&] { return measure_ours(all, changed); })) out[key] = value;
  out["yaml"] = measure_yaml(some);
  fmt::print("{}\n", json::serialize(out));
  return exit_code::ok;
}

}  // namespace crier::bench
