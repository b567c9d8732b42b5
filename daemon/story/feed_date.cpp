#include "story/feed_date.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "story/article_date.hpp"
#include "story/plain_text.hpp"
#include "story/zone_text.hpp"

namespace crier {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;

constexpr std::size_t max_date_bytes = 100;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Walks one text; each take_ function leaves it as it was when it does not find its thing.
class Digits {
 public:
  explicit Digits(std::string_view text) : rest_(text) {}

  bool is_done() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  std::size_t run() const {
    return static_cast<std::size_t>(std::find_if_not(rest_.begin(), rest_.end(), is_digit) - rest_.begin());
  }
  int take(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value * 10 + (rest_[i] - '0');
    rest_.remove_prefix(count);
    return value;
  }
  bool take_sign(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_digits() { rest_.remove_prefix(run()); }

 private:
  std::string_view rest_;
};

std::optional<sys_days> day_of(int year, int month, int day) {
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || year < 1000) return std::nullopt;
  return sys_days(date);
}

std::optional<sys_days> ordinal_day(int year, int day) {
  const auto first = day_of(year, 1, 1);
  const bool fits = day >= 1 && day <= (std::chrono::year(year).is_leap() ? 366 : 365);
  return first && fits ? std::optional(*first + days(day - 1)) : std::nullopt;
}

// ISO 8601: the week of January 4th is the first.
std::optional<sys_days> week_day(int year, int week, int day) {
  const auto fourth = day_of(year, 1, 4);
  if (!fourth || week < 1 || week > 53 || day < 1 || day > 7) return std::nullopt;
  const auto monday = *fourth - (std::chrono::weekday(*fourth) - std::chrono::Monday);
  return monday + days(7 * (week - 1) + day - 1);
}

int full_year(int two_digits) {
  return two_digits + (two_digits < 70 ? 2000 : 1900);
}

// "-03-12", "-0312": a year of two digits and a month.
std::optional<sys_days> take_short_month(Digits& at) {
  at.take_sign("-");
  if (at.run() == 4) {
    const int year = full_year(at.take(2));
    return day_of(year, at.take(2), 1);
  }
  if (at.run() != 2) return std::nullopt;
  const int year = full_year(at.take(2));
  if (!at.take_sign("-") || at.run() != 2) return std::nullopt;
  return day_of(year, at.take(2), 1);
}

// What follows a year and a hyphen: "12-31", "12", "365", "W52-6".
std::optional<sys_days> take_rest_of_day(Digits& at, int year) {
  if (at.take_sign("w")) {
    if (at.run() < 2) return std::nullopt;
    const int week = at.take(2);
    at.take_sign("-");
    return week_day(year, week, at.run() == 1 ? at.take(1) : 1);
  }
  const auto length = at.run();
  if (length == 3 && at.rest().size() > 3 && at.rest()[3] == '-')
    at.take(1);  // Google wrote "2003-012-31"
  else if (length == 3)
    return ordinal_day(year, at.take(3));
  if (at.run() != 2 && at.run() != 1) return std::nullopt;
  const int month = at.take(at.run());
  if (!at.take_sign("-")) return day_of(year, month, 1);
  if (at.run() != 2 && at.run() != 1) return std::nullopt;
  return day_of(year, month, at.take(at.run()));
}

std::optional<sys_days> take_day(Digits& at) {
  if (at.peek() == '-') return take_short_month(at);
  const auto length = at.run();
  if (length == 14 || length == 8) {
    const int year = at.take(4), month = at.take(2);
    return day_of(year, month, at.take(2));
  }
  if (length == 7) {
    const int year = at.take(4);
    return ordinal_day(year, at.take(3));
  }
  if (length == 6) {
    const int year = full_year(at.take(2)), month = at.take(2);
    return day_of(year, month, at.take(2));
  }
  if (length == 5) {
    const int year = full_year(at.take(2));
    return ordinal_day(year, at.take(3));
  }
  if (length != 4 && length != 2) return std::nullopt;
  const int year = length == 4 ? at.take(4) : full_year(at.take(2));
  if (length == 4 && at.peek() == 'w') return take_rest_of_day(at, year);
  if (!at.take_sign("-")) return length == 4 ? day_of(year, 1, 1) : std::nullopt;
  return take_rest_of_day(at, year);
}

// "10:14:55.123", "9:15", "101455", "10"; 24:00 is the end of the day.
std::optional<seconds> take_clock(Digits& at) {
  int hour = 0, minute = 0, second = 0;
  const auto length = at.run();
  if (length == 6 || length == 4) {
    hour = at.take(2);
    minute = at.take(2);
    if (length == 6) second = at.take(2);
  } else if (length == 1 || length == 2) {
    hour = at.take(length);
    if (at.take_sign(":")) {
      if (at.run() != 1 && at.run() != 2) return std::nullopt;
      minute = at.take(at.run());
      if (at.take_sign(":")) {
        if (at.run() != 1 && at.run() != 2) return std::nullopt;
        second = at.take(at.run());
      }
    }
  } else {
    return std::nullopt;
  }
  if (at.take_sign(".,")) at.skip_digits();
  const bool is_end = hour == 24 && minute == 0 && second == 0;
  if ((hour > 23 && !is_end) || minute > 59 || second > 60) return std::nullopt;
  return hours(hour) + minutes(minute) + seconds(second);
}

bool take_zone(Digits& at, ZoneText& zone) {
  if (at.take_sign("z")) {
    zone.offset_minutes = 0;
    return true;
  }
  const bool is_west = at.peek() == '-';
  if (!at.take_sign("+-")) return at.is_done();
  const auto length = at.run();
  if (length != 1 && length != 2 && length != 4) return false;
  const int hour = at.take(length == 4 ? 2 : length);
  at.take_sign(":");
  const int minute = at.run() == 2 ? at.take(2) : 0;
  if (hour > 23 || minute > 59) return false;
  zone.offset_minutes = (is_west ? -1 : 1) * (hour * 60 + minute);
  return true;
}

std::optional<DateReading> read_iso(std::string_view text, const std::string& default_zone) {
  Digits at(text);
  const bool is_packed = at.run() == 14;  // 20031231101455
  const auto day = take_day(at);
  if (!day) return std::nullopt;
  ZoneText zone;
  // "2003-12-31Z", a day of XML Schema.
  const bool has_zone = !is_packed && (at.peek() == 'z' || at.peek() == '+');
  if (has_zone && !(take_zone(at, zone) && at.is_done())) return std::nullopt;
  if (!is_packed && at.is_done()) {
    auto reading = apply_zone(*day, zone, default_zone);
    reading.doubt = "no time of day; midnight is assumed";
    return reading;
  }
  if (!is_packed && !at.take_sign("t ")) return std::nullopt;
  const auto clock = take_clock(at);
  if (!clock) return std::nullopt;
  at.take_sign(" ");
  if (!take_zone(at, zone) || !at.is_done()) return std::nullopt;
  return apply_zone(*day + *clock, zone, default_zone);
}

// "1697623200", "1697623200000": since 1970, of our time.
std::optional<DateReading> read_epoch(std::string_view text) {
  if ((text.size() != 10 && text.size() != 13) || !std::all_of(text.begin(), text.end(), is_digit))
    return std::nullopt;
  long long number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  const auto ms = text.size() == 10 ? number * 1000 : number;
  constexpr long long first = 946'684'800'000;  // 2000
  if (ms < first) return std::nullopt;
  return DateReading{Time(Duration(ms)), {}};
}

// "2003-12-31T10:14:55Z", "2003-12-31T10:14:55+01:00".
bool is_instant(std::string_view text) {
  constexpr std::string_view shape = "0000-00-00T00:00:00";
  if (text.size() != shape.size() + 1 && text.size() != shape.size() + 6) return false;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == '0' ? !is_digit(text[i]) : text[i] != shape[i]) return false;
  const auto zone = text.substr(shape.size());
  if (zone.size() == 1) return zone == "Z";
  return (zone[0] == '+' || zone[0] == '-') && is_digit(zone[1]) && is_digit(zone[2]) && zone[3] == ':' &&
         is_digit(zone[4]) && is_digit(zone[5]);
}

