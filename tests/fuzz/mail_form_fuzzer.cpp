// Any bytes as one reader's name, address, id and link, and as the text around them: refused, or a message
// that is clean on the wire, has the headers that were meant, and decodes to what the reader is said to be
// shown.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "render/mail_form.hpp"
#include "render/mime.hpp"
#include "support/strict_mail.hpp"

namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Fields end in "\f": name, address, id, link, text. What is missing is as it usually is.
  std::array<std::string, 5> fields{"Amara", "amara@example.org", "b1-42@example.org",
                                    "https://u.example.org/o/k3J9", "Dear \x01,\n\n\x02\n"};
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (auto& field : fields) {
    const auto end = rest.find('\f');
    if (end > 0) field = rest.substr(0, end);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  const auto& [name, address, id, link, text] = fields;
  crier::MailHeaders headers;
  headers.from.address = "news@example.org";
  headers.list_id = "l.example.org";
  // A rendered text has no control characters but line ends and slots.
  std::string body;
  for (const char c : text)
    if (c >= 0x20 || c < 0 || c == '\n' || c == '\x01' || c == '\x02') body += c;
  const auto form = crier::MailForm::of(headers, {"Subject", body, body});
  require(form.has_value());
  const crier::SlotValues values{name, address, id, link};
  crier::FilledMail filled;
  const auto ok = form->fill(values, filled);
  if (!ok) {
    require(!ok.error().message.empty() && filled.pieces.empty());
    return 0;
  }
  const auto message = filled.joined();
  require(message.size() == filled.size && crier::facts_of(filled.pieces).is_clean);
  const auto mail = crier::testing::read_strictly(message);
  const auto times = [&](std::string_view header) { return std::ranges::count(mail.header_names, header); };
  for (const auto* once : {"From", "To", "Subject", "Date", "Message-ID", "List-Id", "Auto-Submitted",
                           "Precedence", "MIME-Version", "Content-Type"})
    require(times(once) == 1);
  require(times("List-Unsubscribe") == times("List-Unsubscribe-Post") && times("List-Unsubscribe") <= 1);
  require(mail.header_names.size() == 10 + 2 * static_cast<std::size_t>(times("List-Unsubscribe")));
  const auto shown = form->show(values);
  require(shown && shown->text == mail.text && shown->html == mail.html);
  // The same form fills the same bytes again, into what was used.
  require(form->fill(values, filled) && filled.joined() == message);
  return 0;
}
