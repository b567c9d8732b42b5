// Hashes, keyed hashes and random bytes, from OpenSSL. Raw bytes in, raw bytes out.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace crier {

/// 32 bytes.
std::string sha256(std::string_view bytes);

/// sha256 of a text that comes piece by piece. A copy goes on from where the original is.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256& other);
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view bytes);
  /// 32 bytes. Call once; nothing is added afterwards.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// 32 bytes (RFC 2104).
std::string hmac_sha256(std::string_view key, std::string_view bytes);

/// hmac_sha256 of one key for many texts: what the key costs is paid once. One thread at a time.
class HmacSha256 {
 public:
  explicit HmacSha256(std::string_view key);
  ~HmacSha256();
  HmacSha256(const HmacSha256&) = delete;
  HmacSha256& operator=(const HmacSha256&) = delete;

  std::array<char, 32> of(std::string_view bytes) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

enum class Digest { sha1, sha256, sha384, sha512 };

/// 20, 32, 48 or 64 bytes (RFC 2104).
std::string hmac(Digest digest, std::string_view key, std::string_view bytes);

/// From the operating system's generator.
std::string random_bytes(std::size_t count);
/// Takes the same time wherever the inputs differ.
bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace crier
