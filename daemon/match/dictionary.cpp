#include "match/dictionary.hpp"

#include <algorithm>
#include <utility>

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

// The bit of a word's term in the records of its stem.
std::uint32_t record_bits(TermId term, WordTerm kind) {
  return std::uint32_t{present_bit(term)} << (is_in_title(kind) ? 16 : 0);
}

std::uint64_t value_hash(ValueField field, std::string_view folded) {
  return mix(Space::value, hash_term(folded), static_cast<std::uint64_t>(field));
}

}  // namespace

WordTerm word_term_of(Scope scope, bool exact) {
  if (exact) return scope == Scope::title ? WordTerm::exact_in_title : WordTerm::exact;
  return scope == Scope::title ? WordTerm::stem_in_title : WordTerm::stem;
}

Dictionary::Dictionary(const HashSlots::Retire& retire, Language language)
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
  prepare(language);
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
  for (const auto& stem : stems_of(form)) put_form(stem, form);
  if (first == 0) {
    exact_slots_.insert(hash, form);
  } else {
    auto& next = forms_[first].next_same_exact;
    forms_[form].next_same_exact.store(next.load(std::memory_order_relaxed) & form_mask,
                                       std::memory_order_relaxed);
    next.store((next.load(std::memory_order_relaxed) & ~form_mask) | form, std::memory_order_release);
    respelt_slots_.insert(hash_term(word.surface), form);
  }
  if (!is_plain(form)) make_special(form);
  return form;
}

void Dictionary::make_special(FormId form) {
  const auto hash = forms_[form].exact_hash;
  if (find_special_exact(hash) != 0) return;
  special_slots_.insert(hash, find_exact(hash));
  has_special_.store(true, std::memory_order_release);
}

void Dictionary::set_flag(FormId form, std::uint32_t flag) {
  auto& flags = forms_[form].next_same_exact;
  const auto before = flags.load(std::memory_order_relaxed);
  if ((before & flag) == flag) return;
  flags.store(before | flag, std::memory_order_release);
  for (const auto& stem : stems_of(form)) put_flags(stem, form);
}

std::string_view Dictionary::surface(FormId form) const {
  const auto* bytes = reinterpret_cast<const char*>(surfaces_.at(forms_[form].surface));
  return {bytes + 1, static_cast<unsigned char>(bytes[0])};
}

// Whether the form is spelt as it is compared by its exact form: without accents.
bool Dictionary::is_plain(FormId form) const {
  return hash_term(surface(form)) == forms_[form].exact_hash;
}

// Whether the term stands in the records of the form's stem. An exact one does not when it is kept with a
// spelling with accents.
bool Dictionary::stem_leads_to(FormId form, WordTerm kind) const {
  return !is_exact(kind) || is_plain(form);
}

// Of a form in each language that is prepared, the first one first.
std::vector<Dictionary::Stem> Dictionary::stems_of(FormId form) const {
  std::vector<Stem> stems;
  stems.reserve(prepared_.size());
  for (const auto language : prepared_)
    stems.push_back({stems_[language.number].get(), stem_hash(language, form)});
  return stems;
}

// Lets `fill(record, before)` write what comes behind the first `before` of a stem's record: in place, or in
// a larger record, which takes its place then.
template <class Fill>
void Dictionary::extend(const Stem& stem, const StemRecord::Counts& more, const Fill& fill) {
  const auto address = find_stem(*stem.slots, stem.hash);
  std::array<std::uint32_t, StemRecord::header_words> none{};
  const StemRecord old(address == 0 ? none.data() : stem_records_.at(address));
  const auto before = old.counts();
  const StemRecord::Counts counts{before.families + more.families, before.exacts + more.exacts,
                                  before.forms + more.forms};
  const bool fits = address != 0 && counts.words() == before.words();
  const auto place = fits ? address : stem_records_.allocate(counts.words());
  const StemRecord record(stem_records_.at(place));
  if (!fits) {
    record.begin(stem.hash);
    record.count(counts);
    for (std::uint32_t i = 0; i < before.families; ++i) {
      record.family(i) = old.family(i);
      record.bits(i) = old.bits(i);
    }
    for (std::uint32_t i = 0; i < before.forms; ++i) record.form(i) = old.form(i);
    for (std::uint32_t i = 0; i < before.exacts; ++i) {
      record.put_exact_hash(i, old.exact_hash(i));
      record.exact_family(i) = old.exact_family(i);
      record.exact_bits(i) = old.exact_bits(i);
    }
  }
  fill(record, before);
  if (fits) {
    record.count(counts);
  } else if (address == 0) {
    stem.slots->insert(stem.hash, place);
  } else {
    stem.slots->replace(stem.hash, address, place);
    retire_record(address);
  }
}

