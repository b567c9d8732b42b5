// OPML: the list of feeds that a feed reader exports (OPML 2.0, dev.opml.org), as YAML of sources.
// Called by `crier sources --import`; pure. The input is hostile: it is read as feeds are (story/xml.hpp),
// and only http and https addresses come out of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace crier {

constexpr std::size_t max_opml_feeds = 10'000;

struct OpmlFeed {
  std::string name;  ///< made of its title, unique in the list: fit for a source
  std::string url;
};

/// In the order of the list, each URL once. Error: it is too large, not XML, or has no feed in it.
Result<std::vector<OpmlFeed>> read_opml(std::string_view bytes);

/// A `sources:` section.
std::string to_yaml(const std::vector<OpmlFeed>& feeds);

}  // namespace crier
