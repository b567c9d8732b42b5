#include "net/http_headers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <vector>

namespace crier {
namespace {

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// "Sun, 06 Nov 1994 08:49:37 GMT" → Sun 06 Nov 1994 08 49 37 GMT
std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty() && out.size() < 9) {
    const auto start = text.find_first_not_of(" ,:-");
    if (start == std::string_view::npos) break;
    text.remove_prefix(start);
    const auto end = std::min(text.find_first_of(" ,:-"), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

std::optional<Time> assemble(std::string_view year, std::string_view month, std::string_view day,
                             const std::string_view* clock) {
  const auto y = number(year);
  const auto named = std::ranges::find(months, month);
  const auto d = number(day);
  const auto hour = number(clock[0]);
  const auto minute = number(clock[1]);
  const auto second = number(clock[2]);
  if (!y || named == months.end() || !d || !hour || !minute || !second) return std::nullopt;
  // Two digits (RFC 850): RFC 9110 wants what is more than 50 years ahead read as past; a fixed pivot does it
  // for as long as anybody sends such dates.
  const int full_year = year.size() == 2 ? *y + (*y < 70 ? 2000 : 1900) : *y;
  const std::chrono::year_month_day date{
      std::chrono::year(full_year), std::chrono::month(static_cast<unsigned>(named - months.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(*d))};
  if (full_year < 1000 || full_year > 9999 || !date.ok() || *hour > 23 || *minute > 59 || *second > 60)
    return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// delta-seconds; more than an int holds counts as the greatest int (RFC 9111 §1.2.2).
std::optional<Duration> delta_seconds(std::string_view text) {
  const bool is_number =
      !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number) return std::nullopt;
  return std::chrono::seconds(number(text).value_or(std::numeric_limits<int>::max()));
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

struct CacheControl {
  bool is_uncacheable = false;
  std::optional<Duration> max_age;
};

CacheControl parse_cache_control(std::string_view text) {
  CacheControl out;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto directive = trim(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    const auto equals = std::min(directive.find('='), directive.size());
    const auto name = trim(directive.substr(0, equals));
    auto value = trim(directive.substr(std::min(equals + 1, directive.size())));
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"'))
      value = value.substr(1, value.size() - 2);
    if (equals_ignoring_case(name, "no-cache") || equals_ignoring_case(name, "no-store"))
      out.is_uncacheable = true;
    else if (equals_ignoring_case(name, "max-age"))
      out.max_age = delta_seconds(value);
  }
  return out;
}

struct LinkParameter {
  std::string_view name;
  std::string_view value;  // without quotes; what is escaped in it stays so
};

// Takes one ";name=value" from the front; nullopt when there is none.
std::optional<LinkParameter> take_parameter(std::string_view& text) {
  text = trim(text);
  if (!text.starts_with(';')) return std::nullopt;
  text = trim(text.substr(1));
  const auto name_end = std::min(text.find_first_of("=;,"), text.size());
  LinkParameter out{trim(text.substr(0, name_end)), {}};
  text.remove_prefix(name_end);
  if (!text.starts_with('=')) return out;
  text = trim(text.substr(1));
  if (!text.starts_with('"')) {
    const auto end = std::min(text.find_first_of(";,"), text.size());
    out.value = trim(text.substr(0, end));
    text.remove_prefix(end);
    return out;
  }
  std::size_t end = 1;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  end = std::min(end, text.size());
  out.value = text.substr(1, end - 1);
  text.remove_prefix(std::min(end + 1, text.size()));
  return out;
}

std::vector<std::string> relation_words(std::string_view text) {
  std::vector<std::string> out;
  for (text = trim(text); !text.empty(); text = trim(text)) {
    const auto end = std::min(text.find_first_of(" \t"), text.size());
    auto& word = out.emplace_back(text.substr(0, end));
    std::ranges::transform(word, word.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    text.remove_prefix(end);
  }
  return out;
}

}  // namespace

std::optional<Time> parse_http_date(std::string_view text) {
  const auto part = words(text);
  if (part.size() == 8 && part[7] == "GMT") return assemble(part[3], part[2], part[1], &part[4]);
  // asctime: "Sun Nov  6 08:49:37 1994"
  if (part.size() == 7) return assemble(part[6], part[1], part[2], &part[3]);
  return std::nullopt;
}

std::optional<Duration> parse_retry_after(std::string_view text, Time now, Duration most) {
  text = trim(text);
  if (const auto seconds = delta_seconds(text)) return std::min(*seconds, most);
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  return std::clamp<Duration>(*date - now, Duration::zero(), most);
}

std::optional<Duration> parse_freshness(std::string_view cache_control, std::string_view age,
                                        std::string_view expires, Time now, Duration most) {
  const auto control = parse_cache_control(cache_control);
  if (control.is_uncacheable) return std::nullopt;
  if (control.max_age) {
    const auto spent = delta_seconds(trim(age)).value_or(Duration::zero());
    return std::clamp<Duration>(*control.max_age - spent, Duration::zero(), most);
  }
  const auto date = parse_http_date(expires);
  if (!date) return std::nullopt;
  return std::clamp<Duration>(*date - now, Duration::zero(), most);
}

bool HttpLink::has(std::string_view relation) const {
  return std::ranges::find(relations, relation) != relations.end();
}

std::vector<HttpLink> parse_links(std::string_view value) {
  constexpr std::size_t most = 100;
  std::vector<HttpLink> links;
  while (links.size() < most) {
    value = trim(value);
    if (value.starts_with(',')) {
      value.remove_prefix(1);
      continue;
    }
    const auto end = value.find('>');
    if (!value.starts_with('<') || end == std::string_view::npos) break;
    auto& link = links.emplace_back();
    link.target = trim(value.substr(1, end - 1));
    value.remove_prefix(end + 1);
    while (const auto parameter = take_parameter(value))
      if (link.relations.empty() && equals_ignoring_case(parameter->name, "rel"))
        link.relations = relation_words(parameter->value);
  }
  return links;
}

}  // namespace crier
