#include "base/crypto.hpp"

#include <array>
#include <memory>
#include <stdexcept>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/rand.h>

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

// Fetched once: OpenSSL looks what EVP_sha256() stands for up anew for each text, under a lock.
const EVP_MD* sha256_method() {
  static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> method(
      EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free);
  return method.get();
}

void require_sha256(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL: SHA-256 failed");
}

}  // namespace

std::string sha256(std::string_view bytes) {
  std::string out(sha256_size, '\0');
  require_sha256(EVP_Digest(bytes.data(), bytes.size(), bytes_of(out), nullptr, sha256_method(), nullptr) ==
                 1);
  return out;
}

struct Sha256::State {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  auto* context = state_->context.get();
  require_sha256(context != nullptr && EVP_DigestInit_ex2(context, sha256_method(), nullptr) == 1);
}

Sha256::~Sha256() = default;

Sha256::Sha256(const Sha256& other) : state_(std::make_unique<State>()) {
  auto* context = state_->context.get();
  require_sha256(context != nullptr && EVP_MD_CTX_copy_ex(context, other.state_->context.get()) == 1);
}

void Sha256::add(std::string_view bytes) {
  require_sha256(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
  std::string out(sha256_size, '\0');
  require_sha256(EVP_DigestFinal_ex(state_->context.get(), bytes_of(out), nullptr) == 1);
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

struct HmacSha256::State {
  struct Free {
    void operator()(EVP_MAC* method) const { EVP_MAC_free(method); }
    void operator()(EVP_MAC_CTX* state) const { EVP_MAC_CTX_free(state); }
  };
  std::unique_ptr<EVP_MAC, Free> mac;
  std::unique_ptr<EVP_MAC_CTX, Free> context;
};

HmacSha256::HmacSha256(std::string_view key) : state_(std::make_unique<State>()) {
  state_->mac.reset(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  if (state_->mac) state_->context.reset(EVP_MAC_CTX_new(state_->mac.get()));
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                                   OSSL_PARAM_construct_end()};
  if (!state_->context || EVP_MAC_init(state_->context.get(), bytes_of(key), key.size(), parameters) != 1)
    throw std::runtime_error("OpenSSL: HMAC failed");
}

HmacSha256::~HmacSha256() = default;

std::array<char, sha256_size> HmacSha256::of(std::string_view bytes) const {
  auto* context = state_->context.get();
  std::array<char, sha256_size> out{};
  std::size_t size = 0;
  // Without a key it begins anew with the one it has.
  if (EVP_MAC_init(context, nullptr, 0, nullptr) != 1 ||
      EVP_MAC_update(context, bytes_of(bytes), bytes.size()) != 1 ||
      EVP_MAC_final(context, reinterpret_cast<unsigned char*>(out.data()), &size, out.size()) != 1)
    throw std::runtime_error("OpenSSL: HMAC failed");
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
