#include "app/yaml_source.hpp"

#include <catch2/catch.hpp>

#include "base/yaml.hpp"

using namespace crier;

namespace {

// What stands in the file where the first `word` of the value is found; the file has one key, q.
std::string found_at(const std::string& text, std::string_view word) {
  Diagnostics diagnostics;
  const auto root = parse_yaml(text, "a.yaml", diagnostics);
  REQUIRE(root);
  const auto& node = *root->find("q");
  std::size_t begin = 0;
  for (int line = 1; line < node.line; ++line) begin = text.find('\n', begin) + 1;
  begin += static_cast<std::size_t>(node.column) - 1;
  const auto at = node.scalar.find(word);
  CAPTURE(node.scalar);
  REQUIRE(at != std::string::npos);
  const auto found = find_in_yaml_source(text, begin, node.scalar, at);
  return found ? text.substr(*found, 4) : "lost";
}

}  // namespace

TEST_CASE("a word of a YAML value is found in the file, whatever the style") {
  const std::vector<std::string> files{
      "q: plain words then HERE\n",
      "q: plain words\n  over\n\n  lines HERE\n",
      "q: 'single, it''s quoted HERE'\n",
      "q: 'single\n  over\n\n  lines HERE'\n",
      "q: \"double \\\"with\\\" \\u00e9 \\U0001F600 \\x41 \\\\ \\/ HERE\"\n",
      "q: \"double\n  over \\\n  lines \\n\\tHERE\"\n",
      "q: |\n  literal\n    deeper\n\n  HERE\n",
      "q: |2-\n   literal HERE",
      "q: | # remark\n  literal HERE\n",
      "q: >-\n  folded\n  over\n\n  lines HERE\n",
      "q: >\r\n  folded\r\n  HERE\r\n",
      "# é\nq:\n  é HERE\n",
  };
  for (const auto& file : files) {
    CAPTURE(file);
    CHECK(found_at(file, "HERE") == "HERE");
  }
  CHECK(found_at("q: \"one \\N HERE\"\n", "HERE") == "lost");
}

TEST_CASE("a text that is not the value's source, and places outside, are answered") {
  CHECK_FALSE(find_in_yaml_source("other", 0, "value", 3));
  CHECK_FALSE(find_in_yaml_source("", 0, "value", 3));
  CHECK_FALSE(find_in_yaml_source("\"\\u12", 0, "value", 3));
  CHECK(find_in_yaml_source("value", 0, "value", 99) == 5);
  CHECK(find_in_yaml_source("x", 7, "", 0) == 7);
}
