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

  void prefetch_exact(std::uint64_t hash) const { exact_slots_.prefetch(hash); }
  /// Calls `found(form)` for each form that is spelt like `first`, which find_exact gave.
  template <class Found>
  void for_each_with_same_exact(FormId first, const Found& found) const {
    for (auto form = first; form != 0; form = forms_[form].next_same_exact.load(std::memory_order_acquire))
      found(form);
  }
  /// The first form with this exact spelling, which has the exact terms of all; 0 when there is none.
  FormId find_exact(std::uint64_t hash) const {
    return exact_slots_.find(hash, [&](FormId form) { return forms_[form].exact_hash == hash; });
  }

  /// Calls `found(form)` for each form with this stem in a prepared language.
  template <class Found>
  void for_each_with_stem(Language language, std::uint64_t hash, const Found& found) const {
    const auto* stems = languages_[language.number].load(std::memory_order_acquire);
    const auto entry =
        stems->slots.find(hash, [&](std::uint32_t number) { return stems->entries[number].hash == hash; });
    if (entry == 0) return;
    for (auto form = stems->entries[entry].first_form.load(std::memory_order_acquire); form != 0;
         form = stems->next_same_stem[form].load(std::memory_order_acquire))
      found(form);
  }
  void prefetch_stem(Language language, std::uint64_t hash) const {
    languages_[language.number].load(std::memory_order_acquire)->slots.prefetch(hash);
  }

  /// 0 when no rule asks for it.
  TermId term_of(FormId form, WordTerm kind) const;
  /// The same of the first form with its spelling, or of a kind that is not exact.
  TermId own_term_of(FormId form, WordTerm kind) const {
    return forms_[form].terms[static_cast<std::size_t>(kind)].load(std::memory_order_acquire);
  }
  /// The form as rules spell it, case-folded.
  std::string_view surface(FormId form) const;
  /// Whether some pair begins, or ends, with this form.
  bool begins_pair(FormId form) const { return (flags_of(form) & begins_pair_flag) != 0; }
  bool ends_pair(FormId form) const { return (flags_of(form) & ends_pair_flag) != 0; }

  /// Lengths (in bytes) of the prefixes that rules ask for: bit n for n, bit 63 for all above 62.
  std::uint64_t prefix_lengths() const { return prefix_lengths_.load(std::memory_order_acquire); }
  /// 0 when no rule asks for it.
  TermId find_prefix(std::string_view prefix, Scope scope) const;
  TermId find_pair(FormId first, FormId second) const;
  TermId find_value(ValueField field, std::string_view folded) const;

  std::size_t bytes() const;

 private:
  static constexpr std::uint32_t begins_pair_flag = 1;
  static constexpr std::uint32_t ends_pair_flag = 2;

  struct Form {
    std::uint64_t exact_hash;
    std::atomic<FormId> next_same_exact;
    std::array<std::atomic<TermId>, 4> terms;  // by WordTerm; 0 = nobody asks
    std::atomic<std::uint32_t> flags;
    Arena::Address surface;  // a byte with its length, then its bytes
  };
  struct Stem {
    std::uint64_t hash;
    std::atomic<FormId> first_form;
  };
  struct Stems {
    explicit Stems(const HashSlots::Retire& retire) : slots(retire) {}

    HashSlots slots;  // → entries, from 1
    Segmented<Stem> entries;
    Segmented<std::atomic<FormId>> next_same_stem;  // by form
  };
  struct OtherTerm {
    std::uint64_t hash;
    TermId term;
  };

  std::uint32_t flags_of(FormId form) const { return forms_[form].flags.load(std::memory_order_acquire); }
  void add_stem(Stems& stems, Language language, FormId form);
  TermId new_term(RateKey key);
  TermId find_other(std::uint64_t hash) const;
  TermId intern_other(std::uint64_t hash, RateKey key);

  HashSlots::Retire retire_;
  HashSlots exact_slots_;  // → forms_, the first one with the spelling
  HashSlots other_slots_;  // → others_: prefixes, pairs, values
  Segmented<Form> forms_;
  Segmented<OtherTerm> others_;
  Segmented<RateKey> rate_keys_;      // by term
  std::vector<TermId> prefix_terms_;  // ascending
  Arena surfaces_;
  std::array<std::unique_ptr<Stems>, 32> stems_;  // by language number
  std::array<std::atomic<const Stems*>, 32> languages_{};
  std::optional<Language> first_language_;
  TermId next_term_ = first_free_term;
  std::atomic<TermId> term_count_{first_free_term};
  std::atomic<FormId> form_count_{1};
  std::atomic<std::uint64_t> prefix_lengths_{0};
};

}  // namespace crier
