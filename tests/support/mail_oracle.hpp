// An independent reader of our messages: Python's e-mail parser. One call starts one interpreter (about 0.1
// s), so a test collects its messages and reads them together.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crier::testing {

struct ReadMail {
  std::vector<std::pair<std::string, std::string>> headers;  ///< in order, decoded
  std::vector<std::pair<std::string, std::string>> from;     ///< display name, address
  std::vector<std::pair<std::string, std::string>> to;
  std::string text;  ///< line ends are LF
  std::string html;
  std::vector<std::string> defects;

  /// The value of the only header of that name; "(none)" or "(several)" otherwise.
  std::string header(std::string_view name) const;
};

std::vector<ReadMail> read_with_python(const std::vector<std::string>& messages);

}  // namespace crier::testing
