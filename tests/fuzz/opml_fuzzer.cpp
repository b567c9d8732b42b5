// Any bytes as an OPML list: an error, or sources that are YAML with exactly these feeds, each an http or
// https address under a name of its own.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "app/opml.hpp"
#include "base/yaml.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto list = crier::read_opml({reinterpret_cast<const char*>(data), size});
  if (!list) {
    if (list.error().message.empty()) std::abort();
    return 0;
  }
  for (const auto& slip : list->slips)
    if (slip.message.empty() || slip.line < 0) std::abort();
  const auto& feeds = list->feeds;
  crier::Diagnostics diagnostics;
  const auto root = crier::parse_yaml(crier::to_yaml(feeds), "feeds.yaml", diagnostics);
  if (!root || !diagnostics.empty()) std::abort();
  const auto* sources = root->find("sources");
  if (sources == nullptr || sources->entries.size() != feeds.size()) std::abort();
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    const auto& [key, value] = sources->entries[i];
    const auto* url = value.find("feed");
    if (key.scalar != feeds[i].name || url == nullptr || url->scalar != feeds[i].url) std::abort();
    if (!url->scalar.starts_with("http://") && !url->scalar.starts_with("https://")) std::abort();
  }
  return 0;
}
