#include "story/html_tags.hpp"

#include <array>
#include <vector>

namespace crier::html {

Tag find_tag(std::string_view lower_case_name) {
  // Few names begin alike: comparing them is faster than hashing one.
  static const auto by_first = [] {
    std::array<std::vector<Tag>, 256> all;
    for (Tag tag = root_tag + 1; tag < known_tags.size(); ++tag)
      all[static_cast<unsigned char>(known_tags[tag].name.front())].push_back(tag);
    return all;
  }();
  if (lower_case_name.empty()) return first_unknown_tag;
  for (const auto tag : by_first[static_cast<unsigned char>(lower_case_name.front())])
    if (known_tags[tag].name == lower_case_name) return tag;
  return first_unknown_tag;
}

}  // namespace crier::html
