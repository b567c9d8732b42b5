#include "match/rule_key.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/crypto.hpp"

namespace crier {
namespace {

void append_number(std::string& out, std::uint64_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append_text(std::string& out, std::string_view text) {
  append_number(out, text.size());
  out += text;
}

// Says a rule without its spelling; two that are not equal never read the same.
struct Canonical {
  std::string operator()(const clause::Phrase& phrase) const {
    std::string out{'p', static_cast<char>(phrase.scope), phrase.exact ? '=' : '~'};
    for (const auto& word : phrase.words) append_text(out, phrase.exact ? word.exact : word.surface);
    return out;
  }
  std::string operator()(const clause::Prefix& prefix) const {
    return std::string{'*', static_cast<char>(prefix.scope)} + prefix.exact;
  }
  std::string operator()(const clause::Near& pair) const {
    std::string out{'n', pair.ordered ? '<' : '-'};
    append_number(out, pair.distance);
    std::vector<std::string> sides{of(pair.left), of(pair.right)};
    if (!pair.ordered) std::ranges::sort(sides);
    for (const auto& side : sides) append_text(out, side);
    return out;
  }
  std::string operator()(const clause::ValueIs& value) const {
    return std::string{'v', static_cast<char>(value.field)} + value.folded;
  }
  std::string operator()(const clause::Between& between) const {
    std::string out{'b', static_cast<char>(between.number)};
    append_number(out, static_cast<std::uint64_t>(between.least));
    append_number(out, static_cast<std::uint64_t>(between.most));
    return out;
  }
  std::string operator()(const clause::All& all) const { return group('&', all.rules); }
  std::string operator()(const clause::Any& any) const { return group('|', any.rules); }
  std::string operator()(const clause::Not& none) const { return '!' + of(none.rule); }
  std::string operator()(const clause::AtLeast& some) const {
    auto parts = parts_of(some.rules);
    std::string out{'#'};
    append_number(out, some.count);
    for (const auto& part : parts) append_text(out, part);
    return out;
  }

  static std::string of(const Rule& rule) { return std::visit(Canonical{}, rule.node().clause); }

 private:
  static std::vector<std::string> parts_of(const std::vector<Rule>& rules) {
    std::vector<std::string> parts;
    parts.reserve(rules.size());
    for (const auto& rule : rules) parts.push_back(of(rule));
    std::ranges::sort(parts);
    return parts;
  }
  static std::string group(char sign, const std::vector<Rule>& rules) {
    auto parts = parts_of(rules);
    const auto repeated = std::ranges::unique(parts);
    parts.erase(repeated.begin(), repeated.end());
    if (parts.size() == 1) return std::move(parts.front());
    std::string out{sign};
    for (const auto& part : parts) append_text(out, part);
    return out;
  }
};

}  // namespace

RuleKey key_of(const Rule& rule) {
  const auto digest = sha256(Canonical::of(rule));
  RuleKey key;
  std::memcpy(key.data(), digest.data(), sizeof key);
  return key;
}

}  // namespace crier
