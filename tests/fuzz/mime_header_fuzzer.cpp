// Any bytes as a header value: either refused, or one header that cannot start another and decodes to the
// value.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.hpp"
#include "render/mail_form.hpp"
#include "render/mime.hpp"

namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

// Decodes "Subject: …\r\n" by RFC 5322 §2.2.3 and RFC 2047, as plainly as it can be written.
std::string decoded(std::string_view header) {
  header.remove_prefix(std::string_view("Subject:").size());
  header.remove_suffix(2);
  std::string unfolded;
  for (const char c : header)
    if (c != '\r' && c != '\n') unfolded += c;
  std::string_view rest = unfolded;
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  if (!rest.starts_with("=?utf-8?")) return std::string(rest);
  std::string out;
  while (!rest.empty()) {
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    require(rest.starts_with("=?utf-8?"));
    const auto end = rest.find("?=", 10);
    require(end != std::string_view::npos && end + 2 <= 75);
    const auto payload = rest.substr(10, end - 10);
    if (rest[8] == 'B') {
      const auto bytes = crier::from_base64(payload);
      require(bytes && crier::is_valid_utf8(*bytes));
      out += *bytes;
    } else {
      std::string percent;
      for (const char c : payload) percent += c == '_' ? ' ' : c == '=' ? '%' : c;
      const auto bytes = crier::percent_decode(percent);
      require(bytes && crier::is_valid_utf8(*bytes));
      out += *bytes;
    }
    rest.remove_prefix(end + 2);
  }
  return out;
}

void require_headers_only_where_meant(std::string_view mail) {
  std::size_t from = 0;
  while (from < mail.size()) {
    const auto end = mail.find("\r\n", from);
    require(end != std::string_view::npos);
    const auto line = mail.substr(from, end - from);
    require(line.size() <= 998 &&
            line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    if (line.empty()) return;
    const auto name = line.substr(0, line.find(':'));
    require(line.front() == ' ' || name == "From" || name == "To" || name == "Subject" || name == "Date" ||
            name == "Message-ID" || name == "List-Id" || name == "List-Unsubscribe" ||
            name == "Feedback-ID" || name == "List-Unsubscribe-Post" || name == "Auto-Submitted" ||
            name == "Precedence" || name == "MIME-Version" || name == "Content-Type");
    from = end + 2;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string value(reinterpret_cast<const char*>(data), size);
  if (const auto header = crier::encode_text_header("Subject", value)) {
    std::size_t folds = 0;
    for (std::size_t at = header->find("\r\n"); at != std::string::npos; at = header->find("\r\n", at + 2))
      ++folds;
    for (std::size_t at = header->find("\r\n "); at != std::string::npos; at = header->find("\r\n ", at + 2))
      --folds;
    require(folds == 1 && header->ends_with("\r\n"));
    require(decoded(*header) == crier::repair_utf8(value));
  }
  // The first byte chooses the header that the rest goes into, beside a name made of it.
  const auto rest = value.substr(value.empty() ? 0 : 1);
  crier::MailHeaders headers;
  headers.from = {rest, "a@example.org"};
  headers.subject = rest;
  headers.list_id = "l.example.org";
  headers.list_name = rest;
  crier::SlotValues reader{rest, "b@example.org", "m@example.org", {}};
  switch (value.empty() ? 0 : data[0] % 6) {
    case 1:
      reader.address = rest;
      break;
    case 2:
      reader.message_id = rest;
      break;
    case 3:
      reader.unsubscribe_url = rest;
      break;
    case 4:
      headers.unsubscribe_address = rest;
      break;
    case 5:
      headers.feedback_id = rest;
      break;
    default:
      break;
  }
  const auto form = crier::MailForm::of(headers, {rest, rest, rest});
  crier::FilledMail filled;
  if (form && form->fill(reader, filled)) require_headers_only_where_meant(filled.joined());
  return 0;
}
