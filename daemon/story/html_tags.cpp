#include "story/html_tags.hpp"

#include <unordered_map>

namespace crier::html {

Tag find_tag(std::string_view lower_case_name) {
  static const auto numbers = [] {
    std::unordered_map<std::string_view, Tag> all;
    for (Tag tag = root_tag + 1; tag < known_tags.size(); ++tag) all.emplace(known_tags[tag].name, tag);
    return all;
  }();
  const auto found = numbers.find(lower_case_name);
  return found == numbers.end() ? first_unknown_tag : found->second;
}

}  // namespace crier::html
