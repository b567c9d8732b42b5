// TopicBook: all topics of a configuration, read in an order in which those that others refer to come first,
// wherever they stand. Only the loader of the configuration uses it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/config_parts.hpp"
#include "match/query_parser.hpp"
#include "match/rule.hpp"

namespace crier {

class TopicBook {
 public:
  struct TopicRule {
    std::string name;
    std::string title;
    Rule rule;
    const YamlFile* file = nullptr;
    const YamlNode* key = nullptr;
  };

  /// Complains about what is wrong with each, and about topics that refer to each other in a circle.
  /// `stemming` is for topics that do not say.
  TopicBook(const std::vector<Pending>& entries, bool stemming);

  /// The position in rules() of a topic; nullptr when there is none of this name.
  const std::size_t* find(std::string_view name) const;
  /// What to say of a name that find does not know.
  QueryError unknown(std::string_view name) const;
  /// For rule:NAME in one rule. The book must outlive it.
  FindTopic finder() const;

  /// In the order of the files. A topic whose rule is broken is there as well, so that those who refer to it
  /// or follow it do not complain too.
  const std::vector<TopicRule>& rules() const { return rules_; }

 private:
  struct Mention {
    std::size_t topic = 0;  // position in rules_
    const YamlNode* node = nullptr;
    std::size_t at = 0;
  };
  struct Topic {
    Pending entry;
    std::vector<Mention> mentions;
  };

  void enter(const Pending& entry);
  std::vector<std::size_t> reading_order() const;
  void report_circle(const std::vector<std::pair<std::size_t, std::size_t>>& path) const;
  std::optional<Rule> read(const Pending& entry, bool stemming, std::string& title) const;
  void complain_of_exclusion(const Pending& entry, bool stemming) const;

  std::vector<TopicRule> rules_;
  std::vector<std::size_t> sizes_;                           // words of each rule
  std::vector<Topic> topics_;                                // as rules_
  std::map<std::string, std::size_t, std::less<>> by_name_;  // sorted, so that suggestions come in one order
  mutable std::size_t suggestions_ = 0;
};

}  // namespace crier
