#include "story/date_text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <vector>

#include "story/plain_text.hpp"
#include "story/zone_text.hpp"

namespace crier {
namespace {

constexpr std::size_t max_date_bytes = 100;

constexpr std::array<std::string_view, 12> month_names{"january",   "february", "march",    "april",
                                                       "may",       "june",     "july",     "august",
                                                       "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> weekday_names{"monday", "tuesday",  "wednesday", "thursday",
                                                        "friday", "saturday", "sunday"};

// The position of the name that `word` is, or shortens to three letters or more ("sept"); from 1, 0 = none.
int find_name(std::string_view word, std::span<const std::string_view> names) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (word.size() >= 3 && names[i].starts_with(word)) return static_cast<int>(i) + 1;
  return 0;
}

struct Token {
  enum class Kind { number, word, sign };
  Kind kind;
  std::string text;  // lower case
  int value = 0;     // of a number of at most four digits
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Bytes beyond ASCII count as letters: they make a word that no date has.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
}

std::vector<Token> tokenize(std::string_view text) {
  auto lower = ascii_lower(text);
  for (const std::string_view dotted : {"a.m.", "p.m."})
    if (const auto at = lower.find(dotted); at != std::string::npos)
      lower.replace(at, dotted.size(), dotted == "a.m." ? "am" : "pm");
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < lower.size();) {
    const auto from = i;
    if (is_digit(lower[i])) {
      while (i < lower.size() && is_digit(lower[i])) ++i;
      auto digits = lower.substr(from, i - from);
      const int value = digits.size() <= 4 ? std::stoi(digits) : 0;
      tokens.push_back({Token::Kind::number, std::move(digits), value});
    } else if (is_letter(lower[i])) {
      while (i < lower.size() && is_letter(lower[i])) ++i;
      tokens.push_back({Token::Kind::word, lower.substr(from, i - from)});
    } else {
      if (lower[i] != ' ') tokens.push_back({Token::Kind::sign, lower.substr(i, 1)});
      ++i;
    }
  }
  return tokens;
}

