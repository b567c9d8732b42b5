// Dictionary: the terms that rules ask a story for, by number. A term is something a story has or has not: a
// word (anywhere or in the title, by stem or by exact form), a prefix, two words in a row, a field's value,
// an urgency. One writer interns the terms of rules; readers find those of a story without locks
// (story_terms.hpp). Strings are compared by 64-bit hashes, seeded per process (text/terms.hpp): among ten
// million terms a false meeting is less likely than a damaged memory cell.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
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

inline constexpr TermId always_term = 0;  ///< every story has it
inline constexpr TermId never_term = 1;   ///< no story has it
inline constexpr TermId first_urgency_term = 2;
inline constexpr TermId first_free_term = first_urgency_term + 8;

/// How a word is compared and where it is looked for: four terms a form may have.
enum class WordTerm : std::uint8_t { stem, stem_in_title, exact, exact_in_title };

WordTerm word_term_of(Scope scope, bool exact);

class Dictionary {
 public:
  explicit Dictionary(const HashSlots::Retire& retire);

  // The writer's side. What is new is for readers only after publish().

  FormId intern_form(const Word& word);
  TermId intern_word(FormId form, const Word& word, WordTerm kind);
  TermId intern_prefix(const clause::Prefix& prefix);
  /// `second` right behind `first`, compared by stem, anywhere.
  TermId intern_pair(FormId first, FormId second, RateKey key);
  /// The hash that the stem of a word has in stories of the language first prepared.
  std::uint64_t stem_hash(const Word& word) const;
  TermId intern_value(ValueField field, std::string_view folded);
  static TermId urgency_term(int urgency);  ///< 1 to 8
  /// From here on stories in this language are understood.
  void prepare(Language language);
  void publish();
  RateKey rate_key(TermId term) const { return rate_keys_[term]; }
  bool is_prefix(TermId term) const { return std::ranges::binary_search(prefix_terms_, term); }
  /// The number that the next term will have.
  TermId next_term() const { return next_term_; }

  // The readers' side.

  bool is_prepared(Language language) const {
    return languages_[language.number].load(std::memory_order_acquire) != nullptr;
  }
  /// Terms and forms with lower numbers are known to be in a story or not, if looked up after this call.
  TermId term_count() const { return term_count_.load(std::memory_order_acquire); }
  FormId form_count() const { return form_count_.load(std::memory_order_acquire); }

  /// What a story with a stem has: a form and its terms (0: nobody asks).
  struct StemEntry {
    FormId form;
    bool begins_pair;
    bool ends_pair;
    TermId anywhere;
    TermId in_title;
  };
  void prefetch_stem_slot(Language language, std::uint64_t hash) const { stems_of(language).prefetch(hash); }
  void prefetch_stem(Language language, std::uint64_t hash) const {
    const auto address = stems_of(language).peek(hash);
    if (address == 0) return;
    const auto* record = stem_records_.at(address);
    __builtin_prefetch(record);
    __builtin_prefetch(record + stem_header_words + 3 * stem_entry_words);  // few stems have more forms
  }
  /// Calls `found(StemEntry)` for each form with this stem in a prepared language.
  template <class Found>
  void for_each_with_stem(Language language, std::uint64_t hash, const Found& found) const {
    const auto address =
        stems_of(language).find(hash, [&](std::uint32_t number) { return hash_of(number) == hash; });
    if (address == 0) return;
    const auto* record = stem_records_.at(address);
    for (std::uint32_t i = 0; i < record[2]; ++i) {
      const auto* entry = record + stem_header_words + i * stem_entry_words;
      found(StemEntry{entry[0] & form_mask, (entry[0] & begins_pair_flag) != 0,
                      (entry[0] & ends_pair_flag) != 0, entry[1], entry[2]});
    }
  }

