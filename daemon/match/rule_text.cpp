#include <chrono>

#include <fmt/core.h>

#include "base/time.hpp"
#include "match/query_lexer.hpp"
#include "match/rule.hpp"

namespace crier {
namespace {

using namespace std::chrono_literals;

// How tightly parts of a query hold together; a part that holds less than its place asks for gets
// parentheses.
enum Binding { loosest, any, all, inverted, near, primary };

std::string quoted_if_needed(std::string_view text) {
  return is_plain_word(text) ? std::string(text) : fmt::format("\"{}\"", text);
}

// A day's first instant is written as the day, as people do.
std::string time_text(Time time) {
  const auto text = to_rfc3339(time);
  return time == std::chrono::floor<std::chrono::days>(time) ? text.substr(0, 10) : text;
}

std::string published_text(const clause::Between& between) {
  const Time least{Duration(between.least)};
  const Time most{Duration(between.most)};
  const auto is_whole = [](Time time) { return time == std::chrono::floor<std::chrono::seconds>(time); };
  if (between.most == clause::Between::no_end)
    return is_whole(least) ? "published>=" + time_text(least) : "published>" + to_rfc3339(least - 1ms);
  if (between.least == clause::Between::no_begin)
    return is_whole(most + 1ms) ? "published<" + time_text(most + 1ms) : "published<=" + to_rfc3339(most);
  return "published=" + (least == most ? to_rfc3339(least) : time_text(least));
}

std::string urgency_text(const clause::Between& between) {
  if (between.least == between.most) return fmt::format("urgency={}", between.least);
  if (between.least == clause::Between::no_begin) return fmt::format("urgency<={}", between.most);
  return fmt::format("urgency>={}", between.least);
}

class Writer {
 public:
  void write(const Rule& rule, Binding place) {
    std::visit([&](const auto& clause) { write(clause, place); }, rule.node().clause);
  }

  std::string take() { return std::move(out_); }

 private:
  void write(const clause::Phrase& phrase, Binding) {
    write_scope(phrase.scope);
    if (phrase.exact) out_ += '=';
    out_ += quoted_if_needed(phrase.text);
  }

  void write(const clause::Prefix& prefix, Binding) {
    write_scope(prefix.scope);
    out_ += prefix.text + '*';
  }

  void write(const clause::Near& pair, Binding place) {
    enclose(place > near, [&] {
      write(pair.left, primary);
      out_ += fmt::format(" {}NEAR/{} ", pair.ordered ? "O" : "", pair.distance);
      write(pair.right, primary);
    });
  }

  void write(const clause::ValueIs& value, Binding) {
    out_ += fmt::format("{}:{}", to_string(value.field), quoted_if_needed(value.text));
  }

  void write(const clause::Between& between, Binding) {
    out_ += between.number == clause::Number::urgency ? urgency_text(between) : published_text(between);
  }

  void write(const clause::All& group, Binding place) {
    enclose(place > all || group.rules.empty(), [&] { write_list(group.rules, " AND ", inverted); });
  }

  void write(const clause::Any& group, Binding place) {
    enclose(place > any || group.rules.empty(), [&] { write_list(group.rules, " OR ", all); });
  }

  void write(const clause::Not& none, Binding place) {
    enclose(place > inverted, [&] {
      out_ += "NOT ";
      write(none.rule, inverted);
    });
  }

  void write(const clause::AtLeast& some, Binding) {
    out_ += fmt::format("ATLEAST({}, ", some.count);
    write_list(some.rules, ", ", loosest);
    out_ += ')';
  }

  void write_list(const std::vector<Rule>& rules, std::string_view separator, Binding place) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
      if (i > 0) out_ += separator;
      write(rules[i], place);
    }
  }

  template <class Write>
  void enclose(bool parentheses, const Write& write_inside) {
    if (parentheses) out_ += '(';
    write_inside();
    if (parentheses) out_ += ')';
  }

  void write_scope(Scope scope) {
    if (scope == Scope::title) out_ += "title:";
  }

  std::string out_;
};

}  // namespace

std::string to_string(const Rule& rule) {
  Writer writer;
  writer.write(rule, loosest);
  return writer.take();
}

}  // namespace crier
