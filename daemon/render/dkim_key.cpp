#include "render/dkim_key.hpp"

#include <stdexcept>

#include <fmt/core.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/encoding.hpp"
#include "render/dkim_text.hpp"

namespace crier {
namespace {

constexpr int least_rsa_bits = 2048;
constexpr int most_rsa_bits = 4096;  // all that every verifier can be expected to take (RFC 8301 §3.2)
constexpr int least_verified_rsa_bits = 1024;
constexpr std::size_t ed25519_key_size = 32;

using Key = std::shared_ptr<EVP_PKEY>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

void require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL: DKIM failed");
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// nullptr when OpenSSL has none; what it complains of is forgotten.
Key owned(EVP_PKEY* key) {
  ERR_clear_error();
  return {key, EVP_PKEY_free};
}

std::string text_of(const Bio& bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// OpenSSL would ask the terminal for the passphrase.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

bool is_rsa(const Key& key) {
  return EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA;
}

bool is_ed25519(const Key& key) {
  return EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519;
}

// Ready for RSASSA-PKCS1-v1_5 of a SHA-256 hash.
KeyContext rsa_context(EVP_PKEY* key, int (*init)(EVP_PKEY_CTX*)) {
  KeyContext context(EVP_PKEY_CTX_new(key, nullptr), EVP_PKEY_CTX_free);
  require(context && init(context.get()) == 1 &&
          EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
          EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) == 1);
  return context;
}

// The public half as p= says it: of RSA the SubjectPublicKeyInfo, of Ed25519 the bare key.
std::string public_bytes(EVP_PKEY* key, DkimAlgorithm algorithm) {
  if (algorithm == DkimAlgorithm::ed25519_sha256) {
    std::string raw(ed25519_key_size, '\0');
    std::size_t size = raw.size();
    require(EVP_PKEY_get_raw_public_key(key, bytes_of(raw), &size) == 1);
    return raw;
  }
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  require(bio && i2d_PUBKEY_bio(bio.get(), key) == 1);
  return text_of(bio);
}

Key public_key(std::string_view bytes, DkimAlgorithm algorithm) {
  if (algorithm == DkimAlgorithm::ed25519_sha256)
    return owned(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(bytes), bytes.size()));
  const auto* data = bytes_of(bytes);
  if (auto key = owned(d2i_PUBKEY(nullptr, &data, static_cast<long>(bytes.size())))) return key;
  // RFC 6376 §3.6.1 also speaks of the bare RSAPublicKey.
  data = bytes_of(bytes);
  return owned(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &data, static_cast<long>(bytes.size())));
}

// Whether a list like "email:*" has one of these words.
bool lists(std::string_view list, std::string_view word, std::string_view other) {
  for (bool more = true; more;) {
    const auto colon = list.find(':');
    const auto item = without_space(list.substr(0, colon));
    if (item == word || item == other) return true;
    more = colon != std::string_view::npos;
    list.remove_prefix(more ? colon + 1 : 0);
  }
  return false;
}

}  // namespace

std::string_view to_string(DkimAlgorithm algorithm) {
  return algorithm == DkimAlgorithm::rsa_sha256 ? "rsa-sha256" : "ed25519-sha256";
}

Result<DkimKey> DkimKey::read(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  require(bio != nullptr);
  auto key = owned(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key)
    return Error{"holds no private key in PEM (-----BEGIN PRIVATE KEY-----), or one with a passphrase"};
  if (is_ed25519(key)) return DkimKey(std::move(key), DkimAlgorithm::ed25519_sha256);
  if (!is_rsa(key)) return Error{"holds a key that is neither RSA nor Ed25519"};
  const auto bits = EVP_PKEY_get_bits(key.get());
  if (bits < least_rsa_bits || bits > most_rsa_bits)
    return Error{fmt::format("holds an RSA key of {} bits; receivers trust those of {} to {}", bits,
                             least_rsa_bits, most_rsa_bits)};
  return DkimKey(std::move(key), DkimAlgorithm::rsa_sha256);
}

DkimKey DkimKey::make(DkimAlgorithm algorithm) {
  auto key = owned(algorithm == DkimAlgorithm::rsa_sha256 ? EVP_RSA_gen(static_cast<unsigned>(least_rsa_bits))
                                                          : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  require(key != nullptr);
  return {std::move(key), algorithm};
}

std::string DkimKey::pem() const {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  require(bio &&
          PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(bio);
}

std::string DkimKey::record() const {
  return fmt::format("v=DKIM1; k={}; p={}", algorithm_ == DkimAlgorithm::rsa_sha256 ? "rsa" : "ed25519",
                     to_base64(public_bytes(key_.get(), algorithm_)));
}

std::string DkimKey::sign(std::string_view hash) const {
  std::string out(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), '\0');
  std::size_t size = out.size();
  if (algorithm_ == DkimAlgorithm::rsa_sha256) {
    const auto context = rsa_context(key_.get(), EVP_PKEY_sign_init);
    require(EVP_PKEY_sign(context.get(), bytes_of(out), &size, bytes_of(hash), hash.size()) == 1);
  } else {
    const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    require(context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
            EVP_DigestSign(context.get(), bytes_of(out), &size, bytes_of(hash), hash.size()) == 1);
  }
  out.resize(size);
  return out;
}

Result<DkimPublicKey> DkimPublicKey::read(std::string_view record) {
  const auto tags = parse_tags(record);
  if (!tags) return tags.error();
  const auto tag = [&](std::string_view name, std::string_view otherwise) {
    const auto found = tags->find(name);
    return found == tags->end() ? std::string(otherwise) : found->second;
  };
  if (tag("v", "DKIM1") != "DKIM1") return Error{"v= is not DKIM1"};
  DkimPublicKey out;
  const auto type = tag("k", "rsa");
  if (type == "ed25519")
    out.algorithm_ = DkimAlgorithm::ed25519_sha256;
  else if (type != "rsa")
    return Error{fmt::format("k={} is neither rsa nor ed25519", to_one_line(type, 20))};
  if (!lists(tag("h", "sha256"), "sha256", "sha256")) return Error{"h= allows no sha256"};
  if (!lists(tag("s", "*"), "*", "email")) return Error{"s= allows no e-mail"};
  out.is_strict_ = lists(tag("t", ""), "s", "s");
  if (!tags->contains("p")) return Error{"there is no p="};
  const auto text = without_space(tag("p", ""));
  if (text.empty()) return Error{"the key was revoked (p= is empty)"};
  const auto bytes = from_base64(text);
  if (bytes) out.key_ = public_key(*bytes, out.algorithm_);
  const bool is_rsa_asked = out.algorithm_ == DkimAlgorithm::rsa_sha256;
  if (!out.key_ || is_rsa(out.key_) != is_rsa_asked) return Error{fmt::format("p= is no {} key", type)};
  if (is_rsa_asked && EVP_PKEY_get_bits(out.key_.get()) < least_verified_rsa_bits)
    return Error{fmt::format("the key has only {} bits", EVP_PKEY_get_bits(out.key_.get()))};
  return out;
}

bool DkimPublicKey::verifies(std::string_view hash, std::string_view signature) const {
  bool is_good = false;
  if (algorithm_ == DkimAlgorithm::rsa_sha256) {
    const auto context = rsa_context(key_.get(), EVP_PKEY_verify_init);
    is_good = EVP_PKEY_verify(context.get(), bytes_of(signature), signature.size(), bytes_of(hash),
                              hash.size()) == 1;
  } else {
    const DigestContext context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    require(context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
    is_good = EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(hash),
                               hash.size()) == 1;
  }
  ERR_clear_error();
  return is_good;
}

}  // namespace crier
