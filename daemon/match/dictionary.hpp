// Dictionary: the terms that rules ask a story for, by number. A term is something a story has or has not: a
// word (anywhere or in the title, by stem or by exact form), a prefix, two words in a row, a field's value,
// an urgency. One writer interns the terms of rules; readers find those of a story without locks
// (story_terms.hpp). Strings are compared by 64-bit hashes, seeded per process (text/terms.hpp): among ten
// million terms a false meeting is less likely than a damaged memory cell.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "match/arena.hpp"
#include "match/hash_slots.hpp"
#include "match/rule.hpp"
#include "match/segmented.hpp"
#include "match/term_rates.hpp"
#include "text/analyzer.hpp"

namespace crier {

using TermId = std::uint32_t;
using FormId = std::uint32_t;  ///< a word as rules spell it; from 1

/// Terms whose numbers differ in the last three bits only. Those of words with one stem, which come together
/// in most stories, are of one family and share a posting list; other terms have one to themselves.
using Family = std::uint32_t;
inline constexpr unsigned member_bits = 3;
constexpr Family family_of(TermId term) {
  return term >> member_bits;
}
constexpr unsigned member_of(TermId term) {
  return term & ((1U << member_bits) - 1);
}

inline constexpr TermId always_term = 0;  ///< every story has it
inline constexpr TermId never_term = 1;   ///< no story has it
inline constexpr TermId first_urgency_term = 1U << member_bits;
inline constexpr Family first_free_family = 2;

/// What is known of a family's terms: two bits for each, "the story has it" and "it has not". Neither, when
/// the term is newer than the story.
using FamilyTruth = std::uint16_t;
inline constexpr FamilyTruth all_present = 0x5555;
constexpr FamilyTruth present_bit(TermId term) {
  return static_cast<FamilyTruth>(1U << 2 * member_of(term));
}

/// How a word is compared and where it is looked for: four terms a form may have.
enum class WordTerm : std::uint8_t { stem, stem_in_title, exact, exact_in_title };

WordTerm word_term_of(Scope scope, bool exact);
constexpr bool is_exact(WordTerm kind) {
  return kind == WordTerm::exact || kind == WordTerm::exact_in_title;
}
constexpr bool is_in_title(WordTerm kind) {
  return kind == WordTerm::stem_in_title || kind == WordTerm::exact_in_title;
}

class Dictionary {
 public:
  /// `language`: that of most stories. Words of one stem in it share a family.
  Dictionary(const HashSlots::Retire& retire, Language language);

  // The writer's side. What is new is for readers only after publish().

  /// The forms of words, in their order. All together, so that the memory of one is fetched while another is
  /// looked at.
  std::vector<FormId> intern_forms(const std::vector<const Word*>& words);
  TermId intern_word(FormId form, WordTerm kind);
  TermId intern_prefix(const clause::Prefix& prefix);
  /// `second` right behind `first`, compared by stem, anywhere.
  TermId intern_pair(FormId first, FormId second);
  TermId intern_value(ValueField field, std::string_view folded);
  static TermId urgency_term(int urgency);  ///< 1 to 8
  /// From here on stories in this language are understood.
  void prepare(Language language);
  void publish();
  RateKey rate_key(TermId term) const { return rate_keys_[term]; }
  /// Of the stem of a form, anywhere.
  RateKey rate_key_of_stem(FormId form) const;
  void prefetch_rate_key(TermId term) const { __builtin_prefetch(&rate_keys_[term]); }
  bool is_prefix(TermId term) const { return std::ranges::binary_search(prefix_terms_, term); }
  /// The number that the next family will have.
  Family next_family() const { return static_cast<Family>(members_.size()); }

  // The readers' side.

  bool is_prepared(Language language) const {
    return languages_[language.number].load(std::memory_order_acquire) != nullptr;
  }
  /// So many terms were made; made_term gives them in their order. These, and forms with lower numbers, are
  /// known to be in a story or not, if looked up after this call.
  std::uint32_t term_count() const { return term_count_.load(std::memory_order_acquire); }
  TermId made_term(std::uint32_t place) const { return made_terms_[place]; }
  FormId form_count() const { return form_count_.load(std::memory_order_acquire); }
  /// Families with lower numbers have a list.
  Family family_count() const { return family_count_.load(std::memory_order_acquire); }

