#include "match/story_terms.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "text/stemmer.hpp"

namespace crier {
namespace {

// For all the families that a dictionary can hold: 16 MB of addresses, of which only touched pages are
// memory.
constexpr std::size_t most_families = std::size_t{1} << 23;

// Places for noted forms that most stories need no more than; what a large one took is given back.
constexpr std::size_t usual_noted = 4096;

constexpr std::size_t slot_of(FormId form, std::size_t size) {
  return (form * std::size_t{0x9E3779B1}) >> 7 & (size - 1);
}

}  // namespace

StoryTerms::StoryTerms()
    : truth_memory_(most_families * sizeof(FamilyTruth)),
      truth_(static_cast<FamilyTruth*>(truth_memory_.data())),
      noted_(usual_noted) {}

void StoryTerms::learn_of_new_terms() {
  for (const auto count = dictionary_->term_count(); known_terms_ < count; ++known_terms_) {
    const auto term = dictionary_->made_term(known_terms_);
    truth_[family_of(term)] |= static_cast<FamilyTruth>(present_bit(term) << 1);
  }
}

void StoryTerms::set(Family family, FamilyTruth present) {
  if (present == 0) return;
  auto& truth = truth_[family];
  if ((truth & all_present) == 0) families_.push_back({family, truth});
  truth = static_cast<FamilyTruth>((truth | present) & ~(present << 1));
}

void StoryTerms::set(const Dictionary::FamilyTerms& terms, bool in_title) {
  set(terms.family, in_title ? static_cast<FamilyTruth>(terms.anywhere | terms.in_title) : terms.anywhere);
}

void StoryTerms::clear() {
  for (const auto& each : families_) truth_[each.family] = each.before;
  families_.clear();
  if (noted_.size() > usual_noted)
    noted_ = std::vector<Noted>(usual_noted);
  else
    std::ranges::fill(noted_, Noted{});
  noted_count_ = 0;
  spelt_.clear();
  used_merged_ = 0;
}

void StoryTerms::fill(const Dictionary& dictionary, const AnalyzedStory& story) {
  if (!families_.empty()) clear();  // of a story whose matching failed
  dictionary_ = &dictionary;
  story_ = &story;
  learn_of_new_terms();
  known_forms_ = dictionary.form_count();
  set(always_term);
  set(Dictionary::urgency_term(std::clamp(story.urgency(), 1, 8)));
  find_words();
  find_pairs();
  if (dictionary.prefix_lengths() != 0) find_prefixes();
  find_values();
}

// Those of the first `count` hashes that are in the slots. Slots are fetched for all at once, and what they
// lead to by the time it is looked at.
template <class Hash, class Prefetch>
const std::vector<StoryTerms::LookedUp>& StoryTerms::those_in(const HashSlots& slots, std::size_t count,
                                                              const Hash& hash_of, const Prefetch& prefetch) {
  constexpr std::size_t ahead = 16;
  looked_up_.resize(count);
  std::size_t size = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (i + ahead < count) slots.prefetch(hash_of(i + ahead));
    const auto number = slots.peek(hash_of(i));
    prefetch(number);
    looked_up_[size] = {i, number};
    size += number != 0 ? 1 : 0;
  }
  looked_up_.resize(size);
  return looked_up_;
}

void StoryTerms::find_words() {
  const auto language = story_->language();
  const auto& stems = story_->stems();
  const auto& exact = story_->exact_words().terms;
  const auto stem_hash = [&](std::size_t id) { return stems.terms.hash(static_cast<Terms::Id>(id)); };
  const auto exact_hash = [&](std::size_t id) { return exact.hash(static_cast<Terms::Id>(id)); };
  const auto& stems_there = those_in(dictionary_->stem_slots(language), stems.terms.size(), stem_hash,
                                     [&](std::uint32_t number) { dictionary_->prefetch_stem(number); });
  stem_forms_.assign(stems.terms.size(), {});
  for (std::size_t i = 0; i < stems_there.size(); ++i) {
    constexpr std::size_t ahead = 8;
    if (i + ahead < stems_there.size())
      __builtin_prefetch(&truth_[dictionary_->first_family(stems_there[i + ahead].number)]);
    const auto id = stems_there[i].place;
    const auto stem = dictionary_->find_stem(language, stem_hash(id), stems_there[i].number);
    if (stem == 0) continue;
    auto& forms = stem_forms_[id];
    forms.stem = stem;
    const bool in_title = stems.of(id).front() < story_->title_end();
    dictionary_->for_each_with_stem(
        stem, [&](const Dictionary::FamilyTerms& family) { set(family, in_title); },
        [&](std::uint64_t hash, const Dictionary::FamilyTerms& family) {
          story_->for_each_plain_word(id, [&](Terms::Id word) {
            if (exact_hash(word) == hash)
              set(family, in_title && story_->exact_words().of(word).front() < story_->title_end());
          });
        },
        [&](const Dictionary::FoundForm& form) {
          note(form.form, id);
          forms.begin_pairs |= form.begins_pair;
          forms.end_pairs |= form.ends_pair;
        });
  }
  // A plainly spelt word is found by its stem, unless the rule's spelling is special; others in both ways.
  if (dictionary_->has_special_exact())
    for (const auto& known : those_in(dictionary_->special_slots(), exact.size(), exact_hash,
                                      [&](std::uint32_t number) { dictionary_->prefetch_form(number); }))
      find_spelling(known.place, dictionary_->find_special_exact(exact_hash(known.place)));
  for (const auto id : story_->accented_words()) find_spelling(id, dictionary_->find_exact(exact_hash(id)));
}

