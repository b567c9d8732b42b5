// Hashes, keyed hashes and random bytes, from OpenSSL. Raw bytes in, raw bytes out.
#pragma once

#include <string>
#include <string_view>

namespace crier {

/// 32 bytes.
std::string sha256(std::string_view bytes);
/// 32 bytes (RFC 2104).
std::string hmac_sha256(std::string_view key, std::string_view bytes);

enum class Digest { sha1, sha256, sha384, sha512 };

/// 20, 32, 48 or 64 bytes (RFC 2104).
std::string hmac(Digest digest, std::string_view key, std::string_view bytes);

/// From the operating system's generator.
std::string random_bytes(std::size_t count);
/// Takes the same time wherever the inputs differ.
bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace crier
