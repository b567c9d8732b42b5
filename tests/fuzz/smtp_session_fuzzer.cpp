// Plays a hostile SMTP server against the client's state machine: the first byte chooses security and login,
// the rest is what the server says, cut where the session must write. No input may crash it, make it send an
// address twice or keep it from ending.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "net/smtp_session.hpp"

using namespace crier;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto choice = data[0];
  const std::size_t piece = static_cast<std::size_t>(data[1]) + 1;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  SmtpLogin login;
  if ((choice & 4) != 0) login = {"user", "password", (choice & 8) != 0, true};
  SmtpSession session("crier.example", static_cast<SmtpSecurity>(choice & 3), login);
  const Envelope envelope{"news@example.org", "amara@example.net", "<1@example.org>"};
  session.connected();
  int decided = 0;
  for (std::size_t turns = 0; turns < size * 2 + 32; ++turns) {
    switch (session.step()) {
      case SmtpStep::write:
        if (session.output().find("\r\n") == std::string_view::npos) std::abort();
        session.written();
        break;
      case SmtpStep::read:
        if (bytes.empty()) {
          session.lost("connection-lost", "no more");
        } else {
          // Whole lines mostly, so that the dialogue gets far; pieces where the input asks for them.
          const auto line = bytes.find('\n');
          const auto step =
              std::min({bytes.size(), piece, line == std::string_view::npos ? piece : line + 1});
          session.received(bytes.substr(0, step));
          bytes.remove_prefix(step);
        }
        break;
      case SmtpStep::handshake:
        session.secured();
        break;
      case SmtpStep::ready:
        if (session.take_result() && ++decided > 3) return 0;
        session.submit(envelope, ".a message\n.\n");
        break;
      case SmtpStep::closed: {
        const auto result = session.take_result();
        if (!result || result->text.size() > 1024 || result->reason.empty()) std::abort();
        return 0;
      }
    }
  }
  return 0;
}
