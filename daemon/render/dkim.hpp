// DkimSigner: signs mails for a domain (RFC 6376; RFC 8463 as a second signature), in the form that they are
// sent in, before dots are stuffed. What the bodies of many mails begin with is hashed once for all of them.
// Pure: the same mail has the same signatures, so a retry sends the same bytes. Any thread; one signer may
// sign on several at once.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.hpp"
#include "base/time.hpp"
#include "net/mail_pieces.hpp"
#include "render/dkim_key.hpp"
#include "render/dkim_text.hpp"

namespace crier {

/// The bh= of a body that is added piece by piece. A copy goes on from where the original is.
class BodyHash {
 public:
  void add(std::string_view bytes);
  /// 32 bytes. Call once; nothing is added afterwards.
  std::string finish();

 private:
  RelaxedBody body_;
  Sha256 hash_;
  std::string canonical_;  // of what was added last
};

/// What the bodies of many mails begin with, hashed. By default nothing.
struct BodyStart {
  std::size_t size = 0;  ///< in bytes
  BodyHash hash;
};

/// `pieces` one after the other.
BodyStart hash_start(std::span<const std::string_view> pieces);

/// A public key and where it stands in the DNS.
struct DkimRecord {
  std::string name;   ///< "s2026._domainkey.example.org"; empty = wherever it is asked for
  std::string value;  ///< "v=DKIM1; k=rsa; p=…"
};

class DkimSigner {
 public:
  struct Identity {
    std::string selector;
    DkimKey key;
  };

  /// `rsa` holds an RSA key, `ed25519` an Ed25519 key, which many receivers cannot check: it never stands
  /// alone. Domain and selectors are host names in ASCII.
  DkimSigner(std::string domain, Identity rsa, std::optional<Identity> ed25519);

  /// The header fields, "DKIM-Signature: …\r\n", that go before all others of `mail`. `mail` is header and
  /// body, one piece after the other, with CRLF line ends; its body begins with `start`. `time` is said in
  /// t=. No x=: a mail may be tried for days, and one that was late is not forged.
  std::string sign(std::span<const WireText> mail, const BodyStart& start, Time time) const;

  /// What has to stand in the DNS.
  std::vector<DkimRecord> records() const;

 private:
  std::string domain_;
  std::vector<Identity> identities_;
};

/// The name of the record that a signature's s= and d= ask for.
std::string dkim_record_name(std::string_view selector, std::string_view domain);

}  // namespace crier