void Dictionary::put_form(const Stem& stem, FormId form) {
  const auto flagged = with_flags(form);
  extend(stem, {.forms = 1}, [&](const StemRecord& record, const StemRecord::Counts& before) {
    record.form(before.forms) = flagged;
  });
}

void Dictionary::put_flags(const Stem& stem, FormId form) {
  const StemRecord record(stem_records_.at(find_stem(*stem.slots, stem.hash)));
  std::uint32_t low = 0;
  for (auto high = record.forms(); low + 1 < high;) {
    const auto middle = (low + high) / 2;
    ((record.form(middle) & form_mask) <= form ? low : high) = middle;
  }
  put(record.form(low), with_flags(form));
}

// Sets the bit of a form's term.
void Dictionary::put_term(const Stem& stem, FormId form, WordTerm kind) {
  // Of many families, that of a new term is nearly always one of the last. Otherwise it is there twice.
  constexpr std::uint32_t most_tried = 8;
  const auto term = own_term_of(form, kind);
  const auto family = family_of(term);
  const auto bits = record_bits(term, kind);
  const StemRecord known(stem_records_.at(find_stem(*stem.slots, stem.hash)));
  const auto last_of = [most_tried](std::uint32_t count) { return count - std::min(count, most_tried); };
  if (!is_exact(kind)) {
    const auto count = known.families();
    for (auto i = last_of(count); i < count; ++i)
      if (known.family(i) == family) return put(known.bits(i), known.bits(i) | bits);
    extend(stem, {.families = 1}, [&](const StemRecord& record, const StemRecord::Counts& before) {
      record.family(before.families) = family;
      record.bits(before.families) = bits;
    });
    return;
  }
  const auto hash = forms_[form].exact_hash;
  const auto count = known.exacts();
  for (auto i = last_of(count); i < count; ++i)
    if (known.exact_hash(i) == hash && known.exact_family(i) == family)
      return put(known.exact_bits(i), known.exact_bits(i) | bits);
  extend(stem, {.exacts = 1}, [&](const StemRecord& record, const StemRecord::Counts& before) {
    record.put_exact_hash(before.exacts, hash);
    record.exact_family(before.exacts) = family;
    record.exact_bits(before.exacts) = bits;
  });
}

// The family that a new term of a word joins: that of its stem, if there is room.
Family Dictionary::family_for(const Stem& stem) const {
  const StemRecord record(stem_records_.at(find_stem(*stem.slots, stem.hash)));
  Family newest = 0;
  if (record.families() > 0) newest = record.family(record.families() - 1);
  if (record.exacts() > 0) newest = std::max(newest, record.exact_family(record.exacts() - 1));
  return newest != 0 && members_[newest] < 1U << member_bits ? newest : next_family();
}

void Dictionary::retire_record(Arena::Address address) {
  const auto words = StemRecord(stem_records_.at(address)).counts().words();
  retire_(std::shared_ptr<void>(static_cast<void*>(this),
                                [this, address, words](void*) { stem_records_.release(address, words); }));
}

// Each record is written once: the forms in the order of their stems, all of one stem together.
void Dictionary::prepare(Language language) {
  if (stems_.at(language.number)) return;
  std::vector<std::pair<std::uint64_t, FormId>> stemmed;
  stemmed.reserve(forms_.size());
  for (FormId form = 1; form < forms_.size(); ++form) stemmed.emplace_back(stem_hash(language, form), form);
  std::ranges::sort(stemmed);
  std::size_t stems = 0;
  for (std::size_t i = 0; i < stemmed.size(); ++i)
    stems += i == 0 || stemmed[i].first != stemmed[i - 1].first ? 1 : 0;
  auto slots = std::make_unique<HashSlots>(retire_, stems);
  std::vector<FormId> forms;
  for (auto next = stemmed.begin(); next != stemmed.end();) {
    const auto stem = next->first;
    forms.clear();
    for (; next != stemmed.end() && next->first == stem; ++next) forms.push_back(next->second);
    slots->insert(stem, write_record(stem, forms));
  }
  prepared_.push_back(language);
  stems_[language.number] = std::move(slots);
  languages_[language.number].store(stems_[language.number].get(), std::memory_order_release);
}

