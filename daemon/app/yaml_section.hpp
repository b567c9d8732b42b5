// YamlSection: strict reading of one mapping of the configuration. Every key that is asked for becomes a
// known one; finish() complains about the others, with "did you mean". Wrong types are reported at their
// place and read as absent, so that one run finds every mistake.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.hpp"
#include "base/time.hpp"
#include "base/yaml.hpp"

namespace crier {

/// A file of the configuration, as long as it is being read.
class YamlFile {
 public:
  YamlFile() = default;
  YamlFile(std::string file_name, std::string content, Diagnostics& complaints);

  std::string name;
  std::string text;
  Diagnostics* diagnostics = nullptr;

  void error(const YamlNode& at, std::string message, std::string suggestion = {}) const;
  /// About a byte of what a scalar says: at its place in the file, or where the scalar begins if that cannot
  /// be told; the message then says which character of the scalar it is about.
  void error_within(const YamlNode& scalar, std::size_t at, std::string message,
                    std::string suggestion = {}) const;
  /// For what may hold a secret.
  void error_without_excerpt(const YamlNode& at, std::string message) const;
  /// Where in the file a node begins.
  Place place_of(const YamlNode& node) const { return {name, node.line, column_of(node)}; }
  int column_of(const YamlNode& node) const;
  /// Where in the file a byte of what a scalar says stands; where the scalar begins if that cannot be told.
  Place place_within(const YamlNode& scalar, std::size_t at) const;

 private:
  std::optional<std::size_t> offset_of(int line, int column) const;
  std::optional<std::size_t> offset_within(const YamlNode& scalar, std::size_t at) const;
  Place place_at(std::size_t offset) const;
  void go_to_line(int line) const;
  int column_at(std::size_t offset) const;
  std::string excerpt_at(std::size_t offset) const;

  const std::vector<std::size_t>& line_starts() const;

  mutable std::vector<std::size_t> line_starts_;
  mutable bool has_key_ = false;  // in PEM; known with line_starts_
  // The place that was asked for last. Columns are counted on from it, since places mostly come in order:
  // neither a million rules nor a million mistakes in one line are counted from the beginning each.
  struct Cursor {
    int line = 1;
    std::size_t start = 0;  // of the line
    std::size_t offset = 0;
    int column = 1;
  };
  mutable Cursor cursor_;
};

class YamlSection {
 public:
  /// `what` names it in messages: "subscriber", "site". A node that is not a mapping is reported.
  YamlSection(const YamlNode& node, const YamlFile& file, std::string what);

  const YamlNode& node() const { return node_; }
  const YamlFile& file() const { return file_; }

  const YamlNode* find(std::string_view key);
  std::optional<std::string> text(std::string_view key);
  /// Reports when it is missing.
  std::string required_text(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t lowest, std::int64_t highest);
  std::optional<bool> flag(std::string_view key);
  /// Longer than zero.
  std::optional<Duration> duration(std::string_view key);
  /// A list of texts, or one text; as nodes, so that a complaint can name the place of one.
  std::vector<const YamlNode*> text_nodes(std::string_view key);
  std::vector<std::string> texts(std::string_view key);

  void error(const YamlNode& at, std::string message, std::string suggestion = {}) const {
    file_.error(at, std::move(message), std::move(suggestion));
  }
  /// Reports the keys nobody asked for.
  void finish();

 private:
  const YamlNode& node_;
  const YamlFile& file_;
  std::string what_;
  std::vector<std::string_view> known_;
};

/// Calls `each` for every entry of a mapping, `each` for every item of a list; reports another kind.
void for_each_entry(const YamlNode& node, const YamlFile& file, std::string_view what,
                    const std::function<void(const YamlNode& key, const YamlNode& value)>& each);
void for_each_item(const YamlNode& node, const YamlFile& file, std::string_view what,
                   const std::function<void(const YamlNode& item)>& each);

}  // namespace crier