  /// What a story with a stem, or with an exact form, has of a family: the bits of its terms.
  struct FamilyTerms {
    Family family;
    FamilyTruth anywhere;
    FamilyTruth in_title;
  };
  /// A form that a story has.
  struct FoundForm {
    FormId form;
    bool begins_pair;
    bool ends_pair;
  };
  const HashSlots& stem_slots(Language language) const {
    return *languages_[language.number].load(std::memory_order_acquire);
  }
  /// As much as most records take.
  void prefetch_stem(std::uint32_t number) const {
    const auto* record = stem_records_.at(number);
    if (record == nullptr) return;  // there are no records at all
    __builtin_prefetch(record);
    __builtin_prefetch(record + 15);
  }
  /// A family of a stem's terms, if it has any.
  Family first_family(std::uint32_t number) const {
    const StemRecord record(stem_records_.at(number));
    return record.families() > 0 ? record.family(0) : 0;
  }
  /// The number of what has this stem in a prepared language; 0 when there is nothing. `number` is what the
  /// language's slots gave for the hash. Good until the reader leaves.
  std::uint32_t find_stem(Language language, std::uint64_t hash, std::uint32_t number) const {
    return hash_of(number) == hash ? number : find_stem(stem_slots(language), hash);
  }
  /// Calls, of what has a stem, `found_family(FamilyTerms)` for each family of its terms,
  /// `found_exact(hash, FamilyTerms)` for those of exact forms without accents, by the hash of the form, and
  /// `found_form(FoundForm)` for each form.
  template <class OnFamily, class OnExact, class OnForm>
  void for_each_with_stem(std::uint32_t stem, const OnFamily& found_family, const OnExact& found_exact,
                          const OnForm& found_form) const {
    const StemRecord record(stem_records_.at(stem));
    for (std::uint32_t i = 0; i < record.families(); ++i)
      found_family(family_terms_of(record.family(i), load(record.bits(i))));
    for (std::uint32_t i = 0; i < record.exacts(); ++i)
      found_exact(record.exact_hash(i), family_terms_of(record.exact_family(i), load(record.exact_bits(i))));
    for_each_form(stem, found_form);
  }
  template <class OnForm>
  void for_each_form(std::uint32_t stem, const OnForm& found_form) const {
    const StemRecord record(stem_records_.at(stem));
    for (std::uint32_t i = 0; i < record.forms(); ++i) found_form(found_form_of(load(record.form(i))));
  }

  /// The first form with this exact spelling, which has the exact terms of all; 0 when there is none.
  FormId find_exact(std::uint64_t hash) const {
    return exact_slots_.find(hash, [&](FormId form) { return forms_[form].exact_hash == hash; });
  }
  /// The same, but only for spellings with which a form may be found although the stem of a plainly spelt
  /// word does not lead to it: rules write them with accents.
  FormId find_special_exact(std::uint64_t hash) const {
    return special_slots_.find(hash, [&](FormId form) { return forms_[form].exact_hash == hash; });
  }
  const HashSlots& special_slots() const { return special_slots_; }
  /// Of the form's exact spelling.
  std::uint64_t exact_hash(FormId form) const { return forms_[form].exact_hash; }
  void prefetch_form(FormId form) const { __builtin_prefetch(&forms_[form]); }
  bool has_special_exact() const { return has_special_.load(std::memory_order_acquire); }
  /// Calls `found(FoundForm)` for each form that is spelt like `first`, which find_exact gave.
  template <class Found>
  void for_each_with_same_exact(FormId first, const Found& found) const {
    for (auto form = first; form != 0;) {
      const auto next = forms_[form].next_same_exact.load(std::memory_order_acquire);
      found(found_form_of(form | (next & ~form_mask)));
      form = next & form_mask;
    }
  }

  /// 0 when no rule asks for it.
  TermId term_of(FormId form, WordTerm kind) const;
  /// The same of the first form with its spelling, or of a kind that is not exact.
  TermId own_term_of(FormId form, WordTerm kind) const {
    return forms_[form].terms[static_cast<std::size_t>(kind)].load(std::memory_order_acquire);
  }
  /// The form as rules spell it, case-folded.
  std::string_view surface(FormId form) const;

