// Peers that run in node: scripts of bench/peers with packages that npm installs into a cache folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

namespace crier::bench {

class NodePeer {
 public:
  /// Makes sure that a package ("name@version") is in $XDG_CACHE_HOME/crier-bench, which needs the network
  /// the first time. Throws std::runtime_error that says why when it cannot be had.
  explicit NodePeer(const std::string& package);

  /// Runs a script; returns the JSON it prints. Its own files are in `scratch`. Throws when it fails.
  boost::json::object run(const std::string& script, const std::vector<std::string>& arguments,
                          const std::filesystem::path& scratch) const;

 private:
  std::filesystem::path cache_;
};

}  // namespace crier::bench