struct Word {
  std::string_view foreign;
  std::string_view english;
};

// In lower case, the longer before what it begins with.
constexpr std::array words{Word{"ιανουαρίου", "jan"}, Word{"φεβρουαρίου", "feb"}, Word{"μαρτίου", "mar"},
                           Word{"απριλίου", "apr"},   Word{"μαΐου", "may"},       Word{"ιουνίου", "jun"},
                           Word{"ιουλίου", "jul"},    Word{"αυγούστου", "aug"},   Word{"σεπτεμβρίου", "sep"},
                           Word{"οκτωβρίου", "oct"},  Word{"νοεμβρίου", "nov"},   Word{"δεκεμβρίου", "dec"},
                           Word{"ιαν", "jan"},        Word{"φεβ", "feb"},         Word{"μάώ", "mar"},
                           Word{"μαώ", "mar"},        Word{"μάρ", "mar"},         Word{"μαρ", "mar"},
                           Word{"απρ", "apr"},        Word{"μάι", "may"},         Word{"μαϊ", "may"},
                           Word{"μαι", "may"},        Word{"ιούν", "jun"},        Word{"ιον", "jun"},
                           Word{"ιουν", "jun"},       Word{"ιούλ", "jul"},        Word{"ιολ", "jul"},
                           Word{"ιουλ", "jul"},       Word{"αύγ", "aug"},         Word{"αυγ", "aug"},
                           Word{"σεπ", "sep"},        Word{"οκτ", "oct"},         Word{"νοέ", "nov"},
                           Word{"νοε", "nov"},        Word{"δεκ", "dec"},         Word{"január", "01"},
                           Word{"februári", "02"},    Word{"február", "02"},      Word{"március", "03"},
                           Word{"máujus", "05"},      Word{"május", "05"},        Word{"június", "06"},
                           Word{"július", "07"},      Word{"augusztus", "08"},    Word{"szeptember", "09"},
                           Word{"október", "10"},     Word{"április", "04"},      Word{"januari", "jan"},
                           Word{"februari", "feb"},   Word{"maart", "mar"},       Word{"mrt", "mar"},
                           Word{"mei", "may"},        Word{"juni", "jun"},        Word{"juli", "jul"},
                           Word{"augustus", "aug"},   Word{"oktober", "oct"},     Word{"januar", "jan"},
                           Word{"jänner", "jan"},     Word{"februar", "feb"},     Word{"märz", "mar"},
                           Word{"mär", "mar"},        Word{"mai", "may"},         Word{"okt", "oct"},
                           Word{"dezember", "dec"},   Word{"dez", "dec"},         Word{"janvier", "jan"},
                           Word{"janv", "jan"},       Word{"février", "feb"},     Word{"févr", "feb"},
                           Word{"mars", "mar"},       Word{"avril", "apr"},       Word{"avr", "apr"},
                           Word{"juin", "jun"},       Word{"juillet", "jul"},     Word{"juil", "jul"},
                           Word{"août", "aug"},       Word{"septembre", "sep"},   Word{"octobre", "oct"},
                           Word{"novembre", "nov"},   Word{"décembre", "dec"},    Word{"déc", "dec"},
                           Word{"enero", "jan"},      Word{"ene", "jan"},         Word{"febrero", "feb"},
                           Word{"marzo", "mar"},      Word{"abril", "apr"},       Word{"abr", "apr"},
                           Word{"mayo", "may"},       Word{"junio", "jun"},       Word{"julio", "jul"},
                           Word{"agosto", "aug"},     Word{"ago", "aug"},         Word{"septiembre", "sep"},
                           Word{"octubre", "oct"},    Word{"noviembre", "nov"},   Word{"diciembre", "dec"},
                           Word{"dic", "dec"},        Word{"janeiro", "jan"},     Word{"fevereiro", "feb"},
                           Word{"fev", "feb"},        Word{"março", "mar"},       Word{"maio", "may"},
                           Word{"junho", "jun"},      Word{"julho", "jul"},       Word{"setembro", "sep"},
                           Word{"set", "sep"},        Word{"outubro", "oct"},     Word{"out", "oct"},
                           Word{"novembro", "nov"},   Word{"dezembro", "dec"},    Word{"gennaio", "jan"},
                           Word{"gen", "jan"},        Word{"febbraio", "feb"},    Word{"aprile", "apr"},
                           Word{"maggio", "may"},     Word{"mag", "may"},         Word{"giugno", "jun"},
                           Word{"giu", "jun"},        Word{"luglio", "jul"},      Word{"lug", "jul"},
                           Word{"settembre", "sep"},  Word{"ottobre", "oct"},     Word{"ott", "oct"},
                           Word{"dicembre", "dec"}};

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
}

