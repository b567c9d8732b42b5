// OPML: the list of feeds that a feed reader exports (OPML 2.0, dev.opml.org), as sources.
// Called by the loader of the configuration and `crier sources --import`; pure. The input is hostile: it is
// read as feeds are (story/xml.hpp), and only http and https addresses come out of it.
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
  int line = 0;  ///< from 1
};

/// An entry that is left out, or a place where the list is broken.
struct OpmlSlip {
  int line = 0;  ///< from 1; 0 = not known
  std::string message;
};

struct OpmlList {
  std::vector<OpmlFeed> feeds;  ///< in the order of the list, whatever they are nested in, each URL once
  std::vector<OpmlSlip> slips;
};

/// Error: it is too large, not OPML, or has no feed in it.
Result<OpmlList> read_opml(std::string_view bytes);

/// A `sources:` section.
std::string to_yaml(const std::vector<OpmlFeed>& feeds);

}  // namespace crier
