// Lines that change a rule index and ask it: "+N query" sets rule N, "-N" removes it, "~" moves rules to what
// is rarest now, anything else is a story (the first word its language, the rest its text), which is learnt
// from. Each story finds the rules that the plain evaluator finds.
#include <cstdlib>
#include <map>

#include "match/evaluate.hpp"
#include "match/query_parser.hpp"
#include "match/rule_index.hpp"
#include "story/story.hpp"

namespace {

using namespace crier;

std::string_view take_until(std::string_view& text, char separator) {
  const auto end = std::min(text.find(separator), text.size());
  const auto taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

class Session {
 public:
  void take(std::string_view line) {
    const auto sign = line.empty() ? ' ' : line.front();
    if (sign != '+' && sign != '-' && sign != '~') return ask(line);
    if (sign == '~') {
      index_.reanchor(64);
      return;
    }
    line.remove_prefix(1);
    const auto number = take_until(line, ' ');
    const RuleId id = number.empty() ? 0 : static_cast<unsigned char>(number.back()) % 64;
    sign == '+' ? set(id, line) : remove(id);
  }

 private:
  void set(RuleId id, std::string_view query) {
    Diagnostics diagnostics;
    auto rule = parse_query(query, {}, diagnostics);
    if (!rule) return;
    index_.add(id, *rule);
    rules_.insert_or_assign(id, std::move(*rule));
  }

  void remove(RuleId id) {
    index_.remove(id);
    rules_.erase(id);
  }

  void ask(std::string_view line) {
    Story story;
    story.language = take_until(line, ' ');
    story.title = line.substr(0, line.size() / 4);
    story.body_text = line;
    story.topics = {story.title};
    story.urgency = static_cast<int>(1 + line.size() % 8);
    const auto analysed = analyze(story);
    std::vector<RuleId> expected;
    for (const auto& [id, rule] : rules_)
      if (matches(rule, analysed)) expected.push_back(id);
    if (index_.match(analysed) != expected) std::abort();
    index_.learn(analysed);
  }

  RuleIndex index_;
  std::map<RuleId, Rule> rules_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t most = 4096;  // what is longer finds nothing new, only slowly
  std::string_view input(reinterpret_cast<const char*>(data), std::min(size, most));
  Session session;
  while (!input.empty()) session.take(take_until(input, '\n'));
  return 0;
}
