// Secrets in the configuration: they stand in files of their own, and what is wrong with them is said without
// showing them.
#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "app/secret.hpp"
#include "channel/webhook.hpp"
#include "support/sample_config.hpp"

using namespace crier;
using namespace crier::test;

namespace {

const std::string key_line = "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQC7";

// What is said of a configuration, excerpts and all.
std::string said_of(std::string_view yaml) {
  SampleConfig sample;
  sample.write("base.yaml", yaml);
  sample.load();
  std::string out;
  for (const auto& diagnostic : sample.diagnostics.list()) out += to_string(diagnostic) + "\n";
  return out;
}

std::string signing(std::string_view lines) {
  return fmt::format(
      "site: {{name: S}}\nchannels:\n  email:\n    relay: maildir:unused\n    from: news@example.org\n"
      "    dkim:\n      domain: example.org\n      selector: s1\n{}",
      lines);
}

struct PushSample : SampleConfig {
  explicit PushSample(std::string_view secrets) {
    const auto file = write("push.secret", secrets);
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    write("http.yaml",
          fmt::format("http:\n  operator:\n    listen: 127.0.0.1:0\n    signing_secret_file: {}\n",
                      file.string()));
  }
};

}  // namespace

TEST_CASE("a key that was pasted where its file should be named is not shown") {
  const auto* begin = "-----BEGIN PRIVATE KEY-----";
  const auto* end = "-----END PRIVATE KEY-----";
  const auto shown_of = [&](const std::string& yaml, std::string_view place) {
    const auto said = said_of(yaml);
    INFO(said);
    CHECK(said.find(key_line.substr(0, 8)) == std::string::npos);
    CHECK(said.find(place) != std::string::npos);
    return said;
  };
  const std::string advice =
      ": key_file holds a secret itself: put that into a file that only its owner may read";
  shown_of(signing(fmt::format("      key_file: {}{}{}\n", begin, key_line, end)), "base.yaml:9:17" + advice);
  shown_of(signing(fmt::format("      key_file: {}\n        {}\n        {}\n", begin, key_line, end)),
           "base.yaml:9:17" + advice);
  shown_of(
      signing(fmt::format("      key_file: |\n        {}\n        {}\n        {}\n", begin, key_line, end)),
      advice);
  shown_of(signing(fmt::format("      key_file: \"{}\\n{}\\n{}\"\n", begin, key_line, end)), advice);
  // What is no YAML any more.
  shown_of(signing(fmt::format("      key_file: {}\n{}: {}\n\t{}: x\n{}\n", begin, key_line, key_line,
                               key_line, end)),
           "base.yaml:");
  shown_of(signing(fmt::format("      key_fil: {}{}{}\n", begin, key_line, end)), "dkim has no \"key_fil\"");
  // Other lines are.
  CHECK(said_of(signing("      key_file: nowhere.pem\n")).find("      key_file: nowhere.pem\n") !=
        std::string::npos);

  const auto secret = make_webhook_secret();
  const auto said = said_of(
      "site: {name: S}\nhttp:\n  operator: {listen: 127.0.0.1:0, signing_secret_file: " + secret + "}\n");
  CHECK(said.find("signing_secret_file holds a secret itself") != std::string::npos);
  CHECK(said.find(secret.substr(8)) == std::string::npos);
  for (const auto* key : {"signing_secret_file: \" SECRET\"", "signing_secret: SECRET", "password: SECRET"}) {
    const std::string entry = key;
    const auto at = entry.find("SECRET");
    const auto shown = said_of("site: {name: S}\nhttp:\n  operator:\n    listen: 127.0.0.1:0\n    " +
                               entry.substr(0, at) + secret + entry.substr(at + 6) + "\n");
    INFO(shown);
    CHECK(shown.find(secret.substr(8)) == std::string::npos);
    CHECK(shown.find("base.yaml:5:") != std::string::npos);
  }
  CHECK(said_of("site: {name: S, password: hunter2}\n").find("hunter2") == std::string::npos);
  for (const auto& pasted : {secret, begin + key_line})
    CHECK(read_secret(pasted).error().message.find(pasted.substr(0, 12)) == std::string::npos);
}

TEST_CASE("pushes are signed with any secret of a file that has one a line") {
  const auto fresh = make_webhook_secret();
  const auto former = make_webhook_secret();
  const std::vector<std::string> both{parse_webhook_secret(fresh).value(),
                                      parse_webhook_secret(former).value()};
  CHECK(PushSample(fresh + "\n" + former + "\n").load().push_keys == both);
  CHECK(PushSample(fresh + "\r\n\r\n" + former).load().push_keys == both);
  CHECK(PushSample(fresh).load().push_keys == std::vector{both[0]});
  CHECK(PushSample(fresh + "\nwhsec_c2hvcnQ=\n").complaints() ==
        "http.yaml:4:26: line 2 of the file: webhook secret: holds 5 bytes; 24 to 64 are right\n");
  CHECK(PushSample("\n").complaints() == "http.yaml:4:26: the file holds no secret\n");
}
