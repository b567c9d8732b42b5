#include "story/article_date.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "story/date_words.hpp"
#include "story/plain_text.hpp"
#include "story/zone_text.hpp"

namespace crier::article {
namespace {

constexpr std::size_t max_line = 300;

int month_of(std::string_view word) {
  const auto wanted = " " + std::string(word) + " ";
  for (const auto& [month, names] : month_names)
    if (names.find(wanted) != std::string_view::npos) return month;
  return 0;
}

bool is_in(std::string_view words, std::string_view word) {
  return words.find(" " + std::string(word) + " ") != std::string_view::npos;
}

struct Token {
  enum class Kind { number, word, sign };
  Kind kind;
  std::string text;  // in lower case
  int value = 0;
  std::size_t digits = 0;
};

bool is_unit(UChar32 c) {
  static constexpr std::u32string_view units = U"年月日時时分秒点點년월일시분초";
  return units.find(static_cast<char32_t>(c)) != std::u32string_view::npos;
}

std::vector<Token> tokenize(std::string_view text) {
  std::vector<Token> tokens;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  const auto append = [](std::string& out, UChar32 c) {
    std::array<std::uint8_t, 4> encoded{};
    std::int32_t length = 0;
    U8_APPEND_UNSAFE(encoded.data(), length, c);
    out.append(reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(length));
  };
  bool is_glued = false;
  for (std::int32_t at = 0; at < size;) {
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(bytes, at, size, c);
    const bool after = is_glued && !tokens.empty();
    const auto kind = tokens.empty() ? Token::Kind::sign : tokens.back().kind;
    is_glued = true;
    if (const auto digit = u_charDigitValue(c); digit >= 0) {
      if (!after || kind != Token::Kind::number) tokens.push_back({Token::Kind::number, {}});
      auto& number = tokens.back();
      if (++number.digits <= 6) number.value = number.value * 10 + digit;
    } else if (is_unit(c)) {
      tokens.push_back({Token::Kind::sign, {}});
      append(tokens.back().text, c);
    } else if (u_isalpha(c) || u_charType(c) == U_NON_SPACING_MARK ||
               u_charType(c) == U_COMBINING_SPACING_MARK ||
               (c == '.' && after && kind == Token::Kind::word && at < size && bytes[at] == 0xE0)) {
      // The abbreviations of Thai months have points in them.
      if (!after || kind != Token::Kind::word) tokens.push_back({Token::Kind::word, {}});
      append(tokens.back().text, u_tolower(c));
    } else if (u_isUWhiteSpace(c) || c == 0x200F || c == 0x200E) {
      is_glued = false;
    } else {
      tokens.push_back({Token::Kind::sign, {}});
      append(tokens.back().text, c);
    }
  }
  return tokens;
}

class Finder {
 public:
  Finder(std::vector<Token> tokens, std::string_view language)
      : tokens_(std::move(tokens)), language_(language) {}

  std::optional<DateReading> find(const std::string& default_zone) {
    for (std::size_t start = 0; start < tokens_.size(); ++start) {
      at_ = start;
      if (!read_day()) continue;
      const std::chrono::year_month_day date{std::chrono::year(year_), std::chrono::month(month_),
                                             std::chrono::day(day_)};
      if (!date.ok() || year_ < 1900 || year_ > 2200) continue;
      from_ = start;
      const auto day_end = at_;
      read_clock();
      to_ = clock_ ? at_ : day_end;
      if (!clock_) read_clock_before(start);
      auto reading = apply_zone(std::chrono::sys_days(date) + clock_.value_or(std::chrono::seconds(0)), zone_,
                                default_zone);
      if (!clock_) reading.doubt = "no time of day; midnight is assumed";
      return reading;
    }
    return std::nullopt;
  }

  /// Of the date that was found: whether there is nothing else.
  bool is_alone() const {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (i >= from_ && i < to_) continue;
      const auto& [kind, text, value, digits] = tokens_[i];
      const bool is_known =
          is_in(beside_words, text) || is_in(small_words, text) || is_in(update_words, text);
      if (kind == Token::Kind::number || (kind == Token::Kind::word && !is_known)) return false;
    }
    return true;
  }

 private:
  const Token* token(std::size_t ahead) const {
    return at_ + ahead < tokens_.size() ? &tokens_[at_ + ahead] : nullptr;
  }
  int number(std::size_t ahead, std::size_t least_digits, std::size_t most_digits) const {
    const auto* found = token(ahead);
    const bool fits = found && found->kind == Token::Kind::number && found->digits >= least_digits &&
                      found->digits <= most_digits;
    return fits ? found->value : -1;
  }
  bool sign(std::size_t ahead, std::string_view any_of) const {
    const auto* found = token(ahead);
    return found && found->kind == Token::Kind::sign && any_of.find(found->text) != std::string_view::npos;
  }
  void skip_small() {
    while (const auto* found = token(0)) {
      const bool is_small = found->kind == Token::Kind::word && is_in(small_words, found->text);
      if (!is_small && !sign(0, ".,،-–/|º°·")) return;
      ++at_;
    }
  }

