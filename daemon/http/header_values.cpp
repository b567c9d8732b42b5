#include "http/header_values.hpp"

#include <algorithm>

namespace crier::http {
namespace {

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Takes what stands before the next `separator` outside quotes off the front of `text`.
std::string_view take_until(std::string_view& text, char separator) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if (quoted && text[end] == '\\')
      ++end;
    else if (text[end] == '"')
      quoted = !quoted;
    else if (text[end] == separator && !quoted)
      break;
  }
  end = std::min(end, text.size());
  const auto taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trim(taken);
}

std::string unquote(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string out;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) ++i;
    out += text[i];
  }
  return out;
}

// "0.85" → 850; a weight that is none counts as 0, so that nonsense is not preferred.
int parse_quality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
  int quality = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return 0;
  int scale = 100;
  for (std::size_t i = 2; i < text.size(); ++i, scale /= 10) {
    if (text[i] < '0' || text[i] > '9') return 0;
    quality += (text[i] - '0') * scale;
  }
  return std::min(quality, 1000);
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::string media_type(std::string_view content_type) {
  const auto type = take_until(content_type, ';');
  const auto slash = type.find('/');
  if (slash == std::string_view::npos || !is_token(type.substr(0, slash)) ||
      !is_token(type.substr(slash + 1)))
    return {};
  std::string out(type);
  std::transform(out.begin(), out.end(), out.begin(), to_lower);
  return out;
}

std::optional<std::string> header_parameter(std::string_view value, std::string_view name) {
  take_until(value, ';');
  while (!value.empty()) {
    const auto parameter = take_until(value, ';');
    const auto equals = parameter.find('=');
    if (equals != std::string_view::npos && equal_ignoring_case(trim(parameter.substr(0, equals)), name))
      return unquote(trim(parameter.substr(equals + 1)));
  }
  return std::nullopt;
}

int accepted_quality(std::string_view accept, std::string_view type) {
  if (trim(accept).empty()) return 1000;
  const auto group = std::string(type.substr(0, type.find('/'))) + "/*";
  int quality = 0;
  int best_rank = 0;
  while (!accept.empty()) {
    const auto range = take_until(accept, ',');
    const auto wanted = media_type(range);
    const int rank = wanted == type ? 3 : wanted == group ? 2 : wanted == "*/*" ? 1 : 0;
    if (rank <= best_rank) continue;
    best_rank = rank;
    quality = parse_quality(header_parameter(range, "q").value_or("1"));
  }
  return quality;
}

bool prefers_html(std::string_view accept) {
  return accepted_quality(accept, "text/html") > accepted_quality(accept, "application/json");
}

std::optional<std::string_view> bearer_token(std::string_view authorization) {
  constexpr std::string_view scheme = "Bearer ";
  if (!equal_ignoring_case(authorization.substr(0, scheme.size()), scheme)) return std::nullopt;
  const auto token = trim(authorization.substr(scheme.size()));
  const bool plain = std::all_of(token.begin(), token.end(), [](char c) {
    return is_alphanumeric(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos;
  });
  if (token.empty() || !plain) return std::nullopt;
  return token;
}

}  // namespace crier::http
