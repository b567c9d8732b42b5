#include "text/analyzer.hpp"

#include <algorithm>
#include <numeric>

#include "story/story.hpp"
#include "text/fold.hpp"
#include "text/language.hpp"
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
  for (Token token; tokenizer.next(token);) {
    auto exact = fold_accents(token.surface);
    words.push_back({std::move(token.surface), std::move(exact)});
  }
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

void AnalyzedStory::Postings::fill(std::span<const Terms::Id> term_of_token,
                                   std::span<const Position> position_of_token) {
  // A counting sort: each term's count becomes where its positions begin, and is then moved along.
  starts.assign(terms.size() + 1, 0);
  for (const auto id : term_of_token) ++starts[id + 1];
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  positions.resize(term_of_token.size());
  auto next = starts;
  for (std::size_t token = 0; token < term_of_token.size(); ++token)
    positions[next[term_of_token[token]]++] = position_of_token[token];
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

// The tables that only the analysis needs.
struct AnalyzedStory::Builder {
  struct Form {
    Terms::Id exact;
    Terms::Id stem;
  };

  AnalyzedStory& story;
  Terms surfaces{};
  std::vector<Form> forms{};  // of each surface: folded and stemmed once, however often it occurs
  std::vector<Terms::Id> exact_of_token{};
  std::vector<Terms::Id> stem_of_token{};
  std::vector<Position> position_of_token{};

  void add_text(TextField name, const std::string& text) {
    const auto index = static_cast<std::size_t>(name);
    auto& field = story.fields_[index];
    field.text = text;
    field.first_token = static_cast<std::uint32_t>(story.tokens_.size());
    Tokenizer tokenizer(field.text);
    for (Token token; tokenizer.next(token);) {
      const auto surface = surfaces.intern(token.surface);
      if (surface == forms.size()) add_form(token.surface);
      exact_of_token.push_back(forms[surface].exact);
      stem_of_token.push_back(forms[surface].stem);
      position_of_token.push_back(static_cast<Position>(story.tokens_.size() + index * field_gap));
      story.tokens_.push_back({token.begin, token.end});
    }
    field.word_count = static_cast<std::uint32_t>(story.tokens_.size()) - field.first_token;
  }

  void add_form(std::string_view surface) {
    const auto exact = fold_accents(surface);
    const Form form{story.exact_.terms.intern(exact),
                    story.stems_.terms.intern(stem(story.language_, surface))};
    if (exact != surface) story.accented_words_.push_back(form.exact);
    forms.push_back(form);
  }

  void add_value(ValueField field, const std::string& text) {
    if (auto folded = fold_value(text); !folded.empty())
      story.values_[static_cast<std::size_t>(field)].push_back({text, std::move(folded)});
  }

  void finish() {
    story.exact_.fill(exact_of_token, position_of_token);
    story.stems_.fill(stem_of_token, position_of_token);
  }
};

AnalyzedStory analyze(const Story& story, std::string_view site_language) {
  AnalyzedStory out;
  const auto language = language_of(story, site_language);
  out.language_ = stemming_language(language);
  out.urgency_ = story.urgency.value_or(5);
  out.published_ = story.published;
  AnalyzedStory::Builder builder{out};
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
