#include <optional>

#include <fmt/core.h>

#include "app/config_parts.hpp"
#include "app/secret.hpp"
#include "base/encoding.hpp"
#include "base/unicode.hpp"
#include "render/dkim.hpp"

namespace crier {
namespace {

bool is_or_is_under(std::string_view name, std::string_view domain) {
  return name == domain || name.ends_with("." + std::string(domain));
}

// Receivers ask that the domain that signs and that of From are of one organisation (DMARC's relaxed
// alignment). Where its names begin they look up. One above or below the other is of the same; a name without
// a dot is of none.
bool are_aligned(std::string_view a, std::string_view b) {
  return (is_or_is_under(a, b) && b.find('.') != std::string_view::npos) ||
         (is_or_is_under(b, a) && a.find('.') != std::string_view::npos);
}

// A host name as it stands in the DNS; empty when there is none (reported).
std::string read_name(YamlSection& section, std::string_view key, std::string_view example) {
  const auto text = section.required_text(key);
  if (text.empty()) return {};
  auto name = domain_to_ascii(text);
  if (name) return *std::move(name);
  section.error(*section.find(key), fmt::format("{} must be a name in the DNS like {}", key, example));
  return {};
}

std::optional<DkimKey> read_key(YamlSection& section, DkimAlgorithm algorithm) {
  if (holds_secret(section, "key_file")) return std::nullopt;
  const auto reference = section.required_text("key_file");
  if (reference.empty()) return std::nullopt;
  const auto& node = *section.find("key_file");
  const auto pem = read_secret_text(reference);
  if (!pem) {
    section.error(node, pem.error().message);
    return std::nullopt;
  }
  auto key = DkimKey::read(*pem);
  if (!key) {
    section.error(node, fmt::format("{} {}; crier dkim keygen makes one", reference, key.error().message));
    return std::nullopt;
  }
  if (key->algorithm() == algorithm) return *std::move(key);
  section.error(node, algorithm == DkimAlgorithm::rsa_sha256
                          ? "an Ed25519 key only stands beside an RSA key, under ed25519:, because many "
                            "receivers cannot check it"
                          : "the key under ed25519: is an RSA key");
  return std::nullopt;
}

std::optional<DkimSigner::Identity> read_identity(YamlSection& section, DkimAlgorithm algorithm) {
  auto selector = read_name(section, "selector", "s2026");
  auto key = read_key(section, algorithm);
  if (selector.empty() || !key) return std::nullopt;
  return DkimSigner::Identity{std::move(selector), *std::move(key)};
}

}  // namespace

std::shared_ptr<const DkimSigner> read_dkim(YamlSection& email, std::string_view from) {
  const auto* node = email.find("dkim");
  if (node == nullptr) return nullptr;
  YamlSection section(*node, email.file(), "dkim");
  const auto domain = read_name(section, "domain", "example.org");
  const auto sender = to_lower_ascii(from.substr(from.rfind('@') + 1));
  const bool is_aligned = domain.empty() || sender.empty() || are_aligned(domain, sender);
  if (!is_aligned)
    section.error(*section.find("domain"),
                  fmt::format("domain must be that of from ({}), or above or below it", sender));
  auto rsa = read_identity(section, DkimAlgorithm::rsa_sha256);
  std::optional<DkimSigner::Identity> ed25519;
  bool is_whole = rsa.has_value();
  if (const auto* second = section.find("ed25519")) {
    YamlSection part(*second, email.file(), "ed25519");
    ed25519 = read_identity(part, DkimAlgorithm::ed25519_sha256);
    is_whole = is_whole && ed25519.has_value();
    if (is_whole && ed25519->selector == rsa->selector) {
      part.error(*part.find("selector"), "each key needs a selector of its own");
      is_whole = false;
    }
    part.finish();
  }
  section.finish();
  if (!is_whole || domain.empty() || !is_aligned) return nullptr;
  return std::make_shared<const DkimSigner>(domain, *std::move(rsa), std::move(ed25519));
}

}  // namespace crier
