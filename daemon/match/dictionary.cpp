#include "match/dictionary.hpp"

#include <algorithm>

#include "text/stemmer.hpp"
#include "text/terms.hpp"

namespace crier {
namespace {

// Namespaces of the terms that are no words.
enum class Space : std::uint64_t { prefix = 1, title_prefix, pair, value };

std::uint64_t mix(Space space, std::uint64_t a, std::uint64_t b = 0) {
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15;
  auto hash = (a + static_cast<std::uint64_t>(space)) * odd;
  hash ^= hash >> 29;
  hash = (hash ^ b) * odd;
  hash ^= hash >> 31;
  hash *= odd;
  return hash ^ (hash >> 32);
}

std::uint64_t prefix_hash(std::string_view prefix, Scope scope) {
  return mix(scope == Scope::title ? Space::title_prefix : Space::prefix, hash_term(prefix));
}

std::uint64_t value_hash(ValueField field, std::string_view folded) {
  return mix(Space::value, hash_term(folded), static_cast<std::uint64_t>(field));
}

}  // namespace

WordTerm word_term_of(Scope scope, bool exact) {
  if (exact) return scope == Scope::title ? WordTerm::exact_in_title : WordTerm::exact;
  return scope == Scope::title ? WordTerm::stem_in_title : WordTerm::stem;
}

Dictionary::Dictionary(const HashSlots::Retire& retire)
    : retire_(retire), exact_slots_(retire), special_slots_(retire), other_slots_(retire) {
  forms_.append();  // number 0 is none
  others_.append();
  rate_keys_.reach(first_free_term - 1);
  for (int urgency = 1; urgency <= 8; ++urgency)
    rate_keys_[urgency_term(urgency)] = urgency_rate_key(urgency);
}

TermId Dictionary::new_term(RateKey key) {
  rate_keys_.reach(next_term_);
  rate_keys_[next_term_] = key;
  return next_term_++;
}

FormId Dictionary::intern_form(const Word& word) {
  const auto hash = hash_term(word.exact);
  const auto first = find_exact(hash);
  for (auto form = first; form != 0; form = forms_[form].next_same_exact.load(std::memory_order_relaxed))
    if (surface(form) == word.surface) return form;
  const auto form = forms_.append();
  forms_[form].exact_hash = hash;
  forms_[form].surface = surfaces_.allocate(static_cast<std::uint32_t>(word.surface.size() / 4 + 1));
  auto* bytes = reinterpret_cast<char*>(surfaces_.at(forms_[form].surface));
  bytes[0] = static_cast<char>(word.surface.size());  // at most 120, as the tokenizer cuts words
  std::ranges::copy(word.surface, bytes + 1);
  put_stems(form);
  if (first == 0) {
    exact_slots_.insert(hash, form);
  } else {
    auto& next = forms_[first].next_same_exact;
    forms_[form].next_same_exact.store(next.load(std::memory_order_relaxed), std::memory_order_relaxed);
    next.store(form, std::memory_order_release);
  }
  if (word.surface != word.exact) make_special(form);
  return form;
}

void Dictionary::make_special(FormId form) {
  const auto hash = forms_[form].exact_hash;
  if (find_special_exact(hash) != 0) return;
  special_slots_.insert(hash, find_exact(hash));
  has_special_.store(true, std::memory_order_release);
}

void Dictionary::set_flag(FormId form, std::uint32_t flag) {
  auto& flags = forms_[form].flags;
  const auto before = flags.load(std::memory_order_relaxed);
  if ((before & flag) == flag) return;
  flags.store(before | flag, std::memory_order_release);
  put_stems(form);
}

std::string_view Dictionary::surface(FormId form) const {
  const auto* bytes = reinterpret_cast<const char*>(surfaces_.at(forms_[form].surface));
  return {bytes + 1, static_cast<unsigned char>(bytes[0])};
}

// Writes the form, as it is now, into the record of its stem in each language.
void Dictionary::put_stems(FormId form) {
  for (std::size_t i = 0; i < stems_.size(); ++i)
    if (stems_[i]) put_stem({static_cast<std::uint8_t>(i)}, form);
}

void Dictionary::put_stem(Language language, FormId form) {
  auto& slots = *stems_[language.number];
  const auto hash = hash_term(stem(language, surface(form)));
  const auto old = slots.find(hash, [&](std::uint32_t number) { return hash_of(number) == hash; });
  const auto* before = old == 0 ? nullptr : stem_records_.at(old);
  const auto count = before == nullptr ? 0 : before[2];
  std::uint32_t place = 0;
  while (place < count && (before[stem_header_words + place * stem_entry_words] & form_mask) != form) ++place;
  const auto new_count = std::max(count, place + 1);
  const auto address = stem_records_.allocate(stem_header_words + new_count * stem_entry_words);
  auto* record = stem_records_.at(address);
  if (before != nullptr) std::copy_n(before, stem_header_words + count * stem_entry_words, record);
  record[0] = static_cast<std::uint32_t>(hash);
  record[1] = static_cast<std::uint32_t>(hash >> 32);
  record[2] = new_count;
  auto* entry = record + stem_header_words + place * stem_entry_words;
  entry[0] = form | forms_[form].flags.load(std::memory_order_relaxed);
  entry[1] = own_term_of(form, WordTerm::stem);
  entry[2] = own_term_of(form, WordTerm::stem_in_title);
  if (old == 0) {
    slots.insert(hash, address);
    return;
  }
  slots.replace(hash, old, address);
  retire_record(old);
}

void Dictionary::retire_record(Arena::Address address) {
  const auto words = stem_header_words + stem_records_.at(address)[2] * stem_entry_words;
  retire_(std::shared_ptr<void>(static_cast<void*>(this),
                                [this, address, words](void*) { stem_records_.release(address, words); }));
}

void Dictionary::prepare(Language language) {
  auto& slots = stems_.at(language.number);
  if (slots) return;
  slots = std::make_unique<HashSlots>(retire_);
  for (FormId form = 1; form < forms_.size(); ++form) put_stem(language, form);
  if (!first_language_) first_language_ = language;
  languages_[language.number].store(slots.get(), std::memory_order_release);
}

std::uint64_t Dictionary::stem_hash(const Word& word) const {
  return hash_term(stem(first_language_.value_or(Language{}), word.surface));
}

TermId Dictionary::intern_word(FormId form, const Word& word, WordTerm kind) {
  // The exact terms belong to the spelling, whose first form keeps them.
  const bool exact = kind == WordTerm::exact || kind == WordTerm::exact_in_title;
  const auto keeper = exact ? find_exact(forms_[form].exact_hash) : form;
  auto& term = forms_[keeper].terms[static_cast<std::size_t>(kind)];
  if (const auto known = term.load(std::memory_order_relaxed); known != 0) return known;
  const bool in_title = kind == WordTerm::stem_in_title || kind == WordTerm::exact_in_title;
  const auto made = new_term(exact ? exact_rate_key(forms_[form].exact_hash, in_title)
                                   : stem_rate_key(stem_hash(word), in_title));
  term.store(made, std::memory_order_release);
  if (exact)
    make_special(keeper);
  else
    put_stems(form);
  return made;
}

TermId Dictionary::intern_prefix(const clause::Prefix& prefix) {
  const auto hash = prefix_hash(prefix.exact, prefix.scope);
  const auto term = intern_other(hash, other_rate_key(hash));
  if (prefix_terms_.empty() || prefix_terms_.back() < term) prefix_terms_.push_back(term);
  const auto bit = std::min<std::size_t>(prefix.exact.size(), 63);
  prefix_lengths_.store(prefix_lengths_.load(std::memory_order_relaxed) | std::uint64_t{1} << bit,
                        std::memory_order_release);
  return term;
}

TermId Dictionary::intern_pair(FormId first, FormId second, RateKey key) {
  const auto term = intern_other(pair_hash(first, second), key);
  set_flag(first, begins_pair_flag);
  set_flag(second, ends_pair_flag);
  return term;
}

TermId Dictionary::intern_value(ValueField field, std::string_view folded) {
  return intern_other(value_hash(field, folded), value_rate_key(field, folded));
}

TermId Dictionary::urgency_term(int urgency) {
  return first_urgency_term + static_cast<TermId>(urgency - 1);
}

void Dictionary::publish() {
  term_count_.store(next_term_, std::memory_order_release);
  form_count_.store(forms_.size(), std::memory_order_release);
}

TermId Dictionary::find_prefix(std::string_view prefix, Scope scope) const {
  return find_other(prefix_hash(prefix, scope));
}

TermId Dictionary::find_pair(FormId first, FormId second) const {
  return find_other(pair_hash(first, second));
}

std::uint64_t Dictionary::pair_hash(FormId first, FormId second) {
  return mix(Space::pair, first, second);
}

TermId Dictionary::find_value(ValueField field, std::string_view folded) const {
  return find_other(value_hash(field, folded));
}

TermId Dictionary::find_other(std::uint64_t hash) const {
  return others_[other_slots_.find(hash, [&](std::uint32_t number) { return others_[number].hash == hash; })]
      .term;
}

TermId Dictionary::intern_other(std::uint64_t hash, RateKey key) {
  if (const auto known = find_other(hash); known != 0) return known;
  const auto number = others_.append();
  others_[number] = {hash, new_term(key)};
  other_slots_.insert(hash, number);
  return others_[number].term;
}

TermId Dictionary::term_of(FormId form, WordTerm kind) const {
  const bool exact = kind == WordTerm::exact || kind == WordTerm::exact_in_title;
  const auto keeper = exact ? find_exact(forms_[form].exact_hash) : form;
  return forms_[keeper].terms[static_cast<std::size_t>(kind)].load(std::memory_order_acquire);
}

std::size_t Dictionary::bytes() const {
  auto total = exact_slots_.bytes() + other_slots_.bytes() + forms_.bytes() + others_.bytes() +
               rate_keys_.bytes() + surfaces_.bytes();
  for (const auto& slots : stems_)
    if (slots) total += slots->bytes();
  return total;
}

}  // namespace crier
