#include "base/log.hpp"

#include <array>
#include <atomic>
#include <cstdlib>

#include <fmt/core.h>
#include <unistd.h>

namespace crier::log {
namespace {

std::atomic<Level> lowest{Level::info};

bool is_plain(std::string_view value) {
  if (value.empty()) return false;
  for (const char c : value) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) return false;
  }
  return true;
}

void append_value(std::string& out, std::string_view value) {
  if (is_plain(value)) {
    out += value;
    return;
  }
  out += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  out += '"';
}

void write_line(Level level, std::string_view event, Fields fields) {
  if (level > lowest.load(std::memory_order_relaxed)) return;
  static const bool under_journal = std::getenv("JOURNAL_STREAM") != nullptr;
  static constexpr std::array names{"error", "warn", "info", "debug"};
  static constexpr std::array priorities{"<3>", "<4>", "<6>", "<7>"};
  const auto index = static_cast<std::size_t>(level);
  std::string line;
  if (under_journal) {
    line = priorities[index];
  } else {
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    line = fmt::format("{} {:<5} ", to_rfc3339_ms(now), names[index]);
  }
  line += event;
  if (fields.size() > 0) line += ' ';
  line += format_fields(fields);
  line += '\n';
  // A full or closed log must not stop the daemon: a short write is dropped.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void set_level(Level level) {
  lowest.store(level, std::memory_order_relaxed);
}

std::string format_fields(Fields fields) {
  std::string out;
  for (const auto& field : fields) {
    if (!out.empty()) out += ' ';
    out += field.key;
    out += '=';
    append_value(out, field.value);
  }
  return out;
}

void error(std::string_view event, Fields fields) {
  write_line(Level::error, event, fields);
}
void warn(std::string_view event, Fields fields) {
  write_line(Level::warn, event, fields);
}
void info(std::string_view event, Fields fields) {
  write_line(Level::info, event, fields);
}
void debug(std::string_view event, Fields fields) {
  write_line(Level::debug, event, fields);
}

}  // namespace crier::log
