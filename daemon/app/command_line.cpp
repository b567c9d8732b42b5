#include "app/command_line.hpp"

#include <charconv>
#include <iostream>
#include <sstream>

#include <boost/program_options.hpp>
#include <fmt/core.h>

#include "app/exit_codes.hpp"
#include "base/suggest.hpp"

namespace crier {

namespace po = boost::program_options;

struct CommandLine::Parsed {
  po::options_description visible{"Options"};
  po::variables_map values;
  std::vector<std::string> arguments;
};

CommandLine::CommandLine(std::string name, std::string usage, std::string purpose)
    : name_(std::move(name)),
      usage_(std::move(usage)),
      purpose_(std::move(purpose)),
      parsed_(std::make_unique<Parsed>()) {
  parsed_->visible.add_options()("help,h", "show this");
}

CommandLine::~CommandLine() = default;

CommandLine& CommandLine::flag(const char* name, const char* help) {
  parsed_->visible.add_options()(name, help);
  return *this;
}

CommandLine& CommandLine::option(const char* name, const char* value, const char* help) {
  parsed_->visible.add_options()(name, po::value<std::string>()->value_name(value), help);
  return *this;
}

CommandLine& CommandLine::common() {
  parsed_->visible.add_options()("config",
                                 po::value<std::string>()->value_name("PATH")->default_value("config"),
                                 "configuration file or folder")("json", "print JSON");
  return *this;
}

std::optional<int> CommandLine::read(const Words& words, std::size_t least, std::size_t most) {
  po::options_description all;
  all.add(parsed_->visible).add_options()("argument", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("argument", -1);
  try {
    // No guessing of shortened names: what a script relies on stays what it says.
    namespace style = po::command_line_style;
    constexpr int strict = style::unix_style & ~style::allow_guessing;
    po::store(po::command_line_parser(words).options(all).positional(positional).style(strict).run(),
              parsed_->values);
    po::notify(parsed_->values);
  } catch (const po::unknown_option& e) {
    return usage_error(e.what() + suggested_option(e.get_option_name()));
  } catch (const po::error& e) {
    return usage_error(e.what());
  }
  if (has("help")) {
    std::ostringstream options;
    options << parsed_->visible;
    fmt::print("Usage: crier {} {}\n\n{}\n\n{}", name_, usage_, purpose_, options.str());
    return exit_code::ok;
  }
  if (has("argument")) parsed_->arguments = parsed_->values["argument"].as<std::vector<std::string>>();
  if (parsed_->arguments.size() < least) return usage_error("it needs more: " + usage_);
  if (parsed_->arguments.size() > most) return usage_error("it takes less: " + usage_);
  return std::nullopt;
}

std::string CommandLine::suggested_option(std::string_view word) const {
  std::vector<std::string> options;
  for (const auto& option : parsed_->visible.options()) options.push_back("--" + option->long_name());
  const std::vector<std::string_view> known(options.begin(), options.end());
  return did_you_mean(word.substr(0, word.find('=')), known);
}

bool CommandLine::has(const char* name) const {
  return parsed_->values.contains(name);
}

std::optional<std::string> CommandLine::get(const char* name) const {
  if (!has(name)) return std::nullopt;
  return parsed_->values[name].as<std::string>();
}

std::optional<int> CommandLine::read_time(const char* name, Time& out) const {
  const auto text = get(name);
  if (!text) return std::nullopt;
  const auto time = parse_rfc3339(*text);
  if (!time) return usage_error(fmt::format("--{} must be a time like 2026-11-23T07:00:00Z", name));
  out = *time;
  return std::nullopt;
}

std::optional<int> CommandLine::read_number(const char* name, std::size_t lowest, std::size_t highest,
                                            std::size_t& out) const {
  const auto text = get(name);
  if (!text) return std::nullopt;
  std::size_t number = 0;
  const auto* const text_end = text->data() + text->size();
  const auto [end, failed] = std::from_chars(text->data(), text_end, number);
  if (failed != std::errc{} || end != text_end || number < lowest || number > highest)
    return usage_error(fmt::format("--{} must be a number from {} to {}", name, lowest, highest));
  out = number;
  return std::nullopt;
}

const std::vector<std::string>& CommandLine::arguments() const {
  return parsed_->arguments;
}

std::filesystem::path CommandLine::config() const {
  return get("config").value_or("config");
}

int CommandLine::usage_error(std::string_view message) const {
  fmt::print(stderr, "crier {}: {}\nTry: crier {} --help\n", name_, message, name_);
  return exit_code::usage;
}

int CommandLine::fail(int code, std::string_view message) const {
  fmt::print(stderr, "crier {}: {}\n", name_, message);
  return code;
}

}  // namespace crier