void StoryTerms::find_spelling(Terms::Id exact, FormId first) {
  if (first == 0) return;
  const bool in_title = story_->exact_words().of(exact).front() < story_->title_end();
  const auto set_own = [&](FormId form, WordTerm anywhere, WordTerm only_in_title) {
    if (const auto term = dictionary_->own_term_of(form, anywhere); term != 0) set(term);
    if (!in_title) return;
    if (const auto term = dictionary_->own_term_of(form, only_in_title); term != 0) set(term);
  };
  set_own(first, WordTerm::exact, WordTerm::exact_in_title);
  dictionary_->for_each_with_same_exact(first, [&](const Dictionary::FoundForm& form) {
    auto* noted = find(form.form);
    if (noted == nullptr || (noted->as & spelt_bit) == 0) {
      const auto as = static_cast<std::uint32_t>(spelt_.size()) | spelt_bit;
      spelt_.push_back({form, exact, noted == nullptr ? none : noted->as});
      noted == nullptr ? note(form.form, as) : static_cast<void>(noted->as = as);
    }
    set_own(form.form, WordTerm::stem, WordTerm::stem_in_title);
  });
}

void StoryTerms::find_pairs() {
  pairs_.clear();
  // A form with accents may also stand where no word has its stem.
  const auto is_spread = [this](Spelt& each) {
    return (each.form.begins_pair || each.form.ends_pair) &&
           (each.stem == none ||
            positions(each, WordTerm::stem).size() != story_->stems().of(each.stem).size());
  };
  if (std::ranges::any_of(spelt_, is_spread)) {
    find_spread_pairs();
  } else {
    for (const auto field : {TextField::title, TextField::summary, TextField::body}) {
      const auto stems = story_->stems_of(field);
      for (std::size_t i = 1; i < stems.size(); ++i)
        if (stem_forms_[stems[i - 1]].begin_pairs && stem_forms_[stems[i]].end_pairs)
          add_pairs_of(stems[i - 1], stems[i]);
    }
  }
  for (const auto& known : those_in(
           dictionary_->pair_slots(), pairs_.size(), [&](std::size_t pair) { return pairs_[pair]; },
           [&](std::uint32_t number) { dictionary_->prefetch_pair(number); }))
    if (const auto term = dictionary_->find_pair(pairs_[known.place], known.number); term != 0) set(term);
}

// The pairs of forms with two stems that stand side by side.
void StoryTerms::add_pairs_of(Terms::Id first, Terms::Id second) {
  dictionary_->for_each_form(stem_forms_[first].stem, [&](const Dictionary::FoundForm& begin) {
    if (!begin.begins_pair) return;
    dictionary_->for_each_form(stem_forms_[second].stem, [&](const Dictionary::FoundForm& end) {
      if (end.ends_pair) pairs_.push_back(Dictionary::pair_hash(begin.form, end.form));
    });
  });
}

template <class OnForm>
void StoryTerms::for_each_form(const OnForm& found_form) const {
  for (const auto& forms : stem_forms_)
    if (forms.stem != 0) dictionary_->for_each_form(forms.stem, found_form);
  for (const auto& each : spelt_)
    if (each.stem == none) found_form(each.form);
}

