// Any bytes as YAML and as rules: a tree with places within the text or one complaint, never a crash, and
// what is complained about has a place that exists.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "app/config_parts.hpp"
#include "app/rule_reader.hpp"
#include "base/yaml.hpp"

namespace {

using crier::YamlNode;

void check_places(const YamlNode& node, int lines) {
  if (node.line < 0 || node.line > lines + 1 || node.column < 0) std::abort();
  for (const auto& item : node.items) check_places(item, lines);
  for (const auto& [key, value] : node.entries) {
    if (node.find(key.scalar) != &value) std::abort();
    check_places(value, lines);
  }
}

// The sections that strangers to the code write; those that read other files stay out.
void read_sections(const YamlNode& root, const crier::YamlFile& file) {
  crier::Config config;
  config.email.emplace();
  config.whatsapp.emplace();
  crier::YamlSection section(root, file, "the configuration");
  if (const auto* node = section.find("site")) crier::read_site(*node, file, config);
  if (const auto* node = section.find("sources")) {
    auto sources = *node;
    std::erase_if(sources.entries, [](const auto& source) { return source.value.find("opml") != nullptr; });
    crier::read_sources(sources, file, config);
  }
  const auto collect = [&](std::string_view key) {
    std::vector<crier::Pending> out;
    if (const auto* node = section.find(key)) {
      for (const auto& [name, value] : node->entries) out.push_back({&file, &name, &value});
      for (const auto& item : node->items) out.push_back({&file, nullptr, &item});
    }
    return out;
  };
  const auto collect_named = [&](std::string_view key) {
    auto out = collect(key);
    std::erase_if(out, [](const crier::Pending& entry) { return entry.key == nullptr; });
    return out;
  };
  crier::read_editions(collect_named("editions"), config);
  if (const auto* node = section.find("alerts")) crier::read_alerts({&file, nullptr, node}, config, true);
  const auto topics = collect_named("topics");
  YamlNode subscribers;
  if (const auto* node = section.find("subscribers"); node != nullptr && node->kind == YamlNode::Kind::list)
    subscribers = *node;
  std::erase_if(subscribers.items, [](const YamlNode& subscriber) {
    const auto* webhook = subscriber.find("webhook");
    return webhook != nullptr && webhook->kind == YamlNode::Kind::map;  // may name a file
  });
  const std::vector<crier::YamlPiece> no_pieces;
  crier::read_book(topics, {{&file, &subscribers, &no_pieces}}, {}, config);
  for (const auto& test : collect("tests")) crier::read_test(test, config);
  section.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto lines = static_cast<int>(std::ranges::count(text, '\n')) + 1;
  crier::Diagnostics diagnostics;
  const auto root = crier::parse_yaml(text, "fuzz.yaml", diagnostics);
  if (root.has_value() != diagnostics.empty()) std::abort();
  if (root) {
    check_places(*root, lines);
    const crier::YamlFile file("fuzz.yaml", text, diagnostics);
    read_sections(*root, file);
    crier::RuleReader(file, {}).read(*root);
  }
  for (const auto& diagnostic : diagnostics.list())
    if (diagnostic.message.empty() || diagnostic.place.line > lines + 1) std::abort();
  return 0;
}
