#include <algorithm>
#include <map>

#include <boost/json.hpp>
#include <fmt/core.h>
#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "app/exit_codes.hpp"
#include "base/files.hpp"
#include "benches.hpp"
#include "measure.hpp"
#include "options.hpp"
#include "parse_workload.hpp"
#include "story/parse.hpp"

namespace crier::bench {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr double enough_s = 0.5;  // a format is read again and again for so long
constexpr double bomb_limit_s = 1;
constexpr double bomb_limit_mb = 100;

// A file is opened by its path each time: what is large stays out of the memory that is measured.
struct Input {
  fs::path path;
  std::size_t bytes = 0;
  std::size_t stories = 0;
};

using Inputs = std::vector<Input>;

Result<ParsedSource> parse_ours(const fs::path& path, std::string_view bytes) {
  ParseOptions options;
  options.file_name = path.filename().string();
  options.url = "https://courier.example.org/feed";
  return parse_stories(bytes, options);
}

constexpr int xml_options = XML_PARSE_RECOVER | XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING;

// The peer's plain parse is its tree of the document; of what is ill-formed as far as it recovers.
void parse_tree(std::string_view bytes) {
  xmlFreeDoc(xmlReadMemory(bytes.data(), static_cast<int>(bytes.size()), nullptr, nullptr, xml_options));
}

// Its events without a tree, and nobody listening.
void parse_events(std::string_view bytes) {
  auto* context = xmlCreateMemoryParserCtxt(bytes.data(), static_cast<int>(bytes.size()));
  if (!context) return;
  *context->sax = {};
  context->sax->initialized = XML_SAX2_MAGIC;
  xmlCtxtUseOptions(context, xml_options);
  xmlParseDocument(context);
  xmlFreeParserCtxt(context);
}

void parse_html_tree(std::string_view bytes) {
  xmlFreeDoc(
      htmlReadMemory(bytes.data(), static_cast<int>(bytes.size()), nullptr, nullptr,
                     HTML_PARSE_RECOVER | HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING));
}

bool is_feed(std::string_view format) {
  return format.starts_with("rss") || format.starts_with("atom");
}
bool is_xml(std::string_view format) {
  return is_feed(format) || format == "news-sitemap" || format == "newsml-g2";
}

// What is in the folder, by the format that is found.
std::map<std::string, Inputs> sort_by_format(const fs::path& folder) {
  std::map<std::string, Inputs> formats;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const auto bytes = read_file(entry.path(), max_story_bytes);
    if (!bytes) continue;
    const auto parsed = parse_ours(entry.path(), *bytes);
    formats[parsed ? parsed->format : "refused"].push_back(
        {entry.path(), bytes->size(), parsed ? parsed->stories.size() : 0});
  }
  return formats;
}

// Seconds of one pass over all of them, the same bytes for each way, which take turns.
std::vector<double> time_passes(const Inputs& inputs, const std::vector<void (*)(std::string_view)>& ways) {
  std::vector<std::string> contents;
  for (const auto& input : inputs) contents.push_back(read_file(input.path, max_story_bytes).value());
  std::vector<double> seconds(ways.size() + 1, 0);
  int passes = 0;
  do {
    seconds[0] += seconds_of([&] {
      for (std::size_t i = 0; i < inputs.size(); ++i)
        static_cast<void>(parse_ours(inputs[i].path, contents[i]));
    });
    for (std::size_t way = 0; way < ways.size(); ++way)
      seconds[way + 1] += seconds_of([&] { std::ranges::for_each(contents, ways[way]); });
    ++passes;
  } while (seconds[0] < enough_s);
  for (auto& each : seconds) each /= passes;
  return seconds;
}

struct Totals {
  double bytes = 0, ours_s = 0, tree_s = 0, events_s = 0;
};

json::object measure_format(const std::string& format, const Inputs& inputs, Totals& feeds) {
  double bytes = 0;
  double stories = 0;
  for (const auto& input : inputs) {
    bytes += static_cast<double>(input.bytes);
    stories += static_cast<double>(input.stories);
  }
  std::vector<void (*)(std::string_view)> ways;
  if (is_xml(format)) ways = {parse_tree, parse_events};
  if (format == "html") ways = {parse_html_tree};
  const auto seconds = time_passes(inputs, ways);
  json::object out{{"files", inputs.size()},
                   {"mb", bytes / 1e6},
                   {"stories", stories},
                   {"mb_per_s", bytes / 1e6 / seconds[0]},
                   {"stories_per_s", stories / seconds[0]}};
  if (!ways.empty()) out["libxml2_tree_mb_per_s"] = bytes / 1e6 / seconds[1];
  if (ways.size() > 1) out["libxml2_events_mb_per_s"] = bytes / 1e6 / seconds[2];
  if (!ways.empty()) out["ratio"] = seconds[1] / seconds[0];
  if (is_feed(format)) {
    feeds.bytes += bytes;
    feeds.ours_s += seconds[0];
    feeds.tree_s += seconds[1];
    feeds.events_s += seconds[2];
  }
  return out;
}

