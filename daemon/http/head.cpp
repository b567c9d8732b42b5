#include "http/head.hpp"

#include <array>

#include <fmt/chrono.h>
#include <fmt/core.h>

namespace crier::http {
namespace {

bool status_has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace

std::string response_head(const Response& response, ResponseFraming framing, Time now) {
  auto head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\nConnection: {}\r\n", response.status,
                          reason_phrase(response.status), to_http_date(now),
                          framing.keep_alive ? "keep-alive" : "close");
  if (!response.content_type.empty()) head += "Content-Type: " + response.content_type + "\r\n";
  if (status_has_body(response.status)) head += fmt::format("Content-Length: {}\r\n", response.body.size());
  for (const auto& [name, value] : response.headers) head += fmt::format("{}: {}\r\n", name, value);
  return head + "\r\n";
}

bool sends_body(const Response& response, ResponseFraming framing) {
  return !framing.without_body && status_has_body(response.status);
}

std::string to_http_date(Time time) {
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[std::chrono::weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

}  // namespace crier::http
