// RuleReader: a rule as ops write it in YAML: a query, or a mapping of any, all, none, at_least … of, fields
// and rule. Only the loader of the configuration uses it.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "app/yaml_section.hpp"
#include "match/query_parser.hpp"
#include "match/rule.hpp"

namespace crier {

/// Whether anything was complained about since a moment: what is broken is not complained about twice.
class Complaints {
 public:
  explicit Complaints(const YamlFile& file) : list_(file.diagnostics->list()), before_(list_.size()) {}
  bool are_new() const { return list_.size() > before_; }

 private:
  const std::vector<Diagnostic>& list_;
  std::size_t before_;
};

/// Told each part of a rule and the byte of the node where it begins, inner parts first.
using TellPart = std::function<void(const Rule& part, const YamlNode& node, std::size_t at)>;

/// The references must outlive it.
class RuleReader {
 public:
  RuleReader(const YamlFile& file, const QueryOptions& options, TellPart on_part = {})
      : file_(file), options_(options), on_part_(std::move(on_part)) {}

  /// nullopt when there is no rule or a broken one, which is complained about.
  std::optional<Rule> read(const YamlNode& node) const;
  /// The rule that a topic's keys make together, which must all hold; nullopt without such keys. Its title is
  /// its name for people, not a condition.
  std::optional<Rule> read_topic(YamlSection& section) const;

 private:
  enum class TitleIs { name, condition };

  std::optional<Rule> read_query(const YamlNode& scalar) const;
  std::vector<Rule> read_list(const YamlNode& node, std::string_view what) const;
  std::optional<Rule> read_clauses(YamlSection& section, TitleIs title) const;
  std::optional<Rule> read_some(YamlSection& section) const;
  std::optional<Rule> read_value(const YamlNode& value, std::string_view field) const;
  std::optional<Rule> read_comparison(const YamlNode& value, std::string_view field) const;
  bool check_size(const Rule& rule, const YamlNode& node) const;
  Rule tell(const YamlNode& node, Rule rule) const;

  const YamlFile& file_;
  const QueryOptions& options_;
  TellPart on_part_;
};

/// Reads `stemming: on` or `off`; `otherwise` when the key is absent.
bool read_stemming(YamlSection& section, bool otherwise);

struct TopicMention {
  std::string_view topic;
  const YamlNode* node = nullptr;  ///< the scalar that names it
  std::size_t at = 0;              ///< the byte of it where the name begins
};

/// The topics that a rule, or a topic, refers to, in its order. Complains about nothing.
std::vector<TopicMention> find_topic_mentions(const YamlNode& rule);

}  // namespace crier
