#include "story/media_topics.hpp"

#include <algorithm>
#include <array>

namespace crier {
namespace {

// 01000000 to 17000000, in short: a reader follows "politics", not "politics and government".
constexpr std::array<std::string_view, 17> top_terms{
    "arts",    "crime",          "disaster", "economy",   "education", "environment",
    "health",  "human interest", "labour",   "lifestyle", "politics",  "religion",
    "science", "society",        "sport",    "conflict",  "weather"};

}  // namespace

std::string media_topic_name(std::string_view code) {
  constexpr std::string_view alias = "medtop:", page = "/mediatopic/";
  if (const auto at = code.rfind(page); at != std::string_view::npos)
    code.remove_prefix(at + page.size());
  else if (code.starts_with(alias))
    code.remove_prefix(alias.size());
  const bool is_code =
      code.size() == 8 && std::ranges::all_of(code, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_code) return {};
  const auto top = static_cast<std::size_t>((code[0] - '0') * 10 + (code[1] - '0'));
  if (code.ends_with("000000") && top >= 1 && top <= top_terms.size()) return std::string(top_terms[top - 1]);
  return std::string(alias) + std::string(code);
}

}  // namespace crier
