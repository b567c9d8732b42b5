// Checks the DKIM signatures of a mail against key records that are handed in (RFC 6376 §6, RFC 8463), for
// `crier dkim check`. All of it is outside data. Pure, any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "render/dkim.hpp"

namespace crier {

struct DkimVerdict {
  enum class Kind { pass, fail, no_key };

  Kind kind = Kind::fail;
  std::string domain;  ///< d=, s= and a=, fit to be shown; empty when the signature does not say them
  std::string selector;
  std::string algorithm;
  std::string reason;  ///< why it does not pass; empty when it does
};

/// A mail out of a file as it was when it was signed. Many programs keep mails with LF line ends: where more
/// lines of the header end so, all of them get CRLF.
std::string as_signed(std::string mail);

/// One verdict for each signature, in the order of the mail, which has CRLF line ends. A signature with l= or
/// by SHA-1 fails: anybody could have added to the mail, or forged it.
std::vector<DkimVerdict> check_dkim(std::string_view mail, std::span<const DkimRecord> records, Time now);

/// The TXT records of a text: lines of a zone file, also those that go on in brackets, what DNS tools print
/// (texts in quotes; the name that a CNAME leads to is skipped), or bare values, one a line. An Error names
/// the line that holds none, and what is wrong with a key.
Result<std::vector<DkimRecord>> read_dkim_records(std::string_view text);

}  // namespace crier