double peak_mb(const std::map<std::string, Inputs>& formats,
               const std::function<void(const Input&, std::string_view)>& parse) {
  const auto found = measure_apart([&] {
    for (const auto& [format, inputs] : formats)
      for (const auto& input : inputs)
        if (is_xml(format)) parse(input, read_file(input.path, max_story_bytes).value());
    return json::object();
  });
  return found.at("peak_mb").to_number<double>();
}

json::object measure_folder(const fs::path& folder) {
  const auto formats = sort_by_format(folder);
  json::object out;
  // Before anything large is in memory, for a child begins with what its parent has.
  out["xml_peak_mb"] = peak_mb(formats, [](const Input& input, std::string_view bytes) {
    static_cast<void>(parse_ours(input.path, bytes));
  });
  out["xml_peak_libxml2_mb"] =
      peak_mb(formats, [](const Input&, std::string_view bytes) { parse_tree(bytes); });
  Totals feeds;
  json::object by_format;
  for (const auto& [format, inputs] : formats) by_format[format] = measure_format(format, inputs, feeds);
  out["formats"] = std::move(by_format);
  if (feeds.ours_s > 0)
    out["feeds"] = json::object{{"mb_per_s", feeds.bytes / 1e6 / feeds.ours_s},
                                {"ratio", feeds.tree_s / feeds.ours_s},
                                {"ratio_events", feeds.events_s / feeds.ours_s}};
  return out;
}

json::object measure_large_feed(std::uint64_t seed) {
  return measure_apart([&] {
    const auto bytes = large_feed(seed);
    json::object out{{"mb", static_cast<double>(bytes.size()) / 1e6}};
    out["s"] = seconds_of([&] { out["stories"] = parse_ours("large.xml", bytes).value().stories.size(); });
    return out;
  });
}

json::object measure_bombs() {
  const auto bombs = parse_bombs();
  json::array over;
  std::map<std::string, std::int64_t> kinds;
  double slowest = 0;
  double largest = 0;
  for (const auto& bomb : bombs) {
    ++kinds[bomb.kind];
    const auto found = measure_apart([&] {
      const auto bytes = bomb.bytes();
      const auto* extension = bomb.name.starts_with("markdown") || bomb.name.starts_with("yaml") ? ".md" : "";
      return json::object{
          {"s", seconds_of([&] { static_cast<void>(parse_ours(bomb.name + extension, bytes)); })}};
    });
    const auto seconds = found.at("s").to_number<double>();
    const auto megabytes = found.at("peak_mb").to_number<double>();
    slowest = std::max(slowest, seconds);
    largest = std::max(largest, megabytes);
    if (seconds <= bomb_limit_s && megabytes <= bomb_limit_mb) continue;
    over.push_back(json::object{{"bomb", bomb.name}, {"s", seconds}, {"peak_mb", megabytes}});
  }
  json::object out{{"count", bombs.size()}, {"slowest_s", slowest}, {"largest_mb", largest}};
  for (const auto& [kind, count] : kinds) out[kind] = count;
  out["over"] = std::move(over);
  return out;
}

}  // namespace

int parse_bench(const Words& words) {
  std::int64_t seed = 20231018;
  const bool has_folder = !words.empty() && !words.front().starts_with("-");
  const Words rest(words.begin() + (has_folder ? 1 : 0), words.end());
  if (!read_options(rest, {{"--seed", &seed}})) {
    fmt::print(stderr, "Usage: crier-bench parse [FOLDER] [--seed N]\n");
    return exit_code::usage;
  }
  json::object out{{"bench", "parse"}};
  if (has_folder) {
    if (!fs::is_directory(words.front())) {
      fmt::print(stderr, "crier-bench: {} is not a folder\n", words.front());
      return exit_code::missing_input;
    }
    for (auto& [key, value] : measure_folder(words.front())) out[key] = value;
    fmt::print("{}\n", json::serialize(out));
    return exit_code::ok;
  }
  out["bombs"] = measure_bombs();
  out["large_feed"] = measure_large_feed(static_cast<std::uint64_t>(seed));
  const ScratchFolder scratch;
  measure_apart([&] {
    write_parse_workload(scratch.path(), static_cast<std::uint64_t>(seed));
    return json::object();
  });
  for (auto& [key, value] : measure_folder(scratch.path())) out[key] = value;
  fmt::print("{}\n", json::serialize(out));
  return out.at("bombs").at("over").as_array().empty() ? exit_code::ok : exit_code::no_match;
}

}  // namespace crier::bench
