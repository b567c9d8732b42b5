// A self-signed TLS certificate for a server of a test, made on the spot.
#pragma once

#include <string>

namespace crier::test {

struct Certificate {
  std::string certificate_pem;  ///< also the authority to trust
  std::string key_pem;
};

/// Valid for an hour around now; `name` is its only subject alternative name (a DNS name).
Certificate make_certificate(const std::string& name);

}  // namespace crier::test
