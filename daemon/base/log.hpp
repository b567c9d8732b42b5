// Logs: one line an event, key=value, to standard error. No addresses at info, never a secret.
// Under systemd the line starts with its priority (<6>) and journald adds the time itself.
// Safe from any thread: a line is one write.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace crier::log {

enum class Level { error, warn, info, debug };

struct Field {
  std::string_view key;
  std::string value;

  Field(std::string_view field_key, std::string field_value)
      : key(field_key), value(std::move(field_value)) {}
  Field(std::string_view field_key, std::string_view field_value) : key(field_key), value(field_value) {}
  Field(std::string_view field_key, const char* field_value) : key(field_key), value(field_value) {}
  Field(std::string_view field_key, std::integral auto number)
      : key(field_key), value(std::to_string(number)) {}
};

using Fields = std::initializer_list<Field>;

/// Lines below this level are dropped. Default: info.
void set_level(Level level);

/// A human must act.
void error(std::string_view event, Fields fields = {});
void warn(std::string_view event, Fields fields = {});
/// State changes.
void info(std::string_view event, Fields fields = {});
void debug(std::string_view event, Fields fields = {});

/// `key=value key="with spaces"`; quotes, backslashes and control characters in values are escaped.
std::string format_fields(Fields fields);

}  // namespace crier::log
