#include "match/program.hpp"

#include <algorithm>
#include <cstring>

#include "base/varint.hpp"

namespace crier {
namespace {

using Kind = Condition::Kind;

constexpr std::uint64_t negated_bit = 8;

void append_number(std::string& out, std::int64_t value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

std::int64_t read_number(const std::uint8_t*& at) {
  std::int64_t value = 0;
  std::memcpy(&value, at, sizeof value);
  at += sizeof value;
  return value;
}

void append_parts(std::string& out, const std::vector<Condition>& parts) {
  const auto begin = out.size();
  for (const auto& part : parts) encode(part, out);
  std::string size;
  append_varint(size, out.size() - begin);
  out.insert(begin, size);
}

// The end of parts of which `at` is at the size; it moves to the first.
const std::uint8_t* end_of_parts(const std::uint8_t*& at) {
  const auto bytes = read_varint(at);
  return at + bytes;
}

}  // namespace

void encode(const Condition& condition, std::string& out) {
  if (condition.kind == Kind::term) {
    append_varint(out,
                  std::uint64_t{condition.negated ? absent(condition.term) : present(condition.term)} * 2);
    return;
  }
  append_varint(out,
                (static_cast<std::uint64_t>(condition.kind) | (condition.negated ? negated_bit : 0)) * 2 + 1);
  const auto word_term = static_cast<std::uint64_t>(condition.word_term);
  switch (condition.kind) {
    case Kind::at_least:
      append_varint(out, condition.count);
      [[fallthrough]];
    case Kind::all:
    case Kind::any:
      append_parts(out, condition.parts);
      return;
    case Kind::phrase:
      append_varint(out, condition.forms.size() * 4 + word_term);
      for (const auto form : condition.forms) append_varint(out, form);
      return;
    case Kind::prefix:
      append_varint(out, word_term);
      append_varint(out, condition.forms.front());
      return;
    case Kind::near:
      append_varint(out, std::uint64_t{condition.count} * 2 + (condition.ordered ? 1 : 0));
      append_parts(out, condition.parts);
      return;
    case Kind::between:
      append_number(out, condition.least);
      append_number(out, condition.most);
      return;
    case Kind::term:
      return;
  }
}

namespace {

class Decoder {
 public:
  Decoder(const Dictionary& dictionary, const TermRates& rates) : dictionary_(dictionary), rates_(rates) {}

  Condition read(const std::uint8_t*& at) const {
    const auto head = read_varint(at);
    Condition out;
    if ((head & 1) == 0) {
      out.kind = Kind::term;
      out.term = static_cast<TermId>(head / 4);
      out.negated = head / 2 % 2 == 1;
      out.rate = out.negated ? 1 - rate(out.term) : rate(out.term);
      return out;
    }
    out.kind = static_cast<Kind>(head / 2 & (negated_bit - 1));
    out.negated = (head / 2 & negated_bit) != 0;
    switch (out.kind) {
      case Kind::phrase:
        read_phrase(out, at);
        break;
      case Kind::prefix:
        out.word_term = static_cast<WordTerm>(read_varint(at));
        out.forms.push_back(static_cast<FormId>(read_varint(at)));
        out.term = dictionary_.find_prefix(dictionary_.surface(out.forms.front()),
                                           out.word_term == WordTerm::exact ? Scope::story : Scope::title);
        out.terms.push_back(out.term);
        break;
      case Kind::between:
        out.least = read_number(at);
        out.most = read_number(at);
        break;
      case Kind::near: {
        const auto distance = read_varint(at);
        out.count = static_cast<std::uint32_t>(distance / 2);
        out.ordered = distance % 2 == 1;
        read_parts(out, at);
        break;
      }
      default:
        if (out.kind == Kind::at_least) out.count = static_cast<std::uint32_t>(read_varint(at));
        read_parts(out, at);
    }
    return out;
  }

 private:
  void read_parts(Condition& out, const std::uint8_t*& at) const {
    for (const auto* end = end_of_parts(at); at < end;) out.parts.push_back(read(at));
  }

  void read_phrase(Condition& out, const std::uint8_t*& at) const {
    const auto head = read_varint(at);
    out.word_term = static_cast<WordTerm>(head % 4);
    for (auto left = head / 4; left > 0; --left) {
      out.forms.push_back(static_cast<FormId>(read_varint(at)));
      out.terms.push_back(dictionary_.term_of(out.forms.back(), out.word_term));
      if (out.word_term != WordTerm::stem || out.forms.size() < 2) continue;
      const auto pair = dictionary_.find_pair(out.forms[out.forms.size() - 2], out.forms.back());
      if (pair != 0) out.terms.push_back(pair);
    }
    std::ranges::sort(out.terms, {}, [this](TermId term) { return rate(term); });
  }

  float rate(TermId term) const { return rates_.rate(dictionary_.rate_key(term)); }

