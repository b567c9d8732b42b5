#include "app/rule_reader.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

namespace crier {
namespace {

constexpr std::array<std::string_view, 9> field_names{"topic", "region", "section", "author", "source",
                                                      "site",  "lang",   "title",   "rule"};
constexpr std::array<std::string_view, 2> number_names{"urgency", "published"};

}  // namespace

std::optional<Rule> RuleReader::read(const YamlNode& node) const {
  if (node.kind == YamlNode::Kind::scalar) {
    auto rule = read_query(node);
    return rule && check_size(*rule, node) ? std::move(rule) : std::nullopt;
  }
  if (node.kind == YamlNode::Kind::null) {
    file_.error(node,
                "nothing is written here: write a query; one that begins with # needs quotes, as in '#tag'");
    return std::nullopt;
  }
  if (node.kind != YamlNode::Kind::map) {
    file_.error(node, "a rule must be a query, or a mapping of any, all, none, at_least and fields");
    return std::nullopt;
  }
  const Complaints complaints(file_);
  YamlSection section(node, file_, "rule");
  auto rule = read_clauses(section, TitleIs::condition);
  section.finish();
  if (!rule && !complaints.are_new()) file_.error(node, "the rule is empty: write a query into it");
  if (!rule || !check_size(*rule, node)) return std::nullopt;
  return tell(node, *rule);
}

std::optional<Rule> RuleReader::read_topic(YamlSection& section) const {
  auto rule = read_clauses(section, TitleIs::name);
  if (rule && !check_size(*rule, section.node())) return std::nullopt;
  return rule;
}

// What is within a rule is bounded by the file and by max_query_depth; topics within topics are not.
bool RuleReader::check_size(const Rule& rule, const YamlNode& node) const {
  const auto size = size_of(rule);
  if (size.words > max_rule_words)
    file_.error(node,
                fmt::format("the rule has more than {} words and conditions: split it", max_rule_words));
  else if (size.depth > max_rule_depth)
    file_.error(node, fmt::format("the rule has more than {} levels within each other: make it flatter",
                                  max_rule_depth));
  else
    return true;
  return false;
}

Rule RuleReader::tell(const YamlNode& node, Rule rule) const {
  if (on_part_) on_part_(rule, node, 0);
  return rule;
}

std::optional<Rule> RuleReader::read_query(const YamlNode& scalar) const {
  QueryOptions telling;
  if (on_part_) {
    telling = options_;
    telling.on_part = [&](const Rule& part, std::size_t at) { on_part_(part, scalar, at); };
  }
  auto rule = crier::read_query(scalar.scalar, on_part_ ? telling : options_);
  if (rule) return std::move(*rule);
  const auto& error = rule.error();
  file_.error_within(scalar, error.at, error.message, error.suggestion);
  return std::nullopt;
}

std::vector<Rule> RuleReader::read_list(const YamlNode& node, std::string_view what) const {
  std::vector<Rule> out;
  if (node.kind == YamlNode::Kind::list && node.items.empty())
    file_.error(node, fmt::format("{} is an empty list: write a query into it, or leave it out", what));
  for_each_item(node, file_, what, [&](const YamlNode& item) {
    if (auto rule = read(item)) out.push_back(std::move(*rule));
  });
  return out;
}

std::optional<Rule> RuleReader::read_some(YamlSection& section) const {
  const auto* of = section.find("of");
  const auto* said = section.find("at_least");
  const auto count = section.integer("at_least", 1, 1000);
  if (!count) {
    if (of != nullptr && said == nullptr) section.error(*of, "\"of\" belongs to at_least: N");
    return std::nullopt;
  }
  if (of == nullptr) {
    section.error(section.node(), "at_least needs \"of\": a list to choose from");
    return std::nullopt;
  }
  if (!of->items.empty() && static_cast<std::size_t>(*count) > of->items.size())
    section.error(*said, fmt::format("at least {} of {} can never be: lower the number or add to the list",
                                     *count, of->items.size()));
  return at_least(static_cast<unsigned>(*count), read_list(*of, "of"));
}

// One value of a field: any text but quotation marks and backslashes.
std::optional<Rule> RuleReader::read_value(const YamlNode& value, std::string_view field) const {
  if (value.scalar.find_first_of("\"\\") != std::string::npos) {
    file_.error(value, fmt::format("the value of {} must be without quotes and backslashes", field));
    return std::nullopt;
  }
  auto rule = crier::read_query(fmt::format("{}:\"{}\"", field, value.scalar), options_);
  if (rule) return tell(value, std::move(*rule));
  const auto& error = rule.error();
  const auto before = field.size() + 2;  // the colon and the quote are not in the file
  file_.error_within(value, error.at - std::min(error.at, before), error.message, error.suggestion);
  return std::nullopt;
}

// One comparison: "<=2", or a value to be equal to.
std::optional<Rule> RuleReader::read_comparison(const YamlNode& value, std::string_view field) const {
  if (value.scalar.find_first_not_of("<>=0123456789-+:.TZ") != std::string::npos) {
    file_.error(value, fmt::format("the value of {} must be a comparison, like {}", field,
                                   field == "urgency" ? "\"<=2\"" : "\">=2026-01-31\""));
    return std::nullopt;
  }
  const bool compares = value.scalar.find_first_of("<>=") == 0;
  const auto before = fmt::format("{}{}", field, compares ? "" : "=");
  auto rule = crier::read_query(before + value.scalar, options_);
  if (rule) return tell(value, std::move(*rule));
  const auto& error = rule.error();
  file_.error_within(value, error.at - std::min(error.at, before.size()), error.message, error.suggestion);
  return std::nullopt;
}

std::optional<Rule> RuleReader::read_clauses(YamlSection& section, TitleIs title) const {
  std::vector<Rule> parts;
  if (const auto* any = section.find("any")) parts.push_back(any_of(read_list(*any, "any")));
  if (const auto* all = section.find("all"))
    std::ranges::move(read_list(*all, "all"), std::back_inserter(parts));
  if (const auto* none = section.find("none")) parts.push_back(none_of(read_list(*none, "none")));
  if (auto some = read_some(section)) parts.push_back(std::move(*some));
  const auto read_field = [&](std::string_view field, auto read) {
    if (section.find(field) == nullptr) return;
    std::vector<Rule> values;
    for (const auto* value : section.text_nodes(field))
      if (auto rule = (this->*read)(*value, field)) values.push_back(std::move(*rule));
    if (!values.empty()) parts.push_back(any_of(std::move(values)));
  };
  for (const auto field : field_names)
    if (field != "title" || title != TitleIs::name) read_field(field, &RuleReader::read_value);
  for (const auto field : number_names) read_field(field, &RuleReader::read_comparison);
  if (parts.empty()) return std::nullopt;
  return all_of(std::move(parts));
}

bool read_stemming(YamlSection& section, bool otherwise) {
  const auto* node = section.find("stemming");
  if (node == nullptr) return otherwise;
  if (node->scalar == "on" || node->scalar == "off") return node->scalar == "on";
  section.error(*node, "stemming must be on or off");
  return otherwise;
}

std::vector<TopicMention> find_topic_mentions(const YamlNode& rule) {
  std::vector<TopicMention> out;
  if (rule.kind == YamlNode::Kind::scalar) {
    for (const auto& [topic, at] : find_topic_references(rule.scalar)) out.push_back({topic, &rule, at});
    return out;
  }
  const auto add_names = [&](const YamlNode& names) {
    if (names.kind == YamlNode::Kind::scalar) out.push_back({names.scalar, &names, 0});
    for (const auto& item : names.items)
      if (item.kind == YamlNode::Kind::scalar) out.push_back({item.scalar, &item, 0});
  };
  for (const auto& [key, value] : rule.entries) {
    if (key.scalar == "rule") {
      add_names(value);
    } else if (key.scalar == "any" || key.scalar == "all" || key.scalar == "none" || key.scalar == "of") {
      for (const auto& item : value.items)
        std::ranges::move(find_topic_mentions(item), std::back_inserter(out));
    }
  }
  return out;
}

}  // namespace crier
