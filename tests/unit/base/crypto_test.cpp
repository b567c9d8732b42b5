#include "base/crypto.hpp"

#include <catch2/catch.hpp>

#include "base/encoding.hpp"

using namespace crier;

namespace {

std::string of(const HmacSha256& key, std::string_view text) {
  const auto mac = key.of(text);
  return {mac.data(), mac.size()};
}

}  // namespace

TEST_CASE("HMAC-SHA-256 gives the vectors of RFC 4231, with one key for many texts, too") {
  const std::string first_key(20, '\x0b');
  const HmacSha256 first(first_key);
  const std::string expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
  CHECK(to_hex(hmac_sha256(first_key, "Hi There")) == expected);
  CHECK(to_hex(of(first, "Hi There")) == expected);
  CHECK(to_hex(of(first, "something else")) != expected);
  CHECK(to_hex(of(first, "Hi There")) == expected);
  CHECK(to_hex(of(HmacSha256("Jefe"), "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const std::string long_key(131, '\xaa');  // longer than a block
  CHECK(to_hex(of(HmacSha256(long_key), "Test Using Larger Than Block-Size Key - Hash Key First")) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(of(HmacSha256(""), "text") == hmac_sha256("", "text"));
}
