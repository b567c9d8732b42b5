// Secrets and the state folder: read only from where nobody else can, made once, and one daemon a folder.
#include "app/state_folder.hpp"

#include <cstdlib>

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include "app/secret.hpp"
#include "base/encoding.hpp"
#include "support/temp_folder.hpp"

using namespace crier;
using namespace crier::test;

namespace {

namespace fs = std::filesystem;

fs::path secret_file(const TempFolder& folder, std::string_view content,
                     fs::perms mode = fs::perms::owner_read | fs::perms::owner_write) {
  const auto path = folder.write("secret", content);
  fs::permissions(path, mode);
  return path;
}

unsigned mode_of(const fs::path& path) {
  return static_cast<unsigned>(fs::status(path).permissions());
}

// An environment variable for as long as it exists.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

}  // namespace

TEST_CASE("a secret is the content of a file without its line end") {
  TempFolder folder;
  CHECK(read_secret(secret_file(folder, "hunter2\n").string()).value() == "hunter2");
  CHECK(read_secret(secret_file(folder, "hunter2\r\n\n").string()).value() == "hunter2");
  CHECK(read_secret(secret_file(folder, " with spaces ").string()).value() == " with spaces ");
}

TEST_CASE("a secret that others may read, or that is none, is refused without being shown") {
  TempFolder folder;
  const auto refusal = [&](const fs::path& path) {
    const auto secret = read_secret(path.string());
    REQUIRE_FALSE(secret);
    CHECK(secret.error().message.find("hunter2") == std::string::npos);
    CHECK(secret.error().message.find(path.string()) != std::string::npos);
    return secret.error().message;
  };
  CHECK(refusal(secret_file(folder, "hunter2", fs::perms(0644))).find("chmod 600") != std::string::npos);
  CHECK(refusal(secret_file(folder, "hunter2", fs::perms(0640))).find("chmod 600") != std::string::npos);
  CHECK(refusal(secret_file(folder, "")).find("empty") != std::string::npos);
  CHECK(refusal(secret_file(folder, "\n\n")).find("empty") != std::string::npos);
  CHECK(refusal(secret_file(folder, std::string(70'000, 'x'))).find("limit") != std::string::npos);
  refusal(folder.path() / "absent");
  refusal(folder.path());
  REQUIRE(::mkfifo((folder.path() / "fifo").c_str(), 0600) == 0);
  refusal(folder.path() / "fifo");  // and does not wait for a writer
  CHECK_FALSE(read_secret(""));
}

TEST_CASE("a credential is a file that systemd provides") {
  TempFolder folder;
  SECTION("not without systemd") {
    CHECK(read_secret("credential:smtp").error().message.find("LoadCredential=") != std::string::npos);
  }
  SECTION("by its name only") {
    const Variable variable("CREDENTIALS_DIRECTORY", folder.path().string());
    fs::permissions(folder.write("smtp", "hunter2\n"), fs::perms(0444));  // systemd's own mode
    CHECK(read_secret("credential:smtp").value() == "hunter2");
    CHECK_FALSE(read_secret("credential:other"));
    CHECK_FALSE(read_secret("credential:../smtp"));
    CHECK_FALSE(read_secret("credential:/etc/passwd"));
    CHECK_FALSE(read_secret("credential:.."));
    CHECK_FALSE(read_secret("credential:"));
  }
}

TEST_CASE("crier's own secrets are made once and readable by nobody else") {
  TempFolder folder;
  const auto state = folder.path() / "state";
  const auto first = own_secret(state, "push.token").value();
  CHECK(first.size() == 64);
  CHECK(own_secret(state, "push.token").value() == first);
  CHECK(own_secret(state, "unsubscribe.key").value() != first);
  CHECK(mode_of(secret_path(state, "push.token")) == 0600);
  CHECK(mode_of(state / "secrets") == 0700);
  fs::permissions(secret_path(state, "push.token"), fs::perms(0644));
  CHECK_FALSE(own_secret(state, "push.token"));
}

TEST_CASE("a webhook key belongs to one subscriber, whatever their id") {
  TempFolder folder;
  const auto state = folder.path() / "state";
  const auto key = own_webhook_key(state, "machine").value();
  CHECK(key.size() == 32);
  CHECK(own_webhook_key(state, "machine").value() == key);
  for (const std::string id : {"../../escaped", "a/b", "..", "\u00e9", "machine2"}) {
    CHECK(own_webhook_key(state, id).value() != key);
    CHECK(webhook_key_path(state, id).parent_path() == state / "secrets");
  }
  CHECK_FALSE(fs::exists(folder.path() / "escaped"));
  std::ofstream(webhook_key_path(state, "machine")) << "whsec_broken\n";
  const auto broken = own_webhook_key(state, "machine");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().message.find("webhook-machine") != std::string::npos);
}

TEST_CASE("one daemon a state folder") {
  TempFolder folder;
  const auto state = folder.path() / "deep" / "state";
  {
    auto lock = StateLock::take(state);
    REQUIRE(lock);
    CHECK(mode_of(state) == 0700);
    const auto second = StateLock::take(state);
    REQUIRE_FALSE(second);
    CHECK(second.error().message.find("another crier is running") != std::string::npos);
    const StateLock moved(std::move(*lock));
    CHECK_FALSE(StateLock::take(state));
  }
  CHECK(StateLock::take(state));
}

TEST_CASE("a state folder that cannot be is an error that names it") {
  TempFolder folder;
  const auto file = folder.write("file", "x");
  const auto lock = StateLock::take(file / "state");
  REQUIRE_FALSE(lock);
  CHECK(lock.error().message.find((file / "state").string()) != std::string::npos);
  CHECK_FALSE(own_secret(file / "state", "push.token"));
}
