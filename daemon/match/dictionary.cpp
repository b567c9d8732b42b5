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
    : retire_(retire),
      exact_slots_(retire),
      special_slots_(retire),
      respelt_slots_(retire),
      other_slots_(retire) {
  forms_.append();  // number 0 is none
  others_.append();
  rate_keys_.reach(never_term);
  members_.assign(1, 2);
  for (int urgency = 1; urgency <= 8; ++urgency)
    new_term(family_of(first_urgency_term), urgency_rate_key(urgency));
  publish();
}

TermId Dictionary::new_term(Family family, RateKey key) {
  if (family == members_.size()) members_.push_back(0);
  const auto term = (family << member_bits) + members_[family]++;
  rate_keys_.reach(term);
  rate_keys_[term] = key;
  made_terms_[made_terms_.append()] = term;
  return term;
}

std::vector<FormId> Dictionary::intern_forms(const std::vector<const Word*>& words) {
  std::vector<std::uint64_t> hashes;
  hashes.reserve(words.size());
  for (const auto* word : words) {
    hashes.push_back(hash_term(word->exact));
    exact_slots_.prefetch(hashes.back());
  }
  std::vector<FormId> forms;
  forms.reserve(words.size());
  for (const auto hash : hashes) {
    forms.push_back(exact_slots_.peek(hash));
    prefetch_form(forms.back());
  }
  for (const auto form : forms) __builtin_prefetch(surfaces_.at(forms_[form].surface));
  for (std::size_t i = 0; i < words.size(); ++i) forms[i] = intern_form(*words[i], hashes[i]);
  return forms;
}

