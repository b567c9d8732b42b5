#include "node_peer.hpp"

#include <cstdlib>
#include <stdexcept>

#include <boost/json.hpp>

#include "base/files.hpp"
#include "process.hpp"

namespace crier::bench {
namespace {

namespace fs = std::filesystem;

fs::path cache_folder() {
  if (const auto* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return fs::path(cache) / "crier-bench";
  const auto* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : "/tmp") / ".cache" / "crier-bench";
}

}  // namespace

NodePeer::NodePeer(const std::string& package) : cache_(cache_folder()) {
  if (!is_installed("node") || !is_installed("npm"))
    throw std::runtime_error("node and npm are not installed");
  const auto marker = cache_ / (package + ".installed");
  if (fs::exists(marker)) return;
  fs::create_directories(cache_);
  show_progress("npm install " + package);
  Process npm(
      {"npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", cache_.string(), package},
      cache_, cache_ / "npm.log");
  const auto end = npm.wait();
  show_progress("");
  if (!end.is_good())
    throw std::runtime_error("npm could not install " + package + "; see " + (cache_ / "npm.log").string());
  if (const auto written = write_file_atomically(marker, ""); !written)
    throw std::runtime_error(written.error().message);
}

boost::json::object NodePeer::run(const std::string& script, const std::vector<std::string>& arguments,
                                  const fs::path& scratch) const {
  std::vector<std::string> command{"node", (fs::path(CRIER_BENCH_FOLDER) / "peers" / script).string(),
                                   cache_.string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const auto output = scratch / (script + ".out");
  Process node(command, scratch, output);
  const auto end = node.wait();
  const auto text = read_file(output, UINT64_C(1) << 20).value();
  if (!end.is_good()) throw std::runtime_error(script + " failed: " + text);
  auto out = boost::json::parse(text).as_object();
  out["cpu_s"] = end.cpu_s;
  return out;
}

}  // namespace crier::bench
