// What to say of rules that can be read and are hardly meant: those that ask for nothing a story must have,
// and values that no story has. Only the loader of the configuration uses it.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "app/rule_reader.hpp"
#include "app/yaml_section.hpp"
#include "match/rule.hpp"

namespace crier {

/// Where the parts of one rule stand.
class RuleParts {
 public:
  struct Part {
    Rule rule;  // kept, so that no other gets its address
    const YamlNode* node = nullptr;
    std::size_t at = 0;
  };

  /// For a RuleReader.
  TellPart teller();
  /// nullptr when it was not told of this part.
  const Part* find(const Rule& rule) const;

 private:
  std::unordered_map<const RuleNode*, Part> parts_;
};

/// Complains about a rule without a positive clause: at the alternative or the condition that asks for
/// nothing; where `parts` does not know it, at `otherwise`, of which `name` ("topic chips") is said.
void complain_that_it_only_excludes(const Rule& rule, const RuleParts& parts, const YamlFile& file,
                                    const YamlNode& otherwise, const std::string& name);

/// What is wrong with the first value of lang: that is no language tag, or of site: that is no host; empty
/// when there is none.
std::string complain_of_values(const Rule& rule);

}  // namespace crier