// Walks the tokens of one text. A read_ function takes what it names, or leaves the position as it was.
class DateReader {
 public:
  explicit DateReader(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  std::optional<DateReading> read(const std::string& default_zone) {
    const bool clock_first = read_clock();
    if (clock_first) {
      read_zone();
      skip_signs(",-");
    }
    skip_weekday();
    if (!read_day()) return std::nullopt;
    if (!clock_first) {
      skip_signs(",-");
      if (!skip_word("at")) skip_word("t");
      if (read_clock()) read_zone();
    }
    const std::chrono::year_month_day date{std::chrono::year(year_),
                                           std::chrono::month(static_cast<unsigned>(month_)),
                                           std::chrono::day(static_cast<unsigned>(day_))};
    if (at_ != tokens_.size() || !date.ok() || year_ < 1000) return std::nullopt;
    auto reading = apply_zone(std::chrono::sys_days(date) + clock_.value_or(std::chrono::seconds(0)), zone_,
                              default_zone);
    if (!clock_) reading.doubt = "no time of day; midnight is assumed";
    return reading;
  }

 private:
  const Token* number(std::size_t ahead, std::size_t max_digits) const {
    if (at_ + ahead >= tokens_.size()) return nullptr;
    const auto& token = tokens_[at_ + ahead];
    return token.kind == Token::Kind::number && token.text.size() <= max_digits ? &token : nullptr;
  }
  std::string_view word(std::size_t ahead = 0) const {
    if (at_ + ahead >= tokens_.size() || tokens_[at_ + ahead].kind != Token::Kind::word) return {};
    return tokens_[at_ + ahead].text;
  }
  /// The sign that is there when it is one of `any_of`, else '\0'.
  char sign(std::size_t ahead, std::string_view any_of) const {
    if (at_ + ahead >= tokens_.size() || tokens_[at_ + ahead].kind != Token::Kind::sign) return '\0';
    const char found = tokens_[at_ + ahead].text.front();
    return any_of.find(found) == std::string_view::npos ? '\0' : found;
  }

  void skip_signs(std::string_view any_of) {
    while (sign(0, any_of) != '\0') ++at_;
  }
  bool skip_word(std::string_view text) {
    if (word() != text) return false;
    ++at_;
    return true;
  }
  void skip_weekday() {
    if (find_name(word(), weekday_names) == 0) return;
    ++at_;
    skip_signs(".,");
  }
  void skip_ordinal() {
    for (const std::string_view ending : {"st", "nd", "rd", "th"})
      if (skip_word(ending)) return;
  }

  bool read_day() {
    const auto start = at_;
    if (read_numeric_day() || read_month_first()) return true;
    at_ = start;
    if (read_day_first()) return true;
    at_ = start;
    return false;
  }

  bool read_numeric_day() {
    const auto *first = number(0, 4), *second = number(2, 2), *third = number(4, 4);
    const char separator = sign(1, "-/.");
    if (!first || !second || !third || separator == '\0' || sign(3, "-/.") != separator) return false;
    month_ = second->value;
    if (first->text.size() == 4 && third->text.size() <= 2) {
      year_ = first->value;
      day_ = third->value;
    } else if (first->text.size() <= 2 && third->text.size() == 4) {
      year_ = third->value;
      day_ = first->value;
      // With points the day comes first everywhere. 3/4/2023 is two days on the two sides of the Atlantic.
      const bool month_leads = separator != '.' && second->value > 12;
      if (month_leads)
        std::swap(day_, month_);
      else if (separator != '.' && day_ <= 12 && day_ != month_)
        return false;
    } else {
      return false;
    }
    at_ += 5;
    return true;
  }

  bool read_month_first() {
    if (!read_month()) return false;
    const auto* day = number(0, 2);
    if (!day) return false;
    day_ = day->value;
    ++at_;
    skip_ordinal();
    skip_signs(",");
    return read_year(4);
  }

  bool read_day_first() {
    const auto* day = number(0, 2);
    if (!day) return false;
    day_ = day->value;
    ++at_;
    skip_ordinal();
    skip_word("of");
    skip_signs("-.");
    if (!read_month()) return false;
    skip_signs(",-");
    return read_year(2);
  }

  bool read_month() {
    month_ = find_name(word(), month_names);
    if (month_ == 0) return false;
    ++at_;
    skip_signs(".");
    return true;
  }

  // Two digits are RFC 822's; RFC 5322 §4.3 says what they mean.
  bool read_year(std::size_t least_digits) {
    const auto* year = number(0, 4);
    if (!year || year->text.size() < least_digits || year->text.size() == 3 || year->text.size() == 1)
      return false;
    year_ = year->value;
    if (year->text.size() == 2) year_ += year_ < 50 ? 2000 : 1900;
    ++at_;
    return true;
  }

  // "15:37", "15:37:09.250", "3:37pm", "3 pm"; fractions of a second do not matter to a story.
  bool read_clock() {
    const auto* hours = number(0, 2);
    if (!hours) return false;
    int hour = hours->value, minute = 0, second = 0;
    std::size_t used = 1;
    if (sign(1, ":") != '\0' && number(2, 2)) {
      minute = number(2, 2)->value;
      used = 3;
      if (sign(3, ":") != '\0' && number(4, 2)) {
        second = number(4, 2)->value;
        used = sign(5, ".") != '\0' && number(6, 9) ? 7 : 5;
      }
    }
    const bool has_half = word(used) == "am" || word(used) == "pm";
    if (has_half) {
      if (hour < 1 || hour > 12) return false;
      hour = hour % 12 + (word(used) == "pm" ? 12 : 0);
    }
    if ((used == 1 && !has_half) || hour > 23 || minute > 59 || second > 60) return false;
    at_ += used + (has_half ? 1 : 0);
    clock_ = std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
    return true;
  }

  void read_zone() {
    const bool bracketed = sign(0, "(") != '\0';
    if (bracketed) ++at_;
    const bool is_weekday = find_name(word(), weekday_names) != 0;  // of a date that follows its time
    if (!word().empty() && !is_weekday && find_name(word(), month_names) == 0) {
      zone_.word = word();
      ++at_;
    }
    read_offset();
    if (bracketed) skip_signs(")");
    // RFC 5322 allows a comment: "-0400 (EDT)".
    else if (sign(0, "(") != '\0' && !word(1).empty() && sign(2, ")") != '\0')
      at_ += 3;
  }

  // "+0100", "-04:00", "+1"
  void read_offset() {
    const auto* digits = number(1, 4);
    const bool may_follow = zone_.word.empty() || zone_.word == "utc" || zone_.word == "gmt";
    if (sign(0, "+-") == '\0' || !digits || !may_follow) return;
    int hours = digits->value, minutes = 0;
    std::size_t used = 2;
    if (digits->text.size() > 2) {
      minutes = hours % 100;
      hours /= 100;
    } else if (sign(2, ":") != '\0' && number(3, 2)) {
      minutes = number(3, 2)->value;
      used = 4;
    }
    if (hours > 14 || minutes > 59) return;
    zone_.offset_minutes = (sign(0, "-") != '\0' ? -1 : 1) * (hours * 60 + minutes);
    at_ += used;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int year_ = 0, month_ = 0, day_ = 0;
  std::optional<std::chrono::seconds> clock_;
  ZoneText zone_;
};

}  // namespace

std::optional<DateReading> parse_date_text(std::string_view text, const std::string& default_zone) {
  if (text.size() > max_date_bytes) return std::nullopt;
  if (const auto exact = parse_rfc3339(text)) return DateReading{*exact, {}};
  return DateReader(tokenize(text)).read(default_zone);
}

bool resembles_date(std::string_view text) {
  if (text.size() > max_date_bytes) return false;
  int numbers = 0, known_words = 0, unknown_words = 0, separators = 0;
  bool has_year = false;
  for (const auto& token : tokenize(text)) {
    if (token.kind == Token::Kind::number) {
      ++numbers;
      has_year = has_year || (token.text.size() == 4 && token.value >= 1900 && token.value < 2100);
    } else if (token.kind == Token::Kind::sign) {
      if (std::string_view("-/.:").find(token.text) != std::string_view::npos)
        ++separators;
      else if (token.text != "," && token.text != "+" && token.text != "(" && token.text != ")")
        return false;
    } else {
      const bool known = find_name(token.text, month_names) != 0 ||
                         find_name(token.text, weekday_names) != 0 || is_zone_word(token.text) ||
                         token.text == "am" || token.text == "pm" || token.text == "at";
      ++(known ? known_words : unknown_words);
    }
  }
  return has_year && numbers >= 2 && unknown_words <= 1 && (known_words > 0 || separators >= 2);
}

}  // namespace crier
