// SmtpData: a message in the form DATA sends it (RFC 5321 §4.5.2). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace crier {

struct SmtpData {
  std::string bytes;             ///< CRLF line ends only, dots stuffed, closed by CRLF "." CRLF
  std::uint64_t size = 0;        ///< bytes before stuffing and without the final dot (RFC 1870 §4)
  std::size_t longest_line = 0;  ///< bytes, without CRLF
  bool eight_bit = false;        ///< a byte above 127 occurs
  bool has_nul = false;
};

/// A bare CR or LF becomes CRLF: servers that disagree on bare line ends can be made to see a second message
/// (SMTP smuggling).
SmtpData to_smtp_data(std::string_view message);

}  // namespace crier
