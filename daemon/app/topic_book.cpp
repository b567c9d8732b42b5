#include "app/topic_book.hpp"

#include <algorithm>
#include <memory>

#include <fmt/core.h>

#include "app/rule_complaints.hpp"
#include "app/rule_reader.hpp"
#include "base/suggest.hpp"

namespace crier {

TopicBook::TopicBook(const std::vector<Pending>& entries, bool stemming) {
  std::vector<Pending> doubles;
  for (const auto& entry : entries) {
    const auto [known, is_new] = by_name_.emplace(entry.key->scalar, rules_.size());
    if (is_new) {
      enter(entry);
      continue;
    }
    const auto& other = topics_[known->second].entry;
    entry.file->error(*entry.key, fmt::format("there are two topics \"{}\"; the other is at {}:{}",
                                              entry.key->scalar, other.file->name, other.key->line));
    doubles.push_back(entry);
  }
  for (auto& topic : topics_)
    for (const auto& [name, node, at] : find_topic_mentions(*topic.entry.value))
      if (const auto* found = find(name)) topic.mentions.push_back({*found, node, at});
  std::string title;
  for (const auto topic : reading_order()) {
    auto& into = rules_[topic];
    if (auto rule = read(topics_[topic].entry, stemming, into.title)) {
      sizes_[topic] = size_of(*rule).words;
      into.rule = std::move(*rule);
    }
  }
  for (const auto& entry : doubles) read(entry, stemming, title);
}

void TopicBook::enter(const Pending& entry) {
  rules_.push_back({entry.key->scalar, entry.key->scalar, any_of({}), entry.file, entry.key});
  sizes_.push_back(0);
  topics_.push_back({entry, {}});
}

// Depth first without recursion: a chain of topics may be as long as the file.
std::vector<std::size_t> TopicBook::reading_order() const {
  enum class State : char { unseen, open, done };
  std::vector<State> states(topics_.size(), State::unseen);
  std::vector<bool> in_circle(topics_.size(), false);
  std::vector<std::size_t> order;
  std::vector<std::pair<std::size_t, std::size_t>> path;  // topic, number of its mentions that were followed
  for (std::size_t first = 0; first < topics_.size(); ++first) {
    if (states[first] != State::unseen) continue;
    states[first] = State::open;
    path.emplace_back(first, 0);
    while (!path.empty()) {
      const auto topic = path.back().first;
      if (path.back().second == topics_[topic].mentions.size()) {
        states[topic] = State::done;
        order.push_back(topic);
        path.pop_back();
        continue;
      }
      const auto next = topics_[topic].mentions[path.back().second++].topic;
      if (states[next] == State::unseen) {
        states[next] = State::open;
        path.emplace_back(next, 0);
      } else if (states[next] == State::open) {
        const auto start = std::ranges::find(path, next, [](const auto& step) { return step.first; });
        // Circles that share all their topics with known ones would say nothing new.
        if (std::all_of(start, path.end(), [&](const auto& step) { return in_circle[step.first]; })) continue;
        for (auto step = start; step != path.end(); ++step) in_circle[step->first] = true;
        report_circle({start, path.end()});
      }
    }
  }
  return order;
}

void TopicBook::report_circle(const std::vector<std::pair<std::size_t, std::size_t>>& path) const {
  constexpr std::size_t most_shown = 50;
  std::string circle;
  for (std::size_t i = 0; i < std::min(path.size(), most_shown); ++i) {
    const auto& topic = topics_[path[i].first];
    const auto& mention = topic.mentions[path[i].second - 1];
    const auto place = topic.entry.file->place_within(*mention.node, mention.at);
    circle += fmt::format("{}{} refers to {} ({}:{}:{})", i == 0 ? "" : ", ", topic.entry.key->scalar,
                          rules_[mention.topic].name, place.file, place.line, place.column);
  }
  if (path.size() > most_shown) circle += fmt::format(", and {} more", path.size() - most_shown);
  const auto& topic = topics_[path.front().first];
  const auto& mention = topic.mentions[path.front().second - 1];
  topic.entry.file->error_within(
      *mention.node, mention.at,
      path.size() == 1
          ? fmt::format("topic {} refers to itself: write the words out", rules_[mention.topic].name)
          : "topics refer to each other in a circle: " + circle);
}

std::optional<Rule> TopicBook::read(const Pending& entry, bool stemming, std::string& title) const {
  const auto& file = *entry.file;
  const auto& name = entry.key->scalar;
  const Complaints complaints(file);
  YamlSection section(*entry.value, file, fmt::format("topic {}", name));
  title = section.text("title").value_or(name);
  const QueryOptions options{read_stemming(section, stemming), finder()};
  auto rule = RuleReader(file, options).read_topic(section);
  section.finish();
  if (complaints.are_new()) return std::nullopt;
  if (!rule) {
    file.error(*entry.key,
               fmt::format("topic {} has no rule: give it any: or all:{}", name,
                           section.find("title") == nullptr
                               ? ""
                               : "; title: is its name for people, and any: ['title:…'] looks in titles"));
  } else if (!has_positive_clause(*rule)) {
    complain_of_exclusion(entry, options.stemming);
    return std::nullopt;
  }
  return rule;
}

// Reads it again, now with the places of its parts, which only a complaint needs.
void TopicBook::complain_of_exclusion(const Pending& entry, bool stemming) const {
  const auto& file = *entry.file;
  const auto name = fmt::format("topic {}", entry.key->scalar);
  RuleParts parts;
  YamlSection section(*entry.value, file, name);
  const QueryOptions options{stemming, finder()};
  if (const auto rule = RuleReader(file, options, parts.teller()).read_topic(section))
    complain_that_it_only_excludes(*rule, parts, file, *entry.key, name);
}

const std::size_t* TopicBook::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &found->second;
}

QueryError TopicBook::unknown(std::string_view name) const {
  // When a whole file of topics is missing, each of a million followers would be compared with all others.
  constexpr std::size_t max_suggestions = 100;
  std::vector<std::string_view> known;
  if (suggestions_ < max_suggestions) {
    ++suggestions_;
    for (const auto& [topic, position] : by_name_) known.push_back(topic);
  }
  return {0, fmt::format("there is no topic \"{}\"{}", name, did_you_mean(name, known)),
          std::string(nearest_word(name, known))};
}

FindTopic TopicBook::finder() const {
  auto left = std::make_shared<std::size_t>(max_rule_words);
  return [this, left = std::move(left)](std::string_view name) -> Result<Rule, QueryError> {
    const auto* found = find(name);
    if (found == nullptr) return unknown(name);
    // What a topic brings is counted before it is put together: a few topics of topics are soon without end.
    if (sizes_[*found] > *left)
      return QueryError{
          0, fmt::format("with this topic the rule has more than {} words and conditions; split it",
                         max_rule_words)};
    *left -= sizes_[*found];
    return rules_[*found].rule;
  };
}

}  // namespace crier
