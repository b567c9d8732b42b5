#include "text/analyzer.hpp"

#include <algorithm>
#include <numeric>

#include "story/language.hpp"
#include "story/story.hpp"
#include "text/fold.hpp"
#include "text/tokenizer.hpp"

namespace crier {

std::string_view to_string(TextField field) {
  constexpr std::array<std::string_view, 3> names{"title", "summary", "body"};
  return names[static_cast<std::size_t>(field)];
}

std::string_view to_string(ValueField field) {
  constexpr std::array<std::string_view, 7> names{"topic",  "region", "section", "author",
                                                  "source", "site",   "lang"};
  return names[static_cast<std::size_t>(field)];
}

std::vector<Word> analyze_words(std::string_view text) {
  std::vector<Word> words;
  Tokenizer tokenizer(text);
  for (Token token; tokenizer.next(token);)
    words.push_back({std::string(token.surface), fold_accents(token.surface)});
  return words;
}

std::string fold_value(std::string_view text) {
  std::string out;
  Tokenizer tokenizer(text);
  for (Token token; tokenizer.next(token);) {
    if (!out.empty()) out += ' ';
    out += fold_accents(token.surface);
  }
  return out;
}

std::span<const Position> AnalyzedStory::Postings::find(std::string_view term) const {
  const auto id = terms.find(term);
  return id ? of(*id) : std::span<const Position>();
}

void AnalyzedStory::Postings::fill(std::span<const Terms::Id> form_of_token,
                                   std::span<const Terms::Id> term_of_form,
                                   std::span<const Position> position_of_token) {
  // A counting sort: each term's count becomes where its positions begin, and is then moved along.
  starts.assign(terms.size() + 2, 0);
  const auto next = std::span(starts).subspan(1);
  for (const auto form : form_of_token) ++next[term_of_form[form] + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  positions.resize(form_of_token.size());
  for (std::size_t token = 0; token < form_of_token.size(); ++token)
    positions[next[term_of_form[form_of_token[token]]]++] = position_of_token[token];
  starts.pop_back();
}

std::vector<Position> AnalyzedStory::with_prefix(std::string_view prefix) const {
  std::vector<Position> out;
  for (Terms::Id id = 0; id < exact_.terms.size(); ++id) {
    if (!exact_.terms[id].starts_with(prefix)) continue;
    const auto positions = exact_.of(id);
    out.insert(out.end(), positions.begin(), positions.end());
  }
  std::ranges::sort(out);
  return out;
}

WordPlace AnalyzedStory::place_of(Position position) const {
  std::size_t field = 0;
  for (std::size_t later = 1; later < fields_.size(); ++later)
    if (position >= fields_[later].first_token + later * field_gap) field = later;
  const auto token = static_cast<std::uint32_t>(position - field * field_gap);
  return {static_cast<TextField>(field), token - fields_[field].first_token + 1, tokens_[token].begin,
          tokens_[token].end};
}

// The tables that only the analysis needs. A form is a distinct surface: it is folded and stemmed once,
// however often it occurs.
struct AnalyzedStory::Builder {
  AnalyzedStory& story;
  Stemmer stemmer{story.language_};
  Terms accented{};  // surfaces that are not their own exact forms for certain
  std::vector<Terms::Id> form_of_accented{};
  std::vector<Terms::Id> form_of_plain{};  // by exact form, for the surface that is spelt like it
  std::vector<Terms::Id> exact_of_form{};
  std::vector<Terms::Id> stem_of_form{};
  std::vector<Terms::Id> accented_of_form{};  // none for plain ones
  std::vector<Terms::Id> form_of_token{};
  std::vector<Position> position_of_token{};

  static constexpr auto none = Terms::none;

  void reserve(std::size_t bytes) {
    // What English has; others allocate once or twice more. A long text repeats its words.
    const auto tokens = bytes / 6 + 1;
    const auto forms = std::min<std::size_t>(bytes / 10 + 1, 1024);
    story.tokens_.reserve(tokens);
    form_of_token.reserve(tokens);
    position_of_token.reserve(tokens);
    story.exact_.terms.reserve(forms);
    for (auto* each : {&form_of_plain, &exact_of_form, &stem_of_form, &accented_of_form})
      each->reserve(forms);
  }

  void add_text(TextField name, const std::string& text) {
    const auto index = static_cast<std::size_t>(name);
    auto& field = story.fields_[index];
    field.text = text;
    field.first_token = static_cast<std::uint32_t>(story.tokens_.size());
    Tokenizer tokenizer(field.text);
    for (Token token; tokenizer.next(token);) {
      const auto hash = hash_term(token.surface);
      const bool is_plain = token.is_plain || is_ascii(token.surface);
      form_of_token.push_back(is_plain ? plain_form(token.surface, hash)
                                       : accented_form(token.surface, hash));
      position_of_token.push_back(static_cast<Position>(story.tokens_.size() + index * field_gap));
      story.tokens_.push_back({token.begin, token.end});
    }
    field.word_count = static_cast<std::uint32_t>(story.tokens_.size()) - field.first_token;
  }

  Terms::Id plain_form(std::string_view surface, std::uint64_t hash) {
    const auto exact = story.exact_.terms.intern(surface, hash);
    while (exact >= form_of_plain.size()) form_of_plain.push_back(none);
    if (form_of_plain[exact] == none) form_of_plain[exact] = add_form(exact, none);
    return form_of_plain[exact];
  }

  Terms::Id accented_form(std::string_view surface, std::uint64_t hash) {
    const auto id = accented.intern(surface, hash);
    if (id < form_of_accented.size()) return form_of_accented[id];
    const auto exact = stemmer.forms(surface, hash).exact;
    const auto exact_id = story.exact_.terms.intern(exact);
    if (exact != surface) story.accented_words_.push_back(exact_id);
    form_of_accented.push_back(add_form(exact_id, id));
    return form_of_accented.back();
  }

  Terms::Id add_form(Terms::Id exact, Terms::Id accented_id) {
    exact_of_form.push_back(exact);
    accented_of_form.push_back(accented_id);
    return static_cast<Terms::Id>(exact_of_form.size() - 1);
  }

  void finish() {
    add_stems();
    story.exact_.fill(form_of_token, exact_of_form, position_of_token);
    story.stems_.fill(form_of_token, stem_of_form, position_of_token);
    // The tokens' stems take the place of their forms.
    for (auto& token : form_of_token) token = stem_of_form[token];
    story.stem_of_token_ = std::move(form_of_token);
  }

  // In one go, so that the memory of the words to come is fetched meanwhile.
  void add_stems() {
    constexpr std::size_t ahead = 8;
    const auto count = exact_of_form.size();
    const auto& exact = story.exact_.terms;
    const auto hash_of = [&](std::size_t form) {
      const auto id = accented_of_form[form];
      return id == none ? exact.hash(exact_of_form[form]) : accented.hash(id);
    };
    story.stems_.terms.reserve(count);
    story.first_plain_word_.reserve(count);
    story.next_plain_word_.assign(exact.size(), none);
    for (std::size_t form = 0; form < std::min(ahead, count); ++form) stemmer.prefetch(hash_of(form));
    for (std::size_t form = 0; form < count; ++form) {
      if (form + ahead < count) stemmer.prefetch(hash_of(form + ahead));
      const auto id = accented_of_form[form];
      const auto surface = id == none ? exact[exact_of_form[form]] : accented[id];
      const auto forms = stemmer.forms(surface, hash_of(form));
      const auto stem = story.stems_.terms.intern(forms.stem, forms.stem_hash);
      stem_of_form.push_back(stem);
      if (stem == story.first_plain_word_.size()) story.first_plain_word_.push_back(none);
      const auto word = exact_of_form[form];
      if (id != none && exact[word] != accented[id]) continue;
      story.next_plain_word_[word] = story.first_plain_word_[stem];
      story.first_plain_word_[stem] = word;
    }
  }

  void add_value(ValueField field, const std::string& text) {
    if (auto folded = fold_value(text); !folded.empty())
      story.values_[static_cast<std::size_t>(field)].push_back({text, std::move(folded)});
  }
};

AnalyzedStory analyze(const Story& story, std::string_view site_language) {
  AnalyzedStory out;
  const auto language = language_of(story, site_language);
  out.language_ = stemming_language(language);
  out.urgency_ = story.urgency.value_or(5);
  out.published_ = story.published;
  AnalyzedStory::Builder builder{out};
  builder.reserve(story.title.size() + story.summary.size() + story.body_text.size());
  builder.add_text(TextField::title, story.title);
  builder.add_text(TextField::summary, story.summary);
  builder.add_text(TextField::body, story.body_text);
  builder.finish();

  for (const auto& topic : story.topics) builder.add_value(ValueField::topic, topic);
  for (const auto& region : story.regions) builder.add_value(ValueField::region, region);
  builder.add_value(ValueField::section, story.section);
  for (const auto& author : story.authors) builder.add_value(ValueField::author, author);
  builder.add_value(ValueField::source, story.source);
  builder.add_value(ValueField::site, story.site);
  // Basic filtering of RFC 4647, 3.3.1: a rule for "en" finds "en-GB".
  constexpr std::size_t longest_tag = 64;
  for (auto tag = language.substr(0, longest_tag); !tag.empty();) {
    builder.add_value(ValueField::lang, tag);
    const auto cut = tag.rfind('-');
    tag.resize(cut == std::string::npos ? 0 : cut);
  }
  return out;
}

}  // namespace crier
