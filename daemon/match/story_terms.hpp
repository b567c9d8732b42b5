// StoryTerms: which of the dictionary's terms one story has, and where its words stand. A reader's scratch:
// large, made once and filled anew for each story.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "match/dictionary.hpp"
#include "match/posting_lists.hpp"
#include "match/spans.hpp"
#include "match/zero_pages.hpp"
#include "text/analyzer.hpp"

namespace crier {

class StoryTerms {
 public:
  StoryTerms();

  /// Finds the terms of a story in a prepared language. Both must outlive the use.
  void fill(const Dictionary& dictionary, const AnalyzedStory& story);
  /// Forgets the story.
  void clear();

  /// By family: a bit for each literal, set when it is true of the story. Literals of terms that are newer
  /// than the story are all false, so that a rule that comes while the story is matched is either seen whole
  /// or not at all.
  const FamilyTruth* truth() const { return truth_; }
  bool is_true(Literal literal) const { return (truth_[literal >> 4] >> (literal & 15) & 1) != 0; }
  /// A family of which the story has terms.
  struct Touched {
    Family family;
    FamilyTruth before;  // what was known of the family before there was a story
  };
  /// All of them, that of always_term among them.
  const std::vector<Touched>& families() const { return families_; }
  const AnalyzedStory& story() const { return *story_; }

  /// Where the words of a form stand, ascending; in the title only, if the kind says so.
  std::span<const Position> positions(FormId form, WordTerm kind);
  /// Whether the form came after the story was looked up: nothing is known of it.
  bool is_unknown(FormId form) const { return form >= known_forms_; }

 private:
  static constexpr auto none = Terms::none;

  // A form that the story has: one of its stems, or, with spelt_bit, a place in spelt_.
  struct Noted {
    FormId form = 0;
    std::uint32_t as = 0;
  };
  static constexpr std::uint32_t spelt_bit = 1U << 31;
  // A form that was found by its spelling.
  struct Spelt {
    Dictionary::FoundForm form{};
    Terms::Id exact = none;
    Terms::Id stem = none;
    std::uint32_t merged = 0;  // number in merged_ from 1, once it was needed
  };
  // What the dictionary has of one of the story's stems.
  struct StemForms {
    std::uint32_t stem = 0;    // its number there
    bool begin_pairs = false;  // some of its forms
    bool end_pairs = false;
  };

  void learn_of_new_terms();
  void set(TermId term) { set(family_of(term), present_bit(term)); }
  void set(Family family, FamilyTruth present);
  void set(const Dictionary::FamilyTerms& terms, bool in_title);
  void find_words();
  void find_pairs();
  void find_spread_pairs();
  void add_pairs_of(Terms::Id first, Terms::Id second);
  void find_prefixes();
  void find_values();
  // The place of a hash among others, and what slots gave for it.
  struct LookedUp {
    std::uint32_t place;
    std::uint32_t number;
  };
  template <class Hash, class Prefetch>
  const std::vector<LookedUp>& those_in(const HashSlots& slots, std::size_t count, const Hash& hash_of,
                                        const Prefetch& prefetch);
  void find_spelling(Terms::Id exact, FormId first);
  void note(FormId form, std::uint32_t as);
  Noted* find(FormId form);
  template <class OnForm>
  void for_each_form(const OnForm& found_form) const;
  std::span<const Position> positions(Spelt& entry, WordTerm kind);
  std::span<const Position> in_scope(std::span<const Position> all, WordTerm kind) const;

  const Dictionary* dictionary_ = nullptr;
  const AnalyzedStory* story_ = nullptr;
  ZeroPages truth_memory_;
  FamilyTruth* truth_;             // by family
  std::uint32_t known_terms_ = 0;  // of those that the dictionary made
  FormId known_forms_ = 0;
  std::vector<Touched> families_;
  std::vector<StemForms> stem_forms_;  // by stem
  std::vector<Noted> noted_;           // open addressing by form
  std::size_t noted_count_ = 0;
  std::vector<Spelt> spelt_;
  std::vector<std::vector<Position>> merged_;
  std::size_t used_merged_ = 0;
  // For find_spread_pairs(): the forms that may end one, by the place of their words.
  struct Ending {
    FormId form;
    std::uint32_t next;  // number in endings_ from 1
  };
  std::vector<Ending> endings_;
  std::vector<std::uint32_t> ending_at_;  // by place → endings_, from 1
  std::vector<std::uint64_t> pairs_;      // the hashes of pairs that stand in the story
  std::vector<LookedUp> looked_up_;       // what those_in() gives
};

}  // namespace crier
