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

// HMAC-SHA256, looked up once: HMAC() does so anew for each text.
class Mac {
 public:
  explicit Mac(std::string_view key) : method_(EVP_MAC_fetch(nullptr, "HMAC", nullptr)) {
    if (method_) context_.reset(EVP_MAC_CTX_new(method_.get()));
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                                     OSSL_PARAM_construct_end()};
    require(context_ && EVP_MAC_init(context_.get(), key_of(key), key.size(), parameters) == 1);
  }

  void begin(std::string_view key) {
    require(EVP_MAC_init(context_.get(), key_of(key), key.size(), nullptr) == 1);
  }
  void begin_with_same_key() { require(EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1); }

  std::array<char, sha256_size> finish(std::string_view bytes) {
    std::array<char, sha256_size> out{};
    std::size_t size = 0;
    require(EVP_MAC_update(context_.get(), bytes_of(bytes), bytes.size()) == 1 &&
            EVP_MAC_final(context_.get(), reinterpret_cast<unsigned char*>(out.data()), &size, out.size()) ==
                1);
    return out;
  }

 private:
  struct Free {
    void operator()(EVP_MAC* method) const { EVP_MAC_free(method); }
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
  };

  // None would mean the one before.
  static const unsigned char* key_of(std::string_view key) {
    return bytes_of(key.data() == nullptr ? std::string_view("") : key);
  }
  static void require(bool ok) {
    if (!ok) throw std::runtime_error("OpenSSL: HMAC failed");
  }

  std::unique_ptr<EVP_MAC, Free> method_;
  std::unique_ptr<EVP_MAC_CTX, Free> context_;
};

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
  Mac mac;
};

HmacSha256::HmacSha256(std::string_view key) : state_(std::make_unique<State>(State{Mac(key)})) {}

HmacSha256::~HmacSha256() = default;

std::array<char, sha256_size> HmacSha256::of(std::string_view bytes) const {
  state_->mac.begin_with_same_key();
  return state_->mac.finish(bytes);
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  thread_local Mac mac(key);
  mac.begin(key);
  const auto out = mac.finish(bytes);
  return {out.data(), out.size()};
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