// Capitals of Greek and of Latin-1 letters: what the names of months have.
std::string lower_case(std::string_view text) {
  auto out = ascii_lower(text);
  for (std::size_t i = 0; i + 1 < out.size(); ++i) {
    auto first = static_cast<unsigned char>(out[i]);
    auto second = static_cast<unsigned char>(out[i + 1]);
    if (first == 0xC3 && second >= 0x80 && second <= 0x9E)
      second += 0x20;
    else if (first == 0xCE && second >= 0x91 && second <= 0x9F)
      second += 0x20;
    else if (first == 0xCE && second >= 0xA0 && second <= 0xA9)
      first = 0xCF, second -= 0x20;
    else
      continue;
    out[i++] = static_cast<char>(first);
    out[i] = static_cast<char>(second);
  }
  return out;
}

// Each word in English; a word before the first number that is followed by a comma is a weekday, whatever
// its language.
std::string translate(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_word_byte(text[i])) {
      out += text[i++];
      continue;
    }
    const auto from = i;
    while (i < text.size() && is_word_byte(text[i])) ++i;
    const auto word = text.substr(from, i - from);
    const auto found =
        std::find_if(words.begin(), words.end(), [&](const Word& one) { return one.foreign == word; });
    const auto mark = text.substr(i, 2);
    if (from == 0 && (mark.starts_with(',') || mark == ".,"))
      i += mark == ".," ? 2 : 1;
    else
      out += found == words.end() ? word : found->english;
  }
  return std::string(trim(out));
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// "2004년 05월 28일 01:31:15", "2004-05-25 오후 11:23:17"; false when there is nothing Korean in it.
bool rewrite_korean(std::string& text) {
  const auto before = text;
  const bool is_afternoon = text.find("오후") != std::string::npos;
  for (const auto& [from, to] : {Word{"년 ", "-"}, Word{"년", "-"}, Word{"월 ", "-"}, Word{"월", "-"},
                                 Word{"일", ""}, Word{"오후 ", ""}, Word{"오전 ", ""}})
    replace_all(text, from, to);
  if (text == before) return false;
  replace_all(text, "  ", " ");
  if (is_afternoon) text += " pm";
  return true;
}