// The record of a stem that these forms have, which ascend.
Arena::Address Dictionary::write_record(std::uint64_t stem, const std::vector<FormId>& forms) {
  struct Kept {
    Family family;
    std::uint64_t hash;  // of an exact form
    std::uint32_t bits;
  };
  // The family that was made last comes last, as when terms are put one by one.
  const auto merge = [](std::vector<Kept>& all) {
    std::ranges::sort(all, {}, [](const Kept& each) { return std::pair(each.family, each.hash); });
    std::size_t size = 0;
    for (const auto& each : all)
      if (size > 0 && all[size - 1].family == each.family && all[size - 1].hash == each.hash)
        all[size - 1].bits |= each.bits;
      else
        all[size++] = each;
    all.resize(size);
  };
  std::vector<Kept> families;
  std::vector<Kept> exacts;
  for (const auto form : forms)
    for (const auto kind :
         {WordTerm::stem, WordTerm::stem_in_title, WordTerm::exact, WordTerm::exact_in_title}) {
      const auto term = own_term_of(form, kind);
      if (term == 0 || !stem_leads_to(form, kind)) continue;
      if (is_exact(kind))
        exacts.push_back({family_of(term), forms_[form].exact_hash, record_bits(term, kind)});
      else
        families.push_back({family_of(term), 0, record_bits(term, kind)});
    }
  merge(families);
  merge(exacts);
  const auto count = [](const auto& each) { return static_cast<std::uint32_t>(each.size()); };
  const StemRecord::Counts counts{count(families), count(exacts), count(forms)};
  const auto place = stem_records_.allocate(counts.words());
  const StemRecord record(stem_records_.at(place));
  record.begin(stem);
  record.count(counts);
  for (std::uint32_t i = 0; i < counts.families; ++i) {
    record.family(i) = families[i].family;
    record.bits(i) = families[i].bits;
  }
  for (std::uint32_t i = 0; i < counts.forms; ++i) record.form(i) = with_flags(forms[i]);
  for (std::uint32_t i = 0; i < counts.exacts; ++i) {
    record.put_exact_hash(i, exacts[i].hash);
    record.exact_family(i) = exacts[i].family;
    record.exact_bits(i) = exacts[i].bits;
  }
  return place;
}

std::uint64_t Dictionary::stem_hash(Language language, FormId form) const {
  return hash_term(stem(language, surface(form)));
}

RateKey Dictionary::rate_key_of_stem(FormId form) const {
  const auto term = own_term_of(form, WordTerm::stem);
  return term != 0 ? rate_key(term) : stem_rate_key(stem_hash(prepared_.front(), form), false);
}

TermId Dictionary::intern_word(FormId form, WordTerm kind) {
  // The exact terms belong to the spelling, whose first form keeps them.
  const auto keeper = is_exact(kind) ? find_exact(forms_[form].exact_hash) : form;
  auto& term = forms_[keeper].terms[static_cast<std::size_t>(kind)];
  if (const auto known = term.load(std::memory_order_relaxed); known != 0) return known;
  const auto stems = stems_of(keeper);
  const auto key = is_exact(kind) ? exact_rate_key(forms_[form].exact_hash, is_in_title(kind))
                                  : stem_rate_key(stems.front().hash, is_in_title(kind));
  const auto made = new_term(family_for(stems.front()), key);
  term.store(made, std::memory_order_release);
  if (stem_leads_to(keeper, kind))
    for (const auto& stem : stems) put_term(stem, keeper, kind);
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
  const auto language = prepared_.front();
  const auto key = pair_rate_key(stem_hash(language, first), stem_hash(language, second));
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
  const auto keeper = is_exact(kind) ? find_exact(forms_[form].exact_hash) : form;
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
