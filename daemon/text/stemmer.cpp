#include "text/stemmer.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <unordered_map>

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

struct TermHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return hash_term(text); }
};

// One language's algorithm and the words it has seen; neither may be shared between threads.
class Memory {
 public:
  explicit Memory(const char* algorithm) : algorithm_(sb_stemmer_new(algorithm, "UTF_8")) {
    if (!algorithm_) throw std::runtime_error("libstemmer has no stemmer for " + std::string(algorithm));
  }

  const std::string& stem(std::string_view surface) {
    if (const auto known = stems_.find(surface); known != stems_.end()) return known->second;
    if (stems_.size() >= max_words) stems_.clear();
    const auto* symbols =
        sb_stemmer_stem(algorithm_.get(), reinterpret_cast<const sb_symbol*>(surface.data()),
                        static_cast<int>(surface.size()));
    if (symbols == nullptr) throw std::bad_alloc();
    const std::string_view stemmed(reinterpret_cast<const char*>(symbols),
                                   static_cast<std::size_t>(sb_stemmer_length(algorithm_.get())));
    return stems_.emplace(surface, fold_accents(stemmed)).first->second;
  }

 private:
  static constexpr std::size_t max_words = 1 << 16;  // about 6 MB

  std::unique_ptr<sb_stemmer, StemmerDeleter> algorithm_;
  std::unordered_map<std::string, std::string, TermHash, std::equal_to<>> stems_;
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

std::string stem(Language language, std::string_view surface) {
  if (language.number == 0 || !has_suffixes(surface)) return fold_accents(surface);
  thread_local std::array<std::unique_ptr<Memory>, algorithms.size()> memories;
  const auto index = language.number - 1U;
  auto& memory = memories.at(index);
  if (!memory) memory = std::make_unique<Memory>(algorithms[index].name);
  return memory->stem(surface);
}

}  // namespace crier