  bool set(int year, int month, int day) {
    if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31) return false;
    // The Buddhist era, which Thailand counts in.
    year_ = year >= 2400 && year < 2750 ? year - 543 : year;
    month_ = static_cast<unsigned>(month);
    day_ = static_cast<unsigned>(day);
    return true;
  }

  bool read_day() { return read_units() || read_numeric() || read_named(); }

  // 2023年10月18日, 令和5年10月18日, 2023년 10월 18일
  bool read_units() {
    const bool is_reiwa = token(0)->text == "令和";
    if (is_reiwa) ++at_;
    const int year = number(0, is_reiwa ? 1 : 4, 4), month = number(2, 1, 2), day = number(4, 1, 2);
    const bool has_units = sign(1, "年년") && sign(3, "月월") && sign(5, "日일");
    if (!has_units || !set(is_reiwa && year > 0 ? year + 2018 : year, month, day)) return false;
    at_ += 6;
    return true;
  }

  bool read_numeric() {
    const auto* separator = token(1);
    if (!separator || !sign(1, "-/.") || !sign(3, separator->text)) return false;
    const int first = number(0, 1, 4), second = number(2, 1, 2), third = number(4, 1, 4);
    if (first < 0 || second < 0 || third < 0) return false;
    const bool is_set = is_short_year()                ? set(2000 + third, second, first)
                        : tokens_[at_].digits == 4     ? set(first, second, third)
                        : tokens_[at_ + 4].digits != 4 ? false
                        : tokens_[at_].digits > 2      ? false
                        : separator->text == "."       ? set(third, second, first)
                                                       : set_by_language(first, second, third);
    if (is_set) at_ += 5;
    return is_set;
  }

  // 18.10.23, which is no number of a version or a telephone.
  bool is_short_year() const {
    const bool goes_on = sign(5, ".") && number(6, 1, 4) >= 0;
    const bool went_before =
        at_ >= 2 && tokens_[at_ - 1].text == "." && tokens_[at_ - 2].kind == Token::Kind::number;
    return sign(1, ".") && tokens_[at_].digits == 2 && tokens_[at_ + 2].digits == 2 &&
           tokens_[at_ + 4].digits == 2 && number(4, 2, 2) < 70 && !goes_on && !went_before;
  }

  // 3/4/2023 is two days on the two sides of the Atlantic.
  bool set_by_language(int first, int second, int year) {
    if (second > 12) return set(year, first, second);
    if (first > 12 || first == second) return set(year, second, first);
    const auto lower = ascii_lower(language_);
    if (lower == "en-us") return set(year, first, second);
    return !lower.empty() && lower != "en" && set(year, second, first);
  }

  int take_month() {
    const auto* found = token(0);
    if (!found || found->kind != Token::Kind::word) return 0;
    const int month = month_of(found->text);
    if (month == 0) return 0;
    ++at_;
    // "آب/اغسطس": the name of the east and that of the west.
    if (sign(0, "/") && token(1) && token(1)->kind == Token::Kind::word && month_of(token(1)->text) == month)
      at_ += 2;
    // "تشرين الأول" is October, "تشرين الثاني" November; so are December and January.
    const bool has_second = token(0) && (token(0)->text == "الثاني" || token(0)->text == "الأول");
    if (!has_second) return month;
    const bool is_second = token(0)->text == "الثاني";
    ++at_;
    if (month == 10 && is_second) return 11;
    return month == 1 && !is_second ? 12 : month;
  }

  // 18 October 2023; October 18, 2023; 2023. október 18.
  bool read_named() {
    const auto start = at_;
    if (const int month = take_month(); month > 0) {
      skip_small();
      const int day = number(0, 1, 2);
      if (day > 0) {
        ++at_;
        skip_small();
        if (take_year(month, day)) return true;
      }
      at_ = start;
      return false;
    }
    const int day = number(0, 1, 2), first_year = number(0, 4, 4);
    if (day < 0 && first_year < 0) return false;
    ++at_;
    skip_small();
    const int month = take_month();
    skip_small();
    if (month > 0 && day > 0 && take_year(month, day)) return true;
    if (month > 0 && first_year > 0 && set(first_year, month, number(0, 1, 2))) {
      ++at_;
      return true;
    }
    at_ = start;
    return false;
  }

  bool take_year(int month, int day) {
    if (!set(number(0, 4, 4), month, day)) return false;
    ++at_;
    return true;
  }