  /// Lengths (in bytes) of the prefixes that rules ask for: bit n for n, bit 63 for all above 62.
  std::uint64_t prefix_lengths() const { return prefix_lengths_.load(std::memory_order_acquire); }
  /// 0 when no rule asks for it.
  TermId find_prefix(std::string_view prefix, Scope scope) const;
  TermId find_pair(FormId first, FormId second) const;
  static std::uint64_t pair_hash(FormId first, FormId second);
  /// `number` is what pair_slots() gave for the hash.
  TermId find_pair(std::uint64_t hash, std::uint32_t number) const {
    return others_[number].hash == hash ? others_[number].term : find_other(hash);
  }
  const HashSlots& pair_slots() const { return other_slots_; }
  void prefetch_pair(std::uint32_t number) const { __builtin_prefetch(&others_[number]); }
  TermId find_value(ValueField field, std::string_view folded) const;

  std::size_t bytes() const;

 private:
  static constexpr std::uint32_t begins_pair_flag = 1U << 31;
  static constexpr std::uint32_t ends_pair_flag = 1U << 30;
  static constexpr FormId form_mask = (1U << 30) - 1;

  static std::uint32_t load(std::uint32_t& word) {
    return std::atomic_ref(word).load(std::memory_order_acquire);
  }
  static void put(std::uint32_t& word, std::uint32_t value) {
    std::atomic_ref(word).store(value, std::memory_order_release);
  }

  // All that has one stem in one language: the hash of the stem; how many families, exact forms and forms
  // there are; of each family its number and the bits of its terms (anywhere, and in a title in the upper
  // half); of each exact form its hash and the same; the forms with their flags, ascending. A family that is
  // there twice has the bits of both. Bits and flags are set in place; so is what is added, while there is
  // room, and counted when it is whole. Then a larger record takes its place.
  class StemRecord {
   public:
    struct Counts {
      std::uint32_t families = 0;
      std::uint32_t exacts = 0;
      std::uint32_t forms = 0;

      std::uint32_t words() const { return exacts_at() + room_for(exacts) * 4; }
      std::uint32_t forms_at() const { return header_words + room_for(families) * 2; }
      std::uint32_t exacts_at() const { return forms_at() + room_for(forms); }
    };

    static constexpr std::uint32_t header_words = 5;

    explicit StemRecord(std::uint32_t* words) : words_(words) {}

    std::uint64_t hash() const { return hash_at(0); }
    std::uint32_t families() const { return load(words_[2]); }
    std::uint32_t exacts() const { return load(words_[3]); }
    std::uint32_t forms() const { return load(words_[4]); }
    Counts counts() const { return {families(), exacts(), forms()}; }
    void begin(std::uint64_t hash) const { put_hash(0, hash); }
    void count(const Counts& counts) const {
      put(words_[2], counts.families);
      put(words_[3], counts.exacts);
      put(words_[4], counts.forms);
    }
    std::uint32_t& family(std::uint32_t i) const { return words_[header_words + i * 2]; }
    std::uint32_t& bits(std::uint32_t i) const { return words_[header_words + i * 2 + 1]; }
    std::uint32_t& form(std::uint32_t i) const { return words_[counts().forms_at() + i]; }
    std::uint64_t exact_hash(std::uint32_t i) const { return hash_at(exact_at(i)); }
    void put_exact_hash(std::uint32_t i, std::uint64_t hash) const { put_hash(exact_at(i), hash); }
    std::uint32_t& exact_family(std::uint32_t i) const { return words_[exact_at(i) + 2]; }
    std::uint32_t& exact_bits(std::uint32_t i) const { return words_[exact_at(i) + 3]; }

