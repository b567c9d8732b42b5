// What the quick reader of plain YAML makes of an item is what yaml-cpp makes of it, places included.
#include <algorithm>
#include <cstdlib>

#include "base/diagnostic.hpp"
#include "base/yaml_plain.hpp"

namespace {

using crier::YamlNode;

bool same(const YamlNode& a, const YamlNode& b) {
  return a.kind == b.kind && a.scalar == b.scalar && a.quoted == b.quoted && a.line == b.line &&
         a.column == b.column && std::ranges::equal(a.items, b.items, same) &&
         std::ranges::equal(a.entries, b.entries, [](const auto& x, const auto& y) {
           return same(x.key, y.key) && same(x.value, y.value);
         });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto item = crier::read_plain_item(text, 1);
  if (!item) return 0;
  crier::Diagnostics diagnostics;
  const auto whole = crier::parse_yaml(text, "fuzz.yaml", diagnostics);
  // Bytes that are no UTF-8 are refused before either reader is asked.
  if (!diagnostics.empty() && diagnostics.list().front().message.find("UTF-8") != std::string::npos) return 0;
  if (!whole || whole->items.size() != 1 || !same(whole->items.front(), *item)) std::abort();
  return 0;
}