// asctime has its year at the end, with or without a zone before it: "jan 4 16:29:06 2004" → "jan 4 2004
// 16:29:06".
void move_year(std::string& text) {
  const auto colon = text.find(':');
  const auto last = text.rfind(' ');
  if (colon == std::string::npos || last == std::string::npos || last < colon || text.size() - last != 5)
    return;
  if (!std::all_of(text.begin() + static_cast<std::ptrdiff_t>(last) + 1, text.end(), is_digit)) return;
  const auto clock = text.rfind(' ', colon);
  if (clock == std::string::npos || clock == 0 || !is_digit(text[clock - 1])) return;
  const auto year = text.substr(last);
  text.erase(last);
  text.insert(clock, year);
}

}  // namespace

std::optional<DateReading> parse_feed_date(std::string_view text, const std::string& default_zone) {
  if (text.size() > max_date_bytes) return std::nullopt;
  // What most feeds write needs no look at the words of other languages.
  if (is_instant(text)) return read_iso(ascii_lower(text), default_zone);
  auto written = lower_case(tidy_line(text));
  const bool is_korean = rewrite_korean(written);
  const auto zone = is_korean ? std::string("Asia/Seoul") : default_zone;
  if (auto epoch = read_epoch(written)) return epoch;
  // A comment (RFC 5322 §3.2.2): "+0200 (Central European Summer Time)".
  if (const auto comment = written.rfind(" ("); comment != std::string::npos && written.ends_with(')'))
    written.erase(comment);
  written = translate(written);
  if (auto iso = read_iso(written, zone)) return iso;
  replace_all(written, "etc/", "");
  move_year(written);
  days more{0};
  if (const auto midnight = written.find(" 24:00"); midnight != std::string::npos) {
    written.replace(midnight, 3, " 00");
    more = days(1);
  }
  auto reading = parse_date_text(written, zone);
  if (reading) {
    reading->time += more;
    return reading;
  }
  // In the words of another language, as pages have it.
  const bool is_ascii =
      std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  return is_ascii ? article::read_lone_date(text, zone) : article::find_date(text, {}, zone);
}

}  // namespace crier
