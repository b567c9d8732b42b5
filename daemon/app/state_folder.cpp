#include "app/state_folder.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/secret.hpp"
#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/files.hpp"
#include "channel/webhook.hpp"

namespace crier {
namespace {

// Reads the secret at `path`, or keeps `fresh` there.
Result<std::string> read_or_keep(const std::filesystem::path& path, const std::string& fresh) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) return read_secret(path.string());
  std::filesystem::create_directories(path.parent_path(), ignored);
  std::filesystem::permissions(path.parent_path(), std::filesystem::perms::owner_all, ignored);
  const auto written = write_file_atomically(path, fresh + "\n", 0600);
  if (!written) return written.error();
  return fresh;
}

}  // namespace

Result<StateLock> StateLock::take(const std::filesystem::path& folder) {
  std::error_code failed;
  if (std::filesystem::create_directories(folder, failed))
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failed);
  if (failed)
    return Error{fmt::format("{}: cannot create the state folder: {}", folder.string(), failed.message())};
  const auto path = folder / "crier.lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Error{fmt::format("{}: cannot open: {}", path.string(), std::strerror(errno))};
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return StateLock(fd);
  ::close(fd);
  return Error{fmt::format(
      "{}: another crier is running on this state folder; stop it, or set another state:", path.string())};
}

StateLock::~StateLock() {
  if (fd_ >= 0) ::close(fd_);
}

StateLock::StateLock(StateLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Result<void> make_private_file(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Error{fmt::format("{}: cannot open: {}", path.string(), std::strerror(errno))};
  const bool closed_to_others = ::fchmod(fd, 0600) == 0;
  ::close(fd);
  if (!closed_to_others)
    return Error{fmt::format("{}: cannot set its permissions: {}", path.string(), std::strerror(errno))};
  return {};
}

std::filesystem::path secret_path(const std::filesystem::path& folder, const std::string& name) {
  return folder / "secrets" / name;
}

std::filesystem::path webhook_key_path(const std::filesystem::path& folder, std::string_view subscriber) {
  // A subscriber's id may hold anything; percent-encoded it is a file name of its own.
  return secret_path(folder, "webhook-" + percent_encode(subscriber));
}

Result<std::string> own_secret(const std::filesystem::path& folder, const std::string& name) {
  return read_or_keep(secret_path(folder, name), to_hex(random_bytes(32)));
}

Result<std::string> own_webhook_key(const std::filesystem::path& folder, std::string_view subscriber) {
  const auto path = webhook_key_path(folder, subscriber);
  const auto text = read_or_keep(path, make_webhook_secret());
  if (!text) return text.error();
  auto key = parse_webhook_secret(*text);
  if (!key) return Error{fmt::format("{}: {}", path.string(), key.error().message)};
  return key;
}

}  // namespace crier
