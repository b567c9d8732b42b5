// The keys of DKIM: the private one that signs, and the record in the DNS that says the public one (RFC 6376
// §3.6.1, RFC 8463). Pure, any thread; one key may sign on several at once.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace crier {

enum class DkimAlgorithm { rsa_sha256, ed25519_sha256 };

/// As in a signature's a=.
std::string_view to_string(DkimAlgorithm algorithm);

class DkimKey {
 public:
  /// A private key in PEM (PKCS#8, or PKCS#1 for RSA): RSA of 2,048 to 4,096 bits (RFC 8301 §3.2) or Ed25519.
  /// An Error for anything else; it shows nothing of the key.
  static Result<DkimKey> read(std::string_view pem);
  /// A new one; RSA of 2,048 bits.
  static DkimKey make(DkimAlgorithm algorithm);

  DkimAlgorithm algorithm() const { return algorithm_; }
  /// PKCS#8.
  std::string pem() const;
  /// What the record in the DNS says: "v=DKIM1; k=…; p=…".
  std::string record() const;
  /// The raw signature of a SHA-256 hash; always the same one.
  std::string sign(std::string_view hash) const;

 private:
  using Key = std::shared_ptr<evp_pkey_st>;
  DkimKey(Key key, DkimAlgorithm algorithm) : key_(std::move(key)), algorithm_(algorithm) {}

  Key key_;
  DkimAlgorithm algorithm_;
};

/// What a record says.
class DkimPublicKey {
 public:
  /// An Error for what is no record, for a key that was revoked or is not for e-mail or SHA-256, and for RSA
  /// of less than 1,024 bits (RFC 8301 §3.2).
  static Result<DkimPublicKey> read(std::string_view record);

  DkimAlgorithm algorithm() const { return algorithm_; }
  /// t=s: it is for d= itself, not for domains below it.
  bool is_strict() const { return is_strict_; }
  bool verifies(std::string_view hash, std::string_view signature) const;

 private:
  DkimPublicKey() = default;

  std::shared_ptr<evp_pkey_st> key_;
  DkimAlgorithm algorithm_ = DkimAlgorithm::rsa_sha256;
  bool is_strict_ = false;
};

}  // namespace crier
