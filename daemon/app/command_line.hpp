// Command line: the options every command shares, --help, and how it answers a mistake.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace crier {

/// The words after the command's name.
using Words = std::vector<std::string>;

/// Describes what a command takes and reads it. Prints help and mistakes itself.
class CommandLine {
 public:
  /// `usage` is what follows "crier NAME": "STORY… [--json]".
  CommandLine(std::string name, std::string usage, std::string purpose);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  CommandLine& flag(const char* name, const char* help);
  CommandLine& option(const char* name, const char* value, const char* help);
  /// Adds --config and --json.
  CommandLine& common();

  /// nullopt when the command is to go on; otherwise the exit code (help was printed, or a mistake named).
  /// `least` and `most` bound the number of words that are no options.
  std::optional<int> read(const Words& words, std::size_t least, std::size_t most);

  bool has(const char* name) const;
  std::optional<std::string> get(const char* name) const;
  /// Puts an option's value into `out`, which stays as it is when the option is absent. The exit code when
  /// the value is not an RFC 3339 time, or not a number in these bounds; the mistake was named then.
  std::optional<int> read_time(const char* name, Time& out) const;
  std::optional<int> read_number(const char* name, std::size_t lowest, std::size_t highest,
                                 std::size_t& out) const;
  const std::vector<std::string>& arguments() const;
  const std::string& name() const { return name_; }
  bool json() const { return has("json"); }
  std::filesystem::path config() const;

  /// Prints "crier NAME: message" and a pointer to --help; returns exit_code::usage.
  int usage_error(std::string_view message) const;
  /// Prints "crier NAME: message"; returns `code`.
  int fail(int code, std::string_view message) const;

 private:
  /// " (did you mean …?)", if one is near.
  std::string suggested_option(std::string_view word) const;

  struct Parsed;
  std::string name_;
  std::string usage_;
  std::string purpose_;
  std::unique_ptr<Parsed> parsed_;
};

}  // namespace crier
