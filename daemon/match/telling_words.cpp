#include "match/telling_words.hpp"

#include <algorithm>

#include "match/evaluate.hpp"
#include "match/found_words.hpp"
#include "text/fold.hpp"

namespace crier {
namespace {

class Collector {
 public:
  Collector(const AnalyzedStory& story, std::size_t most) : story_(story), most_(most) {}

  void add(const Rule& rule) {
    if (words_.size() >= most_ || !matches(rule, story_)) return;
    std::visit([this](const auto& clause) { add(clause); }, rule.node().clause);
  }
  std::vector<std::string> take() { return std::move(words_); }

 private:
  void add(const clause::Phrase& phrase) { add(find_spans(phrase, story_).front()); }
  void add(const clause::Prefix& prefix) { add(find_spans(prefix, story_).front()); }
  void add(const clause::Near& pair) {
    const auto nearest = find_nearest(pair, story_);
    add(nearest->left);
    add(nearest->right);
  }
  void add(const clause::All& all) { add(all.rules); }
  void add(const clause::Any& any) { add(any.rules); }
  void add(const clause::AtLeast& some) { add(some.rules); }
  void add(const clause::ValueIs&) {}
  void add(const clause::Between&) {}
  void add(const clause::Not&) {}

  void add(const std::vector<Rule>& rules) {
    for (const auto& rule : rules) {
      if (words_.size() >= most_) return;
      add(rule);
    }
  }
  void add(Span span) {
    if (words_.size() >= most_) return;
    auto text = words_at(span, story_).text;
    auto folded = fold_accents(fold_case(text));
    if (std::ranges::find(seen_, folded) != seen_.end()) return;
    seen_.push_back(std::move(folded));
    words_.push_back(std::move(text));
  }

  const AnalyzedStory& story_;
  std::size_t most_;
  std::vector<std::string> words_;
  std::vector<std::string> seen_;
};

}  // namespace

std::vector<std::string> telling_words(const Rule& rule, const AnalyzedStory& story, std::size_t most) {
  Collector collector(story, most);
  collector.add(rule);
  return collector.take();
}

}  // namespace crier
