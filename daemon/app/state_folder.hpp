// The state folder: the database, the lock that keeps a second daemon out, and the secrets that crier made
// itself. Blocking; used at start and reload.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace crier {

/// Held for as long as the daemon runs; the kernel drops it when the process dies.
class StateLock {
 public:
  /// Creates the folder (0700). Error: another process holds it, or it cannot be written.
  static Result<StateLock> take(const std::filesystem::path& folder);
  ~StateLock();
  StateLock(StateLock&& other) noexcept;
  StateLock& operator=(StateLock&&) = delete;

 private:
  explicit StateLock(int fd) : fd_(fd) {}
  int fd_;
};

/// Makes sure that `path` exists and that only its owner may read it: what SQLite opens, it opens with these
/// permissions, its log included.
Result<void> make_private_file(const std::filesystem::path& path);

/// A secret kept in `folder`/secrets/`name` (0600): 32 random bytes in hex, made on first use.
Result<std::string> own_secret(const std::filesystem::path& folder, const std::string& name);

/// The signing key of a webhook subscriber, kept as "whsec_…"; returns the raw key.
Result<std::string> own_webhook_key(const std::filesystem::path& folder, std::string_view subscriber);

/// Where own_secret and own_webhook_key keep them.
std::filesystem::path secret_path(const std::filesystem::path& folder, const std::string& name);
std::filesystem::path webhook_key_path(const std::filesystem::path& folder, std::string_view subscriber);

}  // namespace crier
