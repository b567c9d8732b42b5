// The URL by which the configuration names an SMTP server. Pure.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "net/smtp_client.hpp"

namespace crier {

/// "smtp://user@host:port?starttls=required|opportunistic|off&auth=plain|xoauth2&mode=auto|bdat|overlapped|
/// lockstep" or "smtps://…" (TLS from the first byte). Ports default to 25 and 465. starttls defaults to
/// required, for a loopback host to opportunistic. The user is percent-encoded; a password in the URL is an
/// error. Fills all but helo, password and timeouts.
Result<SmtpServer> parse_smtp_url(std::string_view url);

}  // namespace crier
