#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include <toml++/toml.h>

#include "base/encoding.hpp"
#include "story/front_matter.hpp"
#include "story/plain_text.hpp"

namespace crier {
namespace {

// Of strings their text, of numbers, dates and truth values what was written.
std::optional<std::string> scalar(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (node.is_table() || node.is_array()) return std::nullopt;
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  return out.str();
}

// Also of a table what names it.
std::optional<std::string> text_of(const toml::node& node) {
  const auto* table = node.as_table();
  if (table == nullptr) return scalar(node);
  for (const auto key : naming_keys)
    if (const auto* value = table->get(key))
      if (auto text = scalar(*value)) return text;
  return std::nullopt;
}

void set_value(Field& field, const toml::node& node) {
  if (auto text = text_of(node)) {
    field.values.push_back(*std::move(text));
    return;
  }
  field.kind = Field::Kind::unusable;
  const auto* list = node.as_array();
  if (list == nullptr) return;
  for (const auto& item : *list) {
    auto text = text_of(item);
    if (!text) return;
    field.values.push_back(*std::move(text));
  }
  field.kind = Field::Kind::list;
}

}  // namespace

Result<std::vector<Field>> read_toml_front_matter(const SplitMarkdown& split, const Reading& reading) {
  std::vector<Field> fields;
  try {
    const auto table = toml::parse(split.matter);
    for (const auto& [key, node] : table) {
      Field field;
      field.name = key.str();
      field.label = tidy_line(cut_text(field.name, 60));
      field.line = static_cast<int>(key.source().begin.line) + split.lines_before;
      field.column = static_cast<int>(key.source().begin.column);
      set_value(field, node);
      fields.push_back(std::move(field));
    }
  } catch (const toml::parse_error& e) {
    const auto& at = e.source().begin;
    return reading.error(static_cast<int>(at.line) + split.lines_before, static_cast<int>(at.column),
                         "front matter: " + repair_utf8(e.description()));
  }
  // The table has them by name.
  std::ranges::sort(fields, {}, [](const Field& field) { return std::pair(field.line, field.column); });
  return fields;
}

}  // namespace crier