  bool take_afternoon() {
    const auto* found = token(0);
    if (!found || found->kind != Token::Kind::word || !is_in(afternoon_words, found->text)) return false;
    ++at_;
    return true;
  }

  // "15:37", "15.37 Uhr", "3:37 pm", "15h37", "15時37分", "오후 3:37"
  void read_clock() {
    skip_small();
    if (sign(0, "(（")) at_ += 3;  // a weekday
    skip_small();
    bool is_afternoon = take_afternoon();
    int hour = number(0, 1, 2);
    const auto* colon = token(1);
    const bool has_colon = colon && (sign(1, ":.時时点點시") || colon->text == "h");
    const int minute = has_colon ? number(2, 1, 2) : -1;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return;
    at_ += 3;
    int second = 0;
    if (sign(0, ":") && number(1, 2, 2) >= 0) {
      second = std::min(number(1, 2, 2), 59);
      at_ += 2;
    }
    const bool says_p = token(0) && token(0)->text == "p" && sign(1, ".");
    const bool says_am = token(0) && (token(0)->text == "am" || (token(0)->text == "a" && sign(1, ".")));
    is_afternoon = is_afternoon || take_afternoon() || says_p;
    if (is_afternoon && hour < 12) hour += 12;
    if (says_am && hour == 12) hour = 0;
    clock_ = std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
    if (says_am) ++at_;
    while (sign(0, "分분(") || (token(0) && (token(0)->text == "uhr" || token(0)->text == "m" || says_p) &&
                                token(0)->kind != Token::Kind::number && !is_zone_word(token(0)->text)))
      ++at_;
    read_zone();
  }

  // "15:37, 18 октября 2023", "7:37 AM EDT, Wed October 18, 2023": nothing but a zone and a weekday between.
  void read_clock_before(std::size_t day) {
    constexpr std::size_t furthest = 12;
    for (std::size_t back = 3; back <= std::min(furthest, day); ++back) {
      at_ = day - back;
      if (number(0, 1, 2) < 0 || !sign(1, ":") || number(2, 2, 2) < 0) continue;
      const bool goes_before = at_ > 0 && (tokens_[at_ - 1].text == ":" || tokens_[at_ - 1].text == ".");
      if (goes_before) return;
      read_clock();
      const bool is_beside =
          at_ <= day && std::all_of(tokens_.begin() + static_cast<std::ptrdiff_t>(at_),
                                    tokens_.begin() + static_cast<std::ptrdiff_t>(day), [](const Token& one) {
                                      return one.kind == Token::Kind::word || one.text == "," ||
                                             one.text == ".";
                                    });
      if (is_beside) {
        from_ = day - back;
        return;
      }
      clock_.reset();
      zone_ = {};
      return;
    }
  }

  void read_zone() {
    if (const auto* word = token(0); word && word->kind == Token::Kind::word && is_zone_word(word->text)) {
      zone_.word = word->text;
      ++at_;
    }
    const int offset = number(1, 1, 4);
    if (!sign(0, "+-") || offset < 0) return;
    int minutes = tokens_[at_ + 1].digits > 2 ? offset / 100 * 60 + offset % 100 : offset * 60;
    if (tokens_[at_ + 1].digits <= 2 && sign(2, ":")) minutes += std::max(0, number(3, 2, 2));
    if (minutes <= 14 * 60) zone_.offset_minutes = sign(0, "-") ? -minutes : minutes;
  }

  std::vector<Token> tokens_;
  std::string_view language_;
  std::size_t at_ = 0;
  std::size_t from_ = 0, to_ = 0;  // of the date, with its time
  int year_ = 0;
  unsigned month_ = 0, day_ = 0;
  std::optional<std::chrono::seconds> clock_;
  ZoneText zone_;
};

}  // namespace

std::optional<DateReading> find_date(std::string_view line, std::string_view language,
                                     const std::string& default_zone) {
  if (line.size() > max_line) return std::nullopt;
  return Finder(tokenize(line), language).find(default_zone);
}

std::optional<DateReading> read_lone_date(std::string_view line, const std::string& default_zone) {
  if (line.size() > max_line) return std::nullopt;
  Finder finder(tokenize(line), {});
  auto date = finder.find(default_zone);
  return date && finder.is_alone() ? date : std::nullopt;
}

bool is_about_update(std::string_view line) {
  line = cut_text(line, max_line);
  for (const std::string_view word : {"更新", "修改", "수정", "업데이트", "อัปเดต", "ปรับปรุง", "cập nhật",
                                      "mis à jour", "mise à jour", "Mis à jour", "Mise à jour"})
    if (line.find(word) != std::string_view::npos) return true;
  const auto tokens = tokenize(line);
  return std::any_of(tokens.begin(), tokens.end(), [](const Token& token) {
    return token.kind == Token::Kind::word && is_in(update_words, token.text);
  });
}

}  // namespace crier::article
