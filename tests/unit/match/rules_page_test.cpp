// docs/rules.md cannot lie: its examples are read from the page and tried.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include <catch2/catch.hpp>

#include "match/evaluate.hpp"
#include "match/query_parser.hpp"
#include "story/story.hpp"
#include "support/sample_config.hpp"

using namespace crier;
using namespace crier::test;

namespace {

using Row = std::vector<std::string>;

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  text = text.substr(first, text.find_last_not_of(' ') + 1 - first);
  if (text.size() > 1 && text.starts_with('`') && text.ends_with('`')) text = text.substr(1, text.size() - 2);
  return std::string(text);
}

struct Page {
  std::map<std::string, std::vector<Row>> tables;  // by their head, "query|finds|does not find"
  std::string yaml;
};

Page read_page() {
  std::ifstream file(std::string(CRIER_SOURCE_DIR) + "/docs/rules.md");
  Page page;
  std::string head;
  bool in_yaml = false;
  bool begins = false;  // a block, whose first line says what it is about
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      in_yaml = begins = line == "```yaml";
    } else if (begins && line == "tests:") {
      in_yaml = begins = false;  // of a newsroom that the page does not show
    } else if (in_yaml) {
      begins = false;
      page.yaml += line + '\n';
    } else if (!line.starts_with('|')) {
      head.clear();
    } else if (!line.starts_with("|--")) {
      Row row;
      std::istringstream cells(line.substr(1));
      for (std::string cell; std::getline(cells, cell, '|');) row.push_back(trimmed(cell));
      if (!head.empty()) {
        page.tables[head].push_back(std::move(row));
        continue;
      }
      for (const auto& cell : row) head += (head.empty() ? "" : "|") + cell;
    }
  }
  return page;
}

// "region: Asia; chips": a story of this region whose body is "chips".
Story story_of(const std::string& cell) {
  Story story;
  story.language = "en";
  std::istringstream parts(cell);
  for (std::string part; std::getline(parts, part, ';');) {
    part = trimmed(part);
    const auto colon = part.find(": ");
    const auto field = colon == std::string::npos ? "" : part.substr(0, colon);
    const auto value = colon == std::string::npos ? part : part.substr(colon + 2);
    if (field == "title")
      story.title = value;
    else if (field == "topic")
      story.topics = {value};
    else if (field == "region")
      story.regions = {value};
    else if (field == "section")
      story.section = value;
    else if (field == "author")
      story.authors = {value};
    else if (field == "source")
      story.source = value;
    else if (field == "site")
      story.site = value;
    else if (field == "lang")
      story.language = value;
    else if (field == "urgency")
      story.urgency = std::stoi(value);
    else if (field == "published")
      story.published = parse_rfc3339(value);
    else
      story.body_text = part;
  }
  return story;
}

Config load_topics(const Page& page) {
  SampleConfig sample(page.yaml);
  auto config = sample.load();
  INFO(sample.complaints());
  REQUIRE(sample.diagnostics.empty());
  return config;
}

const Rule& topic_of(const Config& config, std::string_view name) {
  const auto& rules = config.newsroom.book->rules();
  const auto found = std::ranges::find(rules, name, &FollowedRule::topic);
  INFO(name);
  REQUIRE(found != rules.end());
  return found->rule.value();
}

// A query, which may refer to the page's topics.
Result<Rule, QueryError> read(const std::string& query, const Config& config) {
  SampleConfig sample;
  return read_query(query, {true, [&](std::string_view name) -> Result<Rule, QueryError> {
                              for (const auto& rule : config.newsroom.book->rules())
                                if (rule.topic == name) return rule.rule.value();
                              return QueryError{0, "no such topic"};
                            }});
}

}  // namespace

TEST_CASE("each query of the rules page finds its example and not the counter-example") {
  const auto page = read_page();
  const auto config = load_topics(page);
  const auto& rows = page.tables.at("query|finds|does not find");
  REQUIRE(rows.size() > 50);
  for (const auto& row : rows) {
    REQUIRE(row.size() == 3);
    CAPTURE(row[0], row[1], row[2]);
    const auto rule = read(row[0], config);
    INFO((rule ? "" : rule.error().message));
    REQUIRE(rule.has_value());
    CHECK(matches(*rule, analyze(story_of(row[1]))));
    CHECK_FALSE(matches(*rule, analyze(story_of(row[2]))));
  }
}

TEST_CASE("each topic of the rules page finds its example and not the counter-example") {
  const auto page = read_page();
  const auto config = load_topics(page);
  const auto& rows = page.tables.at("topic|finds|does not find");
  REQUIRE(rows.size() == config.newsroom.book->rules().size());
  for (const auto& row : rows) {
    CAPTURE(row[0], row[1], row[2]);
    CHECK(matches(topic_of(config, row[0]), analyze(story_of(row[1]))));
    CHECK_FALSE(matches(topic_of(config, row[0]), analyze(story_of(row[2]))));
  }
}

TEST_CASE("operators bind as the rules page says") {
  const auto page = read_page();
  const auto config = load_topics(page);
  const auto& rows = page.tables.at("query|is read as");
  REQUIRE(rows.size() >= 5);
  for (const auto& row : rows) {
    CAPTURE(row[0], row[1]);
    CHECK(*read(row[0], config) == *read(row[1], config));
  }
}

TEST_CASE("each mistake on the rules page is answered as it says") {
  const auto page = read_page();
  for (const auto& row : page.tables.at("query|is an error that says")) {
    CAPTURE(row[0], row[1]);
    std::string quoted;
    for (const char c : row[0]) quoted += c == '\'' ? "''" : std::string(1, c);
    SampleConfig sample(page.yaml);
    sample.write("mistake.yaml", "topics: {mistake: {any: ['" + quoted + "']}}\n");
    const auto complaints = sample.complaints();
    CAPTURE(complaints);
    CHECK(complaints.starts_with("mistake.yaml:1:"));
    CHECK(complaints.find(row[1]) != std::string::npos);
  }
}

TEST_CASE("every construct of the query language has an example on the rules page") {
  std::string queries;
  const auto page = read_page();
  for (const auto& row : page.tables.at("query|finds|does not find")) queries += row[0] + '\n';
  for (const std::string_view construct :
       {"AND",      "OR",        "NOT",         "(",          "\"",        "*",         " NEAR/",
        "ONEAR/",   "ATLEAST(",  "title:",      "topic:",     "region:",   "section:",  "author:",
        "source:",  "lang:",     "site:",       "rule:",      "=",         "urgency<=", "urgency=",
        "urgency<", "urgency>=", "published>=", "published=", "published<"}) {
    CAPTURE(construct);
    CHECK(queries.find(construct) != std::string::npos);
  }
}
