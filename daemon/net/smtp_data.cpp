#include "net/smtp_data.hpp"

#include <algorithm>

namespace crier {

SmtpData to_smtp_data(std::string_view message) {
  SmtpData data;
  data.has_nul = message.find('\0') != std::string_view::npos;
  data.eight_bit = std::ranges::any_of(message, [](char c) { return (c & 0x80) != 0; });
  const bool has_bare_cr = [&] {
    for (auto cr = message.find('\r'); cr != std::string_view::npos; cr = message.find('\r', cr + 1)) {
      if (cr + 1 == message.size() || message[cr + 1] != '\n') return true;
    }
    return false;
  }();
  const std::string_view ends = has_bare_cr ? "\r\n" : "\n";
  data.bytes.reserve(message.size() + message.size() / 64 + 16);
  while (!message.empty()) {
    const auto end = message.find_first_of(ends);
    auto line = message.substr(0, end);
    auto next = end == std::string_view::npos ? message.size() : end + 1;
    if (!has_bare_cr && line.ends_with('\r')) line.remove_suffix(1);
    if (has_bare_cr && message.substr(line.size()).starts_with("\r\n")) next = end + 2;
    message.remove_prefix(next);
    if (line.starts_with('.')) data.bytes += '.';
    data.bytes += line;
    data.bytes += "\r\n";
    data.size += line.size() + 2;
    data.longest_line = std::max(data.longest_line, line.size());
  }
  data.bytes += ".\r\n";
  return data;
}

}  // namespace crier
