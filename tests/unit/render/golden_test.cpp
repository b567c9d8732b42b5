// Whole messages, byte for byte. After a wanted change: CRIER_UPDATE_GOLDEN=1 crier-tests "[golden]", then
// read the difference before committing it.
#include <cstdlib>

#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "render/mail_form.hpp"
#include "render/mime.hpp"
#include "render/template.hpp"
#include "support/mail_oracle.hpp"
#include "support/sample_mail.hpp"

using namespace crier;

namespace {

std::string message_of(const Content& content, const std::string& list) {
  Diagnostics diagnostics;
  const auto templates = TemplateSet::load(CRIER_SOURCE_DIR "/templates", diagnostics);
  const auto reader = testing::sample_reader();
  MailHeaders headers;
  headers.from = {"The Harbour Ledger", "news@ledger.example.org"};
  headers.date = parse_rfc3339("2024-03-15T05:00:00Z").value();
  headers.list_name = content.site.name;
  headers.list_id = list + ".ledger.example.org";
  headers.feedback_id = "b1:" + list + ":mail:ledger";
  const auto form = MailForm::prepare(headers, content, form_reader_of(reader), *templates).value();
  FilledMail filled;
  REQUIRE(form.fill(
      {"Amara Ọláwálé", "amara@example.org", list + ".1@ledger.example.org", reader.unsubscribe_url},
      filled));
  return filled.joined();
}

void compare(const std::string& message, const std::string& name) {
  const std::string path = CRIER_SOURCE_DIR "/tests/golden/" + name;
  if (std::getenv("CRIER_UPDATE_GOLDEN") != nullptr) REQUIRE(write_file_atomically(path, message));
  const auto golden = read_file(path, 1U << 20);
  REQUIRE(golden);
  // Not CHECK(a == b): it would print two whole mails.
  const bool same = *golden == message;
  CHECK(same);
}

}  // namespace

TEST_CASE("alert and digest are the messages that were agreed on", "[golden]") {
  const auto alert = message_of(testing::sample_alert(), "alerts");
  const auto digest = message_of(testing::sample_digest(), "morning");
  compare(alert, "alert.eml");
  compare(digest, "digest.eml");
  for (const auto& mail : testing::read_with_python({alert, digest})) {
    CHECK(mail.defects == std::vector<std::string>{});
    CHECK(mail.to.front().first == "Amara Ọláwálé");
    CHECK(mail.html.starts_with("<!DOCTYPE html>"));
    CHECK(mail.text.find("The Harbour Ledger") == 0);
  }
}
