// The workload of `crier-bench parse`: well-formed files in every format, and files made to be expensive.
// Described in README.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace crier::bench {

constexpr std::size_t large_feed_items = 10'000;

/// Writes feeds, sitemaps, agencies' items, pages and prose into `folder`, about 1 MB of each format, all
/// from one seed.
void write_parse_workload(const std::filesystem::path& folder, std::uint64_t seed);

/// An RSS feed of `large_feed_items` items with a summary each, about 10 MB.
std::string large_feed(std::uint64_t seed);

/// A file that takes much time or memory from a reader who trusts it.
struct Bomb {
  std::string kind;                    ///< entity, gzip, depth, attribute, quadratic
  std::string name;                    ///< "markdown-brackets-1000000"
  std::function<std::string()> bytes;  ///< made when asked for: they are large
};

/// A hundred of them.
std::vector<Bomb> parse_bombs();

}  // namespace crier::bench