  /// The first form with this exact spelling, which has the exact terms of all; 0 when there is none.
  FormId find_exact(std::uint64_t hash) const {
    return exact_slots_.find(hash, [&](FormId form) { return forms_[form].exact_hash == hash; });
  }
  /// The same, but only for spellings with which a form may be found although the stem of a plainly spelt
  /// word does not lead to it: rules ask for the exact spelling, or write it with accents.
  FormId find_special_exact(std::uint64_t hash) const {
    return special_slots_.find(hash, [&](FormId form) { return forms_[form].exact_hash == hash; });
  }
  void prefetch_special_exact_slot(std::uint64_t hash) const { special_slots_.prefetch(hash); }
  void prefetch_special_exact(std::uint64_t hash) const {
    __builtin_prefetch(&forms_[special_slots_.peek(hash)]);
  }
  bool has_special_exact() const { return has_special_.load(std::memory_order_acquire); }
  /// Calls `found(StemEntry)` for each form that is spelt like `first`, which find_exact gave.
  template <class Found>
  void for_each_with_same_exact(FormId first, const Found& found) const {
    for (auto form = first; form != 0; form = forms_[form].next_same_exact.load(std::memory_order_acquire)) {
      const auto flags = forms_[form].flags.load(std::memory_order_acquire);
      found(StemEntry{form, (flags & begins_pair_flag) != 0, (flags & ends_pair_flag) != 0,
                      own_term_of(form, WordTerm::stem), own_term_of(form, WordTerm::stem_in_title)});
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
  TermId find_pair(std::uint64_t hash) const { return find_other(hash); }
  void prefetch_pair_slot(std::uint64_t hash) const { other_slots_.prefetch(hash); }
  void prefetch_pair(std::uint64_t hash) const { __builtin_prefetch(&others_[other_slots_.peek(hash)]); }
  TermId find_value(ValueField field, std::string_view folded) const;

  std::size_t bytes() const;

 private:
  static constexpr std::uint32_t begins_pair_flag = 1U << 31;
  static constexpr std::uint32_t ends_pair_flag = 1U << 30;
  static constexpr FormId form_mask = (1U << 30) - 1;

  // All forms with one stem in one language: the hash of the stem, a count, then of each the form with its
  // flags and its two terms. Readers meet it whole; a change makes a new one.
  static constexpr std::uint32_t stem_header_words = 3;
  static constexpr std::uint32_t stem_entry_words = 3;

  struct Form {
    std::uint64_t exact_hash;
    std::atomic<FormId> next_same_exact;
    std::array<std::atomic<TermId>, 4> terms;  // by WordTerm; 0 = nobody asks
    std::atomic<std::uint32_t> flags;
    Arena::Address surface;  // a byte with its length, then its bytes
  };
  struct OtherTerm {
    std::uint64_t hash;
    TermId term;
  };

  const HashSlots& stems_of(Language language) const {
    return *languages_[language.number].load(std::memory_order_acquire);
  }
  std::uint64_t hash_of(Arena::Address stem_record) const {
    const auto* record = stem_records_.at(stem_record);
    return record[0] | std::uint64_t{record[1]} << 32;
  }
  void put_stem(Language language, FormId form);
  void put_stems(FormId form);
  void set_flag(FormId form, std::uint32_t flag);
  void make_special(FormId form);
  void retire_record(Arena::Address record);
  TermId new_term(RateKey key);
  TermId find_other(std::uint64_t hash) const;
  TermId intern_other(std::uint64_t hash, RateKey key);

  HashSlots::Retire retire_;
  HashSlots exact_slots_;    // → forms_, the first one with the spelling
  HashSlots special_slots_;  // likewise, the special ones only
  HashSlots other_slots_;    // → others_: prefixes, pairs, values
  Segmented<Form> forms_;
  Segmented<OtherTerm> others_;
  Segmented<RateKey> rate_keys_;      // by term
  std::vector<TermId> prefix_terms_;  // ascending
  Arena surfaces_;
  Arena stem_records_;
  std::array<std::unique_ptr<HashSlots>, 32> stems_;  // by language number → stem_records_
  std::array<std::atomic<const HashSlots*>, 32> languages_{};
  std::atomic<bool> has_special_{false};
  std::optional<Language> first_language_;
  TermId next_term_ = first_free_term;
  std::atomic<TermId> term_count_{first_free_term};
  std::atomic<FormId> form_count_{1};
  std::atomic<std::uint64_t> prefix_lengths_{0};
};

}  // namespace crier
