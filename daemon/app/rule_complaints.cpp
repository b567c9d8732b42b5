#include "app/rule_complaints.hpp"

#include <algorithm>
#include <string_view>
#include <variant>

#include <fmt/core.h>

namespace crier {
namespace {

struct Cause {
  const Rule* part = nullptr;
  bool is_alternative = false;  // so that the others do not matter
};

bool is_comparison(const Rule& rule) {
  return std::holds_alternative<clause::Between>(rule.node().clause);
}

const Rule* first_without_need(const std::vector<Rule>& rules) {
  const auto found = std::ranges::find_if_not(rules, has_positive_clause);
  return found == rules.end() ? nullptr : &*found;
}

const std::vector<Rule>* alternatives_of(const Rule& rule) {
  if (const auto* any = std::get_if<clause::Any>(&rule.node().clause)) return &any->rules;
  if (const auto* some = std::get_if<clause::AtLeast>(&rule.node().clause)) return &some->rules;
  return nullptr;
}

// The innermost part of a rule without a positive clause that people would have to change.
Cause find_cause(Cause cause) {
  for (;;) {
    const auto& rule = *cause.part;
    if (const auto* alternatives = alternatives_of(rule)) {
      const auto* next = first_without_need(*alternatives);
      if (next == nullptr) return cause;
      cause = {next, true};
    } else if (const auto* all = std::get_if<clause::All>(&rule.node().clause)) {
      auto next = std::ranges::find_if(all->rules, is_comparison);
      if (next == all->rules.end())
        next = std::ranges::find_if(all->rules,
                                    [](const Rule& each) { return alternatives_of(each) != nullptr; });
      if (next == all->rules.end()) return cause;
      cause.part = &*next;
    } else {
      return cause;
    }
  }
}

std::string message_of(const Cause& cause) {
  const std::string_view what = cause.is_alternative ? "this alternative" : "this";
  if (const auto* between = std::get_if<clause::Between>(&cause.part->node().clause)) {
    if (between->number == clause::Number::urgency)
      return fmt::format("{} is true of every story; say also what it is about", what);
    return fmt::format("published alone finds every story of that time{}; say also what it is about",
                       cause.is_alternative ? ", and so does this alternative" : "");
  }
  return fmt::format(
      "{} only excludes, so the rule would find nearly everything; write what it is to find before NOT, as "
      "in "
      "chips NOT sport",
      what);
}

// Finds the first value that no story can have.
struct ValueCheck {
  std::string operator()(const Rule& rule) const { return std::visit(*this, rule.node().clause); }
  std::string operator()(const clause::ValueIs& value) const {
    if (value.field == ValueField::lang && !is_language(value.text))
      return fmt::format("\"{}\" is no language tag (BCP 47): write one like en or pt-BR", value.text);
    if (value.field == ValueField::site && value.text.find("://") != std::string::npos)
      return fmt::format("\"{}\" is a URL: site: compares the host's name, like courier.example.org",
                         value.text);
    return {};
  }
  std::string operator()(const clause::All& all) const { return first_of(all.rules); }
  std::string operator()(const clause::Any& any) const { return first_of(any.rules); }
  std::string operator()(const clause::AtLeast& some) const { return first_of(some.rules); }
  std::string operator()(const clause::Not& none) const { return (*this)(none.rule); }
  std::string operator()(const auto&) const { return {}; }

  std::string first_of(const std::vector<Rule>& rules) const {
    for (const auto& rule : rules)
      if (auto complaint = (*this)(rule); !complaint.empty()) return complaint;
    return {};
  }

  // Languages have two or three letters (RFC 5646 §2.2.1; longer ones have never been registered).
  static bool is_language(std::string_view tag) {
    const auto language = tag.substr(0, tag.find_first_of("-_"));
    return (language.size() == 2 || language.size() == 3) && std::ranges::all_of(language, [](char c) {
             return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
           });
  }
};

}  // namespace

std::string complain_of_values(const Rule& rule) {
  return ValueCheck{}(rule);
}

TellPart RuleParts::teller() {
  return [this](const Rule& part, const YamlNode& node, std::size_t at) {
    parts_.emplace(&part.node(), Part{part, &node, at});
  };
}

const RuleParts::Part* RuleParts::find(const Rule& rule) const {
  const auto found = parts_.find(&rule.node());
  return found == parts_.end() ? nullptr : &found->second;
}

void complain_that_it_only_excludes(const Rule& rule, const RuleParts& parts, const YamlFile& file,
                                    const YamlNode& otherwise, const std::string& name) {
  const auto cause = find_cause({&rule, false});
  if (const auto* part = parts.find(*cause.part))
    file.error_within(*part->node, part->at, message_of(cause));
  else
    file.error(otherwise,
               fmt::format("{} only excludes: give it any: or all:, so that it finds something", name));
}

}  // namespace crier
