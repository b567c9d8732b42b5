// For SHA256_CTX, see HmacSha256.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/crypto.hpp"

#include <array>
#include <memory>
#include <stdexcept>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

namespace crier {
namespace {

constexpr std::size_t sha256_size = 32;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

const EVP_MD* method_of(Digest digest) {
  switch (digest) {
    case Digest::sha1:
      return EVP_sha1();
    case Digest::sha256:
      return EVP_sha256();
    case Digest::sha384:
      return EVP_sha384();
    case Digest::sha512:
      return EVP_sha512();
  }
  return EVP_sha256();
}

}  // namespace

std::string sha256(std::string_view bytes) {
  std::string out(sha256_size, '\0');
  // Fetched once: OpenSSL looks what EVP_sha256() stands for up anew for each text, under a lock.
  static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> method(
      EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free);
  if (EVP_Digest(bytes.data(), bytes.size(), bytes_of(out), nullptr, method.get(), nullptr) != 1)
    throw std::runtime_error("OpenSSL: SHA-256 failed");
  return out;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  return hmac(Digest::sha256, key, bytes);
}

std::string hmac(Digest digest, std::string_view key, std::string_view bytes) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  if (HMAC(method_of(digest), key.data(), static_cast<int>(key.size()), bytes_of(bytes), bytes.size(),
           bytes_of(out), &size) == nullptr)
    throw std::runtime_error("OpenSSL: HMAC failed");
  out.resize(size);
  return out;
}

// The key's block is hashed once, and copied for each text (RFC 2104 §4). OpenSSL 3 calls the plain functions
// old; its new ones look each hash up by name and allocate, which takes five times as long.
struct HmacSha256::State {
  SHA256_CTX inner;
  SHA256_CTX outer;
};

HmacSha256::HmacSha256(std::string_view key) : state_(std::make_unique<State>()) {
  constexpr std::size_t block = 64;
  std::string padded(key.size() <= block ? std::string(key) : sha256(key));
  padded.resize(block, '\0');
  const auto begin = [&](SHA256_CTX& context, unsigned char pad) {
    std::string bytes = padded;
    for (auto& byte : bytes) byte = static_cast<char>(static_cast<unsigned char>(byte) ^ pad);
    if (SHA256_Init(&context) != 1 || SHA256_Update(&context, bytes.data(), bytes.size()) != 1)
      throw std::runtime_error("OpenSSL: HMAC failed");
  };
  begin(state_->inner, 0x36);
  begin(state_->outer, 0x5c);
}

HmacSha256::~HmacSha256() {
  OPENSSL_cleanse(state_.get(), sizeof *state_);
}

std::array<char, sha256_size> HmacSha256::of(std::string_view bytes) const {
  std::array<char, sha256_size> out{};
  auto* const digest = reinterpret_cast<unsigned char*>(out.data());
  auto context = state_->inner;
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(digest, &context);
  context = state_->outer;
  SHA256_Update(&context, out.data(), out.size());
  SHA256_Final(digest, &context);
  return out;
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  if (RAND_bytes(bytes_of(out), static_cast<int>(count)) != 1)
    throw std::runtime_error("OpenSSL: no random bytes to be had");
  return out;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace crier