FormId Dictionary::intern_form(const Word& word, std::uint64_t hash) {
  const auto first = find_exact(hash);
  if (first != 0) {
    if (surface(first) == word.surface) return first;
    const auto is_right = [&](FormId form) { return surface(form) == word.surface; };
    if (const auto known = respelt_slots_.find(hash_term(word.surface), is_right); known != 0) return known;
  }
  const auto form = forms_.append();
  forms_[form].exact_hash = hash;
  forms_[form].surface = surfaces_.allocate(static_cast<std::uint32_t>(word.surface.size() / 4 + 1));
  auto* bytes = reinterpret_cast<char*>(surfaces_.at(forms_[form].surface));
  bytes[0] = static_cast<char>(word.surface.size());  // at most 120, as the tokenizer cuts words
  std::ranges::copy(word.surface, bytes + 1);
  put_stems(form, true);
  if (first == 0) {
    exact_slots_.insert(hash, form);
  } else {
    auto& next = forms_[first].next_same_exact;
    forms_[form].next_same_exact.store(next.load(std::memory_order_relaxed), std::memory_order_relaxed);
    next.store(form, std::memory_order_release);
    respelt_slots_.insert(hash_term(word.surface), form);
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
  put_stems(form, false);
}

std::string_view Dictionary::surface(FormId form) const {
  const auto* bytes = reinterpret_cast<const char*>(surfaces_.at(forms_[form].surface));
  return {bytes + 1, static_cast<unsigned char>(bytes[0])};
}

// Writes the form, as it is now, into the record of its stem in each language.
void Dictionary::put_stems(FormId form, bool is_new) {
  for (std::size_t i = 0; i < stems_.size(); ++i)
    if (stems_[i]) put_stem({static_cast<std::uint8_t>(i)}, form, is_new);
}

void Dictionary::put_stem(Language language, FormId form, bool is_new) {
  auto& slots = *stems_[language.number];
  const auto hash = hash_term(stem(language, surface(form)));
  const auto address = slots.find(hash, [&](std::uint32_t number) { return hash_of(number) == hash; });
  std::array<std::uint32_t, 4> none{};
  const StemRecord old(address == 0 ? none.data() : stem_records_.at(address));

  // What there is already is set in place; of many, it is one of the last.
  std::array<std::pair<Family, std::uint32_t>, 2> new_families{};
  std::uint32_t new_count = 0;
  const auto put_bits = [&](TermId term, unsigned shift) {
    if (term == 0) return;
    const auto family = family_of(term);
    const auto bits = std::uint32_t{present_bit(term)} << shift;
    for (auto i = old.families(); i-- > 0;)
      if (old.family(i) == family) return put(old.bits(i), old.bits(i) | bits);
    if (new_count == 0 || new_families[0].first != family) new_families[new_count++].first = family;
    new_families[new_count - 1].second |= bits;
  };
  put_bits(own_term_of(form, WordTerm::stem), 0);
  put_bits(own_term_of(form, WordTerm::stem_in_title), 16);
  const auto flagged = form | forms_[form].flags.load(std::memory_order_relaxed);
  if (!is_new) {
    auto i = old.forms() - 1;
    while ((old.form(i) & form_mask) != form) --i;
    put(old.form(i), flagged);
  }
  if (new_count == 0 && !is_new) return;

  const auto families = old.families() + new_count;
  const auto forms = old.forms() + (is_new ? 1 : 0);
  const bool fits = address != 0 && StemRecord::words_for(families, forms) == old.words();
  const auto place = fits ? address : stem_records_.allocate(StemRecord::words_for(families, forms));
  const StemRecord record(stem_records_.at(place));
  if (!fits) {
    record.begin(hash, families, forms);
    for (std::uint32_t i = 0; i < old.families(); ++i) {
      record.family(i) = old.family(i);
      record.bits(i) = old.bits(i);
    }
    for (std::uint32_t i = 0; i < old.forms(); ++i) record.form(i) = old.form(i);
  }
  for (std::uint32_t i = 0; i < new_count; ++i) {
    record.family(families - new_count + i) = new_families[i].first;
    record.bits(families - new_count + i) = new_families[i].second;
  }
  if (is_new) record.form(forms - 1) = flagged;
  record.count(families, forms);
  if (fits) return;
  if (address == 0) {
    slots.insert(hash, place);
    return;
  }
  slots.replace(hash, address, place);
  retire_record(address);
}

// The family that a new term of the form joins: that of its stem in the first language, if there is room.
Family Dictionary::family_for(FormId form) {
  if (!first_language_) return next_family();
  const auto hash = stem_hash(form);
  const auto address =
      stem_slots(*first_language_).find(hash, [&](std::uint32_t number) { return hash_of(number) == hash; });
  if (address == 0) return next_family();
  const StemRecord record(stem_records_.at(address));
  if (record.families() == 0) return next_family();
  const auto newest = record.family(record.families() - 1);
  return members_[newest] < 1U << member_bits ? newest : next_family();
}

void Dictionary::retire_record(Arena::Address address) {
  const auto words = StemRecord(stem_records_.at(address)).words();
  retire_(std::shared_ptr<void>(static_cast<void*>(this),
                                [this, address, words](void*) { stem_records_.release(address, words); }));
}

void Dictionary::prepare(Language language) {
  auto& slots = stems_.at(language.number);
  if (slots) return;
  slots = std::make_unique<HashSlots>(retire_);
  for (FormId form = 1; form < forms_.size(); ++form) put_stem(language, form, true);
  if (!first_language_) first_language_ = language;
  languages_[language.number].store(slots.get(), std::memory_order_release);
}

std::uint64_t Dictionary::stem_hash(FormId form) const {
  return hash_term(stem(first_language_.value_or(Language{}), surface(form)));
}

RateKey Dictionary::rate_key_of_stem(FormId form) const {
  const auto term = own_term_of(form, WordTerm::stem);
  return term != 0 ? rate_key(term) : stem_rate_key(stem_hash(form), false);
}

TermId Dictionary::intern_word(FormId form, WordTerm kind) {
  // The exact terms belong to the spelling, whose first form keeps them.
  const bool exact = kind == WordTerm::exact || kind == WordTerm::exact_in_title;
  const auto keeper = exact ? find_exact(forms_[form].exact_hash) : form;
  auto& term = forms_[keeper].terms[static_cast<std::size_t>(kind)];
  if (const auto known = term.load(std::memory_order_relaxed); known != 0) return known;
  const bool in_title = kind == WordTerm::stem_in_title || kind == WordTerm::exact_in_title;
  const auto made = new_term(family_for(keeper), exact ? exact_rate_key(forms_[form].exact_hash, in_title)
                                                       : stem_rate_key(stem_hash(form), in_title));
  term.store(made, std::memory_order_release);
  if (exact)
    make_special(keeper);
  else
    put_stems(form, false);
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

TermId Dictionary::intern_pair(FormId first, FormId second) {
  if (const auto known = find_pair(first, second); known != 0) return known;
  const auto key = pair_rate_key(stem_hash(first), stem_hash(second));
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
  family_count_.store(next_family(), std::memory_order_release);
  term_count_.store(made_terms_.size(), std::memory_order_release);
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
               rate_keys_.bytes() + made_terms_.bytes() + members_.size() + surfaces_.bytes() +
               stem_records_.bytes() + special_slots_.bytes() + respelt_slots_.bytes();
  for (const auto& slots : stems_)
    if (slots) total += slots->bytes();
  return total;
}

}  // namespace crier