// The pairs of all forms, by the places of each.
void StoryTerms::find_spread_pairs() {
  endings_.clear();
  ending_at_.assign(story_->position_end(), 0);
  for_each_form([this](const Dictionary::FoundForm& end) {
    if (!end.ends_pair) return;
    for (const auto position : positions(end.form, WordTerm::stem)) {
      endings_.push_back({end.form, ending_at_[position]});
      ending_at_[position] = static_cast<std::uint32_t>(endings_.size());
    }
  });
  for_each_form([this](const Dictionary::FoundForm& begin) {
    if (!begin.begins_pair) return;
    for (const auto position : positions(begin.form, WordTerm::stem)) {
      if (position + 1 >= ending_at_.size()) continue;
      for (auto at = ending_at_[position + 1]; at != 0; at = endings_[at - 1].next)
        pairs_.push_back(Dictionary::pair_hash(begin.form, endings_[at - 1].form));
    }
  });
}

void StoryTerms::find_prefixes() {
  const auto lengths = dictionary_->prefix_lengths();
  const auto& exact = story_->exact_words();
  const auto look_up = [&](std::string_view prefix, bool in_title) {
    if (const auto term = dictionary_->find_prefix(prefix, Scope::story); term != 0) set(term);
    if (!in_title) return;
    if (const auto term = dictionary_->find_prefix(prefix, Scope::title); term != 0) set(term);
  };
  for (Terms::Id id = 0; id < exact.terms.size(); ++id) {
    const auto word = exact.terms[id];
    const bool in_title = exact.of(id).front() < story_->title_end();
    for (std::size_t length = 1; length <= word.size(); ++length)
      if ((lengths >> std::min<std::size_t>(length, 63) & 1) != 0) look_up(word.substr(0, length), in_title);
  }
}

void StoryTerms::find_values() {
  for (std::size_t field = 0; field < value_field_count; ++field)
    for (const auto& value : story_->values(static_cast<ValueField>(field)))
      if (const auto term = dictionary_->find_value(static_cast<ValueField>(field), value.folded); term != 0)
        set(term);
}

// Notes a form that is not noted yet.
void StoryTerms::note(FormId form, std::uint32_t as) {
  const auto put = [this](const Noted& noted) {
    auto slot = slot_of(noted.form, noted_.size());
    while (noted_[slot].form != 0) slot = (slot + 1) & (noted_.size() - 1);
    noted_[slot] = noted;
  };
  if (++noted_count_ * 2 > noted_.size()) {
    const auto former = std::exchange(noted_, std::vector<Noted>(noted_.size() * 4));
    for (const auto& each : former)
      if (each.form != 0) put(each);
  }
  put({form, as});
}

StoryTerms::Noted* StoryTerms::find(FormId form) {
  for (auto slot = slot_of(form, noted_.size()); noted_[slot].form != 0;
       slot = (slot + 1) & (noted_.size() - 1))
    if (noted_[slot].form == form) return &noted_[slot];
  return nullptr;
}

std::span<const Position> StoryTerms::positions(FormId form, WordTerm kind) {
  const auto* noted = find(form);
  if (noted == nullptr) return {};
  if ((noted->as & spelt_bit) != 0) return positions(spelt_[noted->as & ~spelt_bit], kind);
  if (!is_exact(kind)) return in_scope(story_->stems().of(noted->as), kind);
  // The word with the stem that is spelt so.
  std::span<const Position> exact;
  story_->for_each_plain_word(noted->as, [&](Terms::Id word) {
    if (story_->exact_words().terms.hash(word) == dictionary_->exact_hash(form))
      exact = story_->exact_words().of(word);
  });
  return in_scope(exact, kind);
}

std::span<const Position> StoryTerms::positions(Spelt& entry, WordTerm kind) {
  const auto exact = story_->exact_words().of(entry.exact);
  if (is_exact(kind) || entry.stem == none) return in_scope(exact, kind);
  const auto stems = story_->stems().of(entry.stem);
  if (entry.merged == 0 && std::ranges::includes(stems, exact)) return in_scope(stems, kind);
  if (entry.merged == 0) {
    // Spellings with and without accents may have different stems, but are the same word.
    if (used_merged_ == merged_.size()) merged_.emplace_back();
    auto& both = merged_[used_merged_++];
    both.clear();
    std::ranges::set_union(stems, exact, std::back_inserter(both));
    entry.merged = static_cast<std::uint32_t>(used_merged_);
  }
  return in_scope(merged_[entry.merged - 1], kind);
}

std::span<const Position> StoryTerms::in_scope(std::span<const Position> all, WordTerm kind) const {
  if (!is_in_title(kind)) return all;
  const auto end = std::ranges::lower_bound(all, story_->title_end());
  return all.first(static_cast<std::size_t>(end - all.begin()));
}

}  // namespace crier