  const Dictionary& dictionary_;
  const TermRates& rates_;
};

}  // namespace

TermId first_term(const std::uint8_t* program) {
  for (;;) {
    const auto head = read_varint(program);
    if ((head & 1) == 0) return static_cast<TermId>(head / 4);
    const auto kind = static_cast<Kind>(head / 2 & (negated_bit - 1));
    if (kind != Kind::all && kind != Kind::any) return never_term;
    const auto* end = end_of_parts(program);
    if (program == end) return never_term;
  }
}

Condition decode(const std::uint8_t* program, const Dictionary& dictionary, const TermRates& rates) {
  return Decoder(dictionary, rates).read(program);
}

bool Evaluator::holds(const std::uint8_t* program) {
  unknown_ = false;
  return eval(program) && !unknown_;
}

bool Evaluator::eval(const std::uint8_t*& at) {
  const auto head = read_varint(at);
  if ((head & 1) == 0) return terms_.is_true(static_cast<Literal>(head / 2));
  const auto kind = static_cast<Kind>(head / 2 & (negated_bit - 1));
  const bool negated = (head / 2 & negated_bit) != 0;
  switch (kind) {
    case Kind::phrase:
      return eval_phrase(at) != negated;
    case Kind::near:
      return eval_near(at) != negated;
    case Kind::between:
      return eval_between(at) != negated;
    default:
      return eval_group(kind, at);
  }
}

bool Evaluator::eval_group(Kind kind, const std::uint8_t*& at) {
  auto needed = kind == Kind::at_least ? read_varint(at) : 1;
  const auto* end = end_of_parts(at);
  if (kind == Kind::all) {
    while (at < end)
      if (!eval_part(at)) {
        at = end;
        return false;
      }
    return true;
  }
  while (needed > 0 && at < end) needed -= eval_part(at) ? 1 : 0;
  at = end;
  return needed == 0;
}

// Most parts are literals of three bytes.
inline bool Evaluator::eval_part(const std::uint8_t*& at) {
  if ((at[0] & 1) != 0) return eval(at);
  if ((at[0] & 0x80) != 0 && (at[1] & 0x80) != 0 && (at[2] & 0x80) == 0) {
    const auto literal = ((at[0] & 0x7FU) | (at[1] & 0x7FU) << 7 | std::uint32_t{at[2]} << 14) / 2;
    at += 3;
    return terms_.is_true(literal);
  }
  return terms_.is_true(static_cast<Literal>(read_varint(at) / 2));
}

// Reads the words of a phrase into words_. Whether the story has all of them.
bool Evaluator::read_phrase(const std::uint8_t*& at) {
  const auto head = read_varint(at);
  const auto kind = static_cast<WordTerm>(head % 4);
  words_.clear();
  bool all = true;
  for (auto left = head / 4; left > 0; --left) {
    const auto form = static_cast<FormId>(read_varint(at));
    if (!all) continue;
    unknown_ = unknown_ || terms_.is_unknown(form);
    words_.push_back(terms_.positions(form, kind));
    all = !words_.back().empty();
  }
  return all;
}

// Calls `found` with the first position of each place where words_ stand in a row, until it answers false.
template <class Found>
void Evaluator::for_each_place(const Found& found) {
  next_.assign(words_.size(), 0);
  for (const auto first : words_.front()) {
    bool all = true;
    for (std::size_t i = 1; all && i < words_.size(); ++i) {
      const auto& word = words_[i];
      auto& next = next_[i];
      while (next < word.size() && word[next] < first + i) ++next;
      if (next == word.size()) return;
      all = word[next] == first + i;
    }
    if (all && !found(first)) return;
  }
}

bool Evaluator::eval_phrase(const std::uint8_t*& at) {
  if (!read_phrase(at)) return false;
  bool any = false;
  for_each_place([&](Position) {
    any = true;
    return false;
  });
  return any;
}

bool Evaluator::eval_near(const std::uint8_t*& at) {
  const auto head = read_varint(at);
  const auto* end = end_of_parts(at);
  left_.clear();
  right_.clear();
  add_spans(at, left_);
  if (!left_.empty()) add_spans(at, right_);
  at = end;
  if (right_.empty()) return false;
  const auto nearest = find_nearest(left_, right_, head % 2 == 1);
  return nearest && nearest->distance <= head / 2;
}

void Evaluator::add_spans(const std::uint8_t*& at, std::vector<Span>& out) {
  const auto kind = static_cast<Kind>(read_varint(at) / 2 & (negated_bit - 1));
  if (kind == Kind::any) {
    for (const auto* end = end_of_parts(at); at < end;) add_spans(at, out);
    std::ranges::sort(out);
    return;
  }
  if (kind == Kind::prefix) {
    const auto word_term = static_cast<WordTerm>(read_varint(at));
    const auto form = static_cast<FormId>(read_varint(at));
    unknown_ = unknown_ || terms_.is_unknown(form);
    const auto end =
        word_term == WordTerm::exact_in_title ? terms_.story().title_end() : terms_.story().position_end();
    for (const auto position : terms_.story().with_prefix(dictionary_.surface(form)))
      if (position < end) out.push_back({position, position});
    return;
  }
  if (!read_phrase(at)) return;
  const auto length = static_cast<Position>(words_.size() - 1);
  for_each_place([&](Position first) {
    out.push_back({first, first + length});
    return true;
  });
}

bool Evaluator::eval_between(const std::uint8_t*& at) const {
  const auto least = read_number(at);
  const auto most = read_number(at);
  const auto published = terms_.story().published();
  if (!published) return false;
  const std::int64_t number = published->time_since_epoch().count();
  return least <= number && number <= most;
}

}  // namespace crier
