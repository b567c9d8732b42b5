// Program: a condition as bytes, evaluated without being unpacked.
// Groups carry their length, so that what is decided is skipped. Pure.
//
//   literal   varint(literal * 2)
//   others    varint(2 * (kind + 8 * negated) + 1), then
//     all, any      varint bytes, the parts
//     at_least      varint how many, varint bytes, the parts
//     phrase        varint(4 * count + word term), the forms
//     prefix        varint(word term), the form whose spelling it is
//     near          varint(2 * distance + ordered), varint bytes, both sides
//     between       least and most, eight bytes each
// A varint is as in base/varint.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "match/condition.hpp"
#include "match/spans.hpp"
#include "match/story_terms.hpp"

namespace crier {

void encode(const Condition& condition, std::string& out);
/// The term that the program asks for first, as it is or negated; never_term when it begins with something
/// else.
TermId first_term(const std::uint8_t* program);
/// The condition again, with the rates of today.
Condition decode(const std::uint8_t* program, const Dictionary& dictionary, const TermRates& rates);

/// Evaluates programs of one story.
class Evaluator {
 public:
  Evaluator(StoryTerms& terms, const Dictionary& dictionary) : terms_(terms), dictionary_(dictionary) {}

  /// False, too, for a program of which something came after the story was looked up.
  bool holds(const std::uint8_t* program);

 private:
  bool eval(const std::uint8_t*& at);
  bool eval_part(const std::uint8_t*& at);
  bool eval_group(Condition::Kind kind, const std::uint8_t*& at);
  bool eval_phrase(const std::uint8_t*& at);
  bool eval_near(const std::uint8_t*& at);
  bool eval_between(const std::uint8_t*& at) const;
  void add_spans(const std::uint8_t*& at, std::vector<Span>& out);
  bool read_phrase(const std::uint8_t*& at);
  template <class Found>
  void for_each_place(const Found& found);

  StoryTerms& terms_;
  const Dictionary& dictionary_;
  bool unknown_ = false;
  std::vector<std::span<const Position>> words_;  // of the phrase last read
  std::vector<std::size_t> next_;
  std::vector<Span> left_;
  std::vector<Span> right_;
};

}  // namespace crier
