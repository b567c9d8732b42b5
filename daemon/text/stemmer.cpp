#include "text/stemmer.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

#include <libstemmer.h>

#include "text/fold.hpp"
#include "text/terms.hpp"

namespace crier {
namespace {

struct Algorithm {
  std::string_view subtag;  // ISO 639-1, or -2 where there is no shorter one
  const char* name;
};

// A Language is a place in this table, from 1.
constexpr std::array<Algorithm, 30> algorithms{{
    {"en", "english"},   {"ar", "arabic"},     {"hy", "armenian"},  {"eu", "basque"},     {"ca", "catalan"},
    {"da", "danish"},    {"nl", "dutch"},      {"fi", "finnish"},   {"fr", "french"},     {"de", "german"},
    {"el", "greek"},     {"hi", "hindi"},      {"hu", "hungarian"}, {"id", "indonesian"}, {"ga", "irish"},
    {"it", "italian"},   {"lt", "lithuanian"}, {"ne", "nepali"},    {"no", "norwegian"},  {"nb", "norwegian"},
    {"nn", "norwegian"}, {"pt", "portuguese"}, {"ro", "romanian"},  {"ru", "russian"},    {"sr", "serbian"},
    {"es", "spanish"},   {"sv", "swedish"},    {"ta", "tamil"},     {"tr", "turkish"},    {"yi", "yiddish"},
}};

struct StemmerDeleter {
  void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};

bool has_suffixes(std::string_view surface) {
  return std::ranges::none_of(surface, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x80 && (byte < 'a' || byte > 'z');
  });
}

}  // namespace

Language stemming_language(std::string_view tag) {
  const auto subtag = fold_case(tag.substr(0, std::min<std::size_t>(tag.find_first_of("-_"), 8)));
  if (subtag.empty() || subtag == "und") return {1};
  const auto* found = std::ranges::find(algorithms, subtag, &Algorithm::subtag);
  return {found == algorithms.end() ? std::uint8_t{0}
                                    : static_cast<std::uint8_t>(found - algorithms.begin() + 1)};
}

// The words that the thread has met, and Snowball's algorithms, which may not be shared between threads.
class Stemmer::Memory {
 public:
  Memory() : entries_(least_entries) {}

  Forms forms(Language language, std::string_view surface, std::uint64_t hash) {
    auto& entry = entries_[place_of(language, hash)];
    if (entry.is(language, surface)) return entry.forms();
    if (is_ascii(surface) && (language.number == 0 || !has_suffixes(surface)))
      return {surface, surface, hash};  // not worth a place
    exact_ = fold_accents(surface);
    stem_ =
        has_suffixes(surface) && language.number != 0 ? fold_accents(snowball(language, surface)) : exact_;
    const Forms forms{exact_, stem_, hash_term(stem_)};
    if (++remembered_ > entries_.size() && entries_.size() < most_entries)
      grow();
    else
      entry.remember(language, surface, forms);
    return forms;
  }

  void prefetch(Language language, std::uint64_t hash) const {
    __builtin_prefetch(&entries_[place_of(language, hash)]);
  }

 private:
  static constexpr std::size_t least_entries = 1 << 10;
  static constexpr std::size_t most_entries = 1 << 16;  // 4 MB

  // One cache line. The exact form and the stem are parts of `bytes`, of the surface itself where they can
  // be.
  struct alignas(64) Entry {
    struct Part {
      std::uint8_t begin = 0;
      std::uint8_t size = 0;
    };

    std::uint64_t stem_hash = 0;
    std::uint8_t language = 0;
    std::uint8_t size = 0;  // of the surface, with which the bytes begin; 0: nothing is remembered
    Part exact;
    Part stem;
    std::array<char, 50> bytes{};

    std::string_view at(Part part) const { return {bytes.data() + part.begin, part.size}; }
    bool is(Language of, std::string_view surface) const {
      return language == of.number && at({0, size}) == surface;
    }
    Forms forms() const { return {at(exact), at(stem), stem_hash}; }

    // Words too long for a line are not remembered.
    void remember(Language of, std::string_view surface, const Forms& forms) {
      std::string text(surface);
      const auto add = [&text](std::string_view form) {
        const auto begin = std::min(text.find(form), text.size());
        if (begin == text.size()) text += form;
        return Part{static_cast<std::uint8_t>(begin), static_cast<std::uint8_t>(form.size())};
      };
      const auto exact_part = add(forms.exact);
      const auto stem_part = add(forms.stem);
      if (text.size() > bytes.size()) return;
      *this = {forms.stem_hash, of.number, static_cast<std::uint8_t>(surface.size()), exact_part, stem_part};
      std::ranges::copy(text, bytes.begin());
    }
  };

  std::size_t place_of(Language language, std::uint64_t hash) const {
    return (hash + language.number * std::uint64_t{0x9E3779B97F4A7C15}) >> 20 & (entries_.size() - 1);
  }

  // Forgets what it knows: words that matter are soon met again.
  void grow() {
    entries_.assign(entries_.size() * 4, {});
    remembered_ = 0;
  }

  std::string_view snowball(Language language, std::string_view surface) {
    auto& stemmer = stemmers_.at(language.number - 1U);
    const auto* name = algorithms[language.number - 1U].name;
    if (!stemmer) stemmer.reset(sb_stemmer_new(name, "UTF_8"));
    if (!stemmer) throw std::runtime_error("libstemmer has no stemmer for " + std::string(name));
    const auto* symbols = sb_stemmer_stem(stemmer.get(), reinterpret_cast<const sb_symbol*>(surface.data()),
                                          static_cast<int>(surface.size()));
    if (symbols == nullptr) throw std::bad_alloc();
    return {reinterpret_cast<const char*>(symbols),
            static_cast<std::size_t>(sb_stemmer_length(stemmer.get()))};
  }

  std::vector<Entry> entries_;  // a power of two; words of the same place push each other out
  std::size_t remembered_ = 0;
  std::array<std::unique_ptr<sb_stemmer, StemmerDeleter>, algorithms.size()> stemmers_;
  std::string exact_;  // of the last word that was not remembered
  std::string stem_;
};

Stemmer::Memory& Stemmer::memory_of_this_thread() {
  thread_local Memory memory;
  return memory;
}

Stemmer::Stemmer(Language language) : language_(language), memory_(memory_of_this_thread()) {}

Stemmer::Forms Stemmer::forms(std::string_view surface, std::uint64_t hash) {
  return memory_.forms(language_, surface, hash);
}

void Stemmer::prefetch(std::uint64_t hash) const {
  memory_.prefetch(language_, hash);
}

std::string stem(Language language, std::string_view surface) {
  return std::string(Stemmer(language).forms(surface, hash_term(surface)).stem);
}

}  // namespace crier
