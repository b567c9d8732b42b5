// SampleConfig: a configuration folder of a test's own, and what the loader has to say about it.
#pragma once

#include <string>
#include <string_view>

#include "app/config.hpp"
#include "support/temp_folder.hpp"

namespace crier::test {

class SampleConfig {
 public:
  /// With a site and all channels; `rules` is YAML of topics, editions, subscribers and tests.
  explicit SampleConfig(std::string_view rules = {}) {
    write("base.yaml", R"(
site: {name: The Sample Courier, url: "https://courier.example.org", timezone: Africa/Lagos}
channels:
  email: {relay: "maildir:unused", from: alerts@courier.example.org}
  whatsapp: {base_url: "http://127.0.0.1:1", phone_number_id: "1", template: story_alert}
  webhook: {}
)");
    if (!rules.empty()) write("rules.yaml", rules);
  }

  std::filesystem::path write(const std::string& name, std::string_view content) const {
    return folder_.write("config/" + name, content);
  }
  std::filesystem::path path() const { return folder_.path() / "config"; }

  Config load(const std::filesystem::path& rules_file = {}) {
    diagnostics = {};
    return load_config(path(), diagnostics, {.rules_file = rules_file});
  }

  /// "file:line:column: message", one a line, without folder and excerpts.
  std::string complaints(const std::filesystem::path& rules_file = {}) {
    load(rules_file);
    std::string out;
    for (auto diagnostic : diagnostics.list()) {
      diagnostic.excerpt.clear();
      diagnostic.place.file = std::filesystem::path(diagnostic.place.file).filename().string();
      out += to_string(diagnostic) + "\n";
    }
    return out;
  }

  Diagnostics diagnostics;  ///< of the last load

 private:
  TempFolder folder_;
};

}  // namespace crier::test
