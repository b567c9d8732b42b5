#include "net/link_header.hpp"

#include <algorithm>
#include <optional>

#include "base/encoding.hpp"

namespace crier {
namespace {

constexpr std::string_view blanks = " \t";

std::string_view without_blanks(std::string_view text) {
  const auto start = std::min(text.find_first_not_of(blanks), text.size());
  const auto end = text.find_last_not_of(blanks);
  return text.substr(start, end == std::string_view::npos ? 0 : end + 1 - start);
}

struct LinkParameter {
  std::string_view name;
  std::string_view value;  // without quotes; what is escaped in it stays so
};

// A quoted string at the front, without its quotes, or what goes on to the end.
std::string_view take_quoted(std::string_view& text) {
  std::size_t end = 1;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  end = std::min(end, text.size());
  const auto value = text.substr(1, end - 1);
  text.remove_prefix(std::min(end + 1, text.size()));
  return value;
}

// Takes one ";name=value" from the front; nullopt when there is none.
std::optional<LinkParameter> take_parameter(std::string_view& text) {
  text = without_blanks(text);
  if (!text.starts_with(';')) return std::nullopt;
  text = without_blanks(text.substr(1));
  const auto name_end = std::min(text.find_first_of("=;,"), text.size());
  LinkParameter out{without_blanks(text.substr(0, name_end)), {}};
  text.remove_prefix(name_end);
  if (!text.starts_with('=')) return out;
  text = without_blanks(text.substr(1));
  if (text.starts_with('"')) {
    out.value = take_quoted(text);
    return out;
  }
  const auto end = std::min(text.find_first_of(";,"), text.size());
  out.value = without_blanks(text.substr(0, end));
  text.remove_prefix(end);
  return out;
}

std::vector<std::string> relation_words(std::string_view text) {
  std::vector<std::string> out;
  for (text = without_blanks(text); !text.empty(); text = without_blanks(text)) {
    const auto end = std::min(text.find_first_of(blanks), text.size());
    out.push_back(to_lower_ascii(text.substr(0, end)));
    text.remove_prefix(end);
  }
  return out;
}

}  // namespace

bool HttpLink::has(std::string_view relation) const {
  return std::ranges::find(relations, relation) != relations.end();
}

std::vector<HttpLink> parse_links(std::string_view value) {
  constexpr std::size_t most = 100;
  std::vector<HttpLink> links;
  while (links.size() < most) {
    value = without_blanks(value);
    if (value.starts_with(',')) {
      value.remove_prefix(1);
      continue;
    }
    const auto end = value.find('>');
    if (!value.starts_with('<') || end == std::string_view::npos) break;
    auto& link = links.emplace_back();
    link.target = without_blanks(value.substr(1, end - 1));
    value.remove_prefix(end + 1);
    while (const auto parameter = take_parameter(value))
      if (link.relations.empty() && to_lower_ascii(parameter->name) == "rel")
        link.relations = relation_words(parameter->value);
  }
  return links;
}

}  // namespace crier