   private:
    // Most stems have few forms; of one that has very many, the record is not copied for each.
    static std::uint32_t room_for(std::uint32_t count) { return count <= 4 ? count : std::bit_ceil(count); }
    std::uint32_t exact_at(std::uint32_t i) const { return counts().exacts_at() + i * 4; }
    std::uint64_t hash_at(std::uint32_t at) const { return words_[at] | std::uint64_t{words_[at + 1]} << 32; }
    void put_hash(std::uint32_t at, std::uint64_t hash) const {
      words_[at] = static_cast<std::uint32_t>(hash);
      words_[at + 1] = static_cast<std::uint32_t>(hash >> 32);
    }

    std::uint32_t* words_;
  };

  struct Form {
    std::uint64_t exact_hash;
    std::atomic<std::uint32_t> next_same_exact;  // a form, and beside it the flags of this one
    std::array<std::atomic<TermId>, 4> terms;    // by WordTerm; 0 = nobody asks
    Arena::Address surface;                      // a byte with its length, then its bytes
  };
  // In one language: where the record of a stem is found.
  struct Stem {
    HashSlots* slots;
    std::uint64_t hash;
  };
  struct OtherTerm {
    std::uint64_t hash;
    TermId term;
  };

  std::uint64_t hash_of(Arena::Address stem_record) const {
    return StemRecord(stem_records_.at(stem_record)).hash();
  }
  static FoundForm found_form_of(std::uint32_t word) {
    return {word & form_mask, (word & begins_pair_flag) != 0, (word & ends_pair_flag) != 0};
  }
  static FamilyTerms family_terms_of(Family family, std::uint32_t bits) {
    return {family, static_cast<FamilyTruth>(bits), static_cast<FamilyTruth>(bits >> 16)};
  }
  Arena::Address find_stem(const HashSlots& slots, std::uint64_t hash) const {
    return slots.find(hash, [&](std::uint32_t number) { return hash_of(number) == hash; });
  }
  bool is_plain(FormId form) const;
  bool stem_leads_to(FormId form, WordTerm kind) const;
  std::vector<Stem> stems_of(FormId form) const;
  template <class Fill>
  void extend(const Stem& stem, const StemRecord::Counts& more, const Fill& fill);
  Arena::Address write_record(std::uint64_t stem, const std::vector<FormId>& forms);
  void put_form(const Stem& stem, FormId form);
  void put_flags(const Stem& stem, FormId form);
  void put_term(const Stem& stem, FormId form, WordTerm kind);
  std::uint32_t with_flags(FormId form) const {
    return form | (forms_[form].next_same_exact.load(std::memory_order_relaxed) & ~form_mask);
  }
  void set_flag(FormId form, std::uint32_t flag);
  void make_special(FormId form);
  void retire_record(Arena::Address record);
  FormId intern_form(const Word& word, std::uint64_t exact_hash);
  std::uint64_t stem_hash(Language language, FormId form) const;
  Family family_for(const Stem& stem) const;
  TermId new_term(Family family, RateKey key);
  TermId new_term(RateKey key) { return new_term(next_family(), key); }
  TermId find_other(std::uint64_t hash) const;
  TermId intern_other(std::uint64_t hash, RateKey key);

  HashSlots::Retire retire_;
  HashSlots exact_slots_;    // → forms_, the first one with the spelling
  HashSlots special_slots_;  // likewise, the special ones only
  HashSlots respelt_slots_;  // by surface → forms_, those that are not the first with their exact form
  HashSlots other_slots_;    // → others_: prefixes, pairs, values
  Segmented<Form> forms_;
  Segmented<OtherTerm> others_;
  Segmented<RateKey> rate_keys_;       // by term
  Segmented<TermId> made_terms_;       // in their order
  std::vector<std::uint8_t> members_;  // by family: how many terms it has
  std::vector<TermId> prefix_terms_;   // ascending
  Arena surfaces_;
  Arena stem_records_;
  std::array<std::unique_ptr<HashSlots>, 32> stems_;  // by language number → stem_records_
  std::array<std::atomic<const HashSlots*>, 32> languages_{};
  std::atomic<bool> has_special_{false};
  std::vector<Language> prepared_;
  std::atomic<std::uint32_t> term_count_{0};
  std::atomic<Family> family_count_{first_free_family};
  std::atomic<FormId> form_count_{1};
  std::atomic<std::uint64_t> prefix_lengths_{0};
};

}  // namespace crier
