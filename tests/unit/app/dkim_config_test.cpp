// Signing in the configuration: keys that are good are read, and what is wrong is said at its place.
#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "render/dkim.hpp"
#include "support/sample_config.hpp"

using namespace crier;
using namespace crier::test;

namespace {

std::string pem(DkimAlgorithm algorithm) {
  static const auto rsa = DkimKey::make(DkimAlgorithm::rsa_sha256).pem();
  static const auto ed25519 = DkimKey::make(DkimAlgorithm::ed25519_sha256).pem();
  return algorithm == DkimAlgorithm::rsa_sha256 ? rsa : ed25519;
}

// With these lines of channels.email.dkim, from line 7 on; RSA, ED and BROKEN in them are key files.
struct DkimSample : SampleConfig {
  explicit DkimSample(std::string lines, std::string_view from = "news@example.org") {
    const auto put = [&](std::string_view word, const std::string& content) {
      const auto file = write(fmt::format("{}.pem", word.substr(1)), content);
      std::filesystem::permissions(file, std::filesystem::perms::owner_all);
      for (auto at = lines.find(word); at != std::string::npos; at = lines.find(word, at + 1))
        lines.replace(at, word.size(), file.string());
    };
    put("=RSA", pem(DkimAlgorithm::rsa_sha256));
    put("=ED", pem(DkimAlgorithm::ed25519_sha256));
    put("=BROKEN", "-----BEGIN PRIVATE KEY-----\nnone\n-----END PRIVATE KEY-----\n");
    write("base.yaml", fmt::format("site: {{name: S}}\nchannels:\n  email:\n    relay: maildir:unused\n    "
                                   "from: {}\n    dkim:\n{}",
                                   from, lines));
  }

  // Without the folder that the files are in.
  std::string complaint() {
    auto out = complaints();
    for (auto at = out.find(path().string()); at != std::string::npos; at = out.find(path().string()))
      out.erase(at, path().string().size());
    return out;
  }
};

}  // namespace

TEST_CASE("mails are signed with the keys that are named, or not at all") {
  DkimSample sample(
      "      domain: Example.org\n      selector: s2026\n      key_file: =RSA\n      ed25519: {selector: "
      "e2026, key_file: =ED}\n",
      "news@mail.example.org");
  const auto config = sample.load();
  REQUIRE(sample.complaints().empty());
  const auto records = config.email->dkim->records();
  REQUIRE(records.size() == 2);
  CHECK(records[0].name == "s2026._domainkey.example.org");
  CHECK(records[0].value == DkimKey::read(pem(DkimAlgorithm::rsa_sha256)).value().record());
  CHECK(records[1].name == "e2026._domainkey.example.org");
  CHECK_FALSE(SampleConfig().load().email->dkim);
}

TEST_CASE("a running daemon takes other keys over, but no other sender") {
  DkimSample sample("      domain: example.org\n      selector: s1\n      key_file: =RSA\n");
  const auto running = sample.load();
  DkimSample other("      domain: example.org\n      selector: s2\n      key_file: =RSA\n");
  CHECK(settings_that_need_restart(running, other.load()).empty());
  DkimSample moved("      domain: example.org\n      selector: s2\n      key_file: =RSA\n",
                   "desk@example.org");
  CHECK(settings_that_need_restart(running, moved.load()) == std::vector<std::string>{"channels.email"});
}

TEST_CASE("a sender's domain in capitals is the same domain") {
  DkimSample sample("      {domain: Example.org, selector: s1, key_file: =RSA}\n", "news@Example.ORG");
  CHECK(sample.complaint().empty());
}

TEST_CASE("what is wrong with signing is said at its place") {
  CHECK(DkimSample("      selector: s1\n").complaint() ==
        "base.yaml:7:7: dkim needs \"domain\"\nbase.yaml:7:7: dkim needs \"key_file\"\n");
  CHECK(DkimSample("      {domain: example.net, selector: s1, key_file: =RSA}\n").complaint() ==
        "base.yaml:7:16: domain must be that of from (example.org), or above or below it\n");
  CHECK(DkimSample("      {domain: org, selector: s1, key_file: =RSA}\n")
            .complaint()
            .starts_with("base.yaml:7:16: domain must be that of from"));
  CHECK(DkimSample("      {domain: example.org, selector: \"a b\", key_file: =RSA}\n").complaint() ==
        "base.yaml:7:39: selector must be a name in the DNS like s2026\n");
  CHECK(DkimSample("      {domain: example.org, selector: s1, key_file: =ED}\n").complaint() ==
        "base.yaml:7:53: an Ed25519 key only stands beside an RSA key, under ed25519:, because many "
        "receivers cannot check it\n");
  CHECK(DkimSample("      {domain: example.org, selector: s1, key_file: =BROKEN}\n").complaint() ==
        "base.yaml:7:53: /BROKEN.pem holds no private key in PEM (-----BEGIN PRIVATE KEY-----), or one "
        "with a passphrase; crier dkim keygen makes one\n");
  CHECK(DkimSample("      {domain: example.org, selector: s1, key_file: nowhere.pem}\n").complaint() ==
        "base.yaml:7:53: nowhere.pem: cannot open: No such file or directory\n");
  CHECK(DkimSample("      domain: example.org\n      selector: s1\n      key_file: =RSA\n      ed25519: "
                   "{selector: s1, typ: x, key_file: =ED}\n")
            .complaint() ==
        "base.yaml:10:27: each key needs a selector of its own\n"
        "base.yaml:10:31: ed25519 has no \"typ\"\n");
}
