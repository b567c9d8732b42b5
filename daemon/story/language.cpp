#include "story/language.hpp"

#include <algorithm>
#include <cstdio>  // compact_lang_det.h needs it and forgets it

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

#include "story/story.hpp"

namespace crier {
namespace {

// More does not make it more certain, and costs 50 µs for each 500 bytes.
constexpr std::size_t enough_bytes = 600;
// "Россия и Китай подписали договор" (62 bytes) is taken for Bulgarian.
constexpr int least_bytes = 80;
constexpr int least_percent = 85;

// The beginning of `text`, whole characters only.
std::string_view beginning(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

// CLD2 keeps a few tags that have been replaced since.
std::string current_tag(std::string_view code) {
  if (code == "iw") return "he";
  if (code == "jw") return "jv";
  return std::string(code);
}

}  // namespace

std::string detect_language(std::string_view text) {
  text = beginning(text, enough_bytes);
  const CLD2::CLDHints no_hints{nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
  CLD2::Language languages[3];
  int percents[3];
  double scores[3];
  int letters = 0;  // bytes of them, without white space and punctuation
  int valid = 0;
  bool reliable = false;
  const auto found = CLD2::ExtDetectLanguageSummaryCheckUTF8(text.data(), static_cast<int>(text.size()), true,
                                                             &no_hints, 0, languages, percents, scores,
                                                             nullptr, &letters, &reliable, &valid);
  if (!reliable || letters < least_bytes || percents[0] < least_percent || found == CLD2::UNKNOWN_LANGUAGE)
    return {};
  return current_tag(CLD2::LanguageCode(found));
}

std::string language_of(const Story& story, std::string_view site_language) {
  if (!story.language.empty() && story.language != "und") return story.language;
  std::string text;
  for (const auto* part : {&story.title, &story.summary, &story.body_text}) {
    text += beginning(*part, enough_bytes - std::min(text.size(), enough_bytes));
    text += '\n';
  }
  auto detected = detect_language(text);
  return detected.empty() ? std::string(site_language) : detected;
}

}  // namespace crier
