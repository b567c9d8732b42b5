#include "render/dkim.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

#include "base/encoding.hpp"

namespace crier {
namespace {

constexpr std::string_view crlf = "\r\n";
constexpr std::size_t line_length = 76;  // of a signature's lines, without CRLF

// A field that is signed where a mail has it. One that is named once more than it is there (RFC 6376 §8.15)
// cannot be added on the way: readers would see what nobody signed.
struct SignedField {
  std::string_view name;
  bool is_named_once_more = false;
};

constexpr std::array signed_fields{SignedField{"from", true},
                                   SignedField{"to", true},
                                   SignedField{"subject", true},
                                   SignedField{"date", true},
                                   SignedField{"message-id", true},
                                   SignedField{"reply-to", true},
                                   SignedField{"mime-version", true},
                                   SignedField{"content-type", true},
                                   SignedField{"content-transfer-encoding", true},
                                   SignedField{"cc", true},
                                   SignedField{"sender", true},
                                   SignedField{"in-reply-to"},
                                   SignedField{"references"},
                                   SignedField{"list-id"},
                                   SignedField{"list-unsubscribe", true},
                                   SignedField{"list-unsubscribe-post", true},
                                   SignedField{"feedback-id"}};

// A mail as DKIM sees it.
struct Digested {
  std::string names;   // of the signed fields, as h= has them, folded
  std::string fields;  // these in their relaxed form, each with its line end
  std::string body;    // its hash
};

// Appends words separated by colons, which begin at `column`, in lines.
void append_folded(const std::vector<std::string_view>& words, std::size_t column, std::string& out) {
  for (const auto& word : words) {
    const bool is_last = &word == &words.back();
    if (column + word.size() + 1 > line_length) {
      out.append(crlf).append(" ");
      column = 1;
    }
    out.append(word).append(is_last ? "" : ":");
    column += word.size() + 1;
  }
}

void digest_header(std::string_view header, Digested& digested) {
  const auto fields = header_fields(header);
  std::vector<std::string> names;
  for (const auto field : fields) names.push_back(field_name(field));
  std::vector<std::string_view> chosen;
  for (const auto& [name, is_named_once_more] : signed_fields) {
    for (auto i = fields.size(); i-- > 0;) {  // of several of a name the last comes first (RFC 6376 §5.4.2)
      if (names[i] != name) continue;
      chosen.push_back(name);
      append_relaxed_field(fields[i], digested.fields);
      digested.fields += crlf;
    }
    if (is_named_once_more) chosen.push_back(name);
  }
  append_folded(chosen, std::string_view(" h=").size(), digested.names);
}

Digested digest(std::span<const WireText> mail, const BodyStart& start) {
  Digested out;
  auto body = start.hash;
  auto known = start.size;
  const auto add_body = [&](std::string_view bytes) {
    const auto skipped = std::min(known, bytes.size());
    known -= skipped;
    body.add(bytes.substr(skipped));
  };
  std::string header;
  bool is_in_body = false;
  for (const auto& piece : mail) {
    if (is_in_body) {
      add_body(piece.bytes());
      continue;
    }
    const auto before = header.size();
    header += piece.bytes();
    const auto end = header.find("\r\n\r\n", before - std::min<std::size_t>(before, 3));
    if (end == std::string::npos) continue;
    is_in_body = true;
    const auto header_size = end + 2 * crlf.size();
    add_body(piece.bytes().substr(header_size - before));
    header.resize(header_size);
  }
  digest_header(header, out);
  out.body = body.finish();
  return out;
}

std::string signature(const std::string& domain, const DkimSigner::Identity& identity,
                      const Digested& digested, Time time) {
  auto field = fmt::format(
      "DKIM-Signature: v=1; a={}; c=relaxed/relaxed;\r\n d={}; s={};\r\n t={};\r\n h={};\r\n bh={};\r\n b=",
      to_string(identity.key.algorithm()), domain, identity.selector,
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count(), digested.names,
      to_base64(digested.body));
  auto signed_bytes = digested.fields;
  append_relaxed_field(field, signed_bytes);  // as it is before it says its b= (RFC 6376 §3.7)
  const auto value = to_base64(identity.key.sign(sha256(signed_bytes)));
  constexpr std::size_t in_a_line = 72;
  for (std::size_t at = 0; at < value.size(); at += in_a_line)
    field.append(at == 0 ? "" : "\r\n ").append(value, at, in_a_line);
  return field.append(crlf);
}

}  // namespace

void BodyHash::add(std::string_view bytes) {
  canonical_.clear();
  body_.add(bytes, canonical_);
  hash_.add(canonical_);
}

std::string BodyHash::finish() {
  canonical_.clear();
  body_.finish(canonical_);
  hash_.add(canonical_);
  return hash_.finish();
}

BodyStart hash_start(std::span<const std::string_view> pieces) {
  BodyStart start;
  for (const auto piece : pieces) {
    start.hash.add(piece);
    start.size += piece.size();
  }
  return start;
}

DkimSigner::DkimSigner(std::string domain, Identity rsa, std::optional<Identity> ed25519)
    : domain_(std::move(domain)) {
  if (rsa.key.algorithm() != DkimAlgorithm::rsa_sha256 ||
      (ed25519 && ed25519->key.algorithm() != DkimAlgorithm::ed25519_sha256))
    throw std::logic_error("a DKIM key of the wrong kind");
  identities_.push_back(std::move(rsa));
  if (ed25519) identities_.push_back(*std::move(ed25519));
}

std::string DkimSigner::sign(std::span<const WireText> mail, const BodyStart& start, Time time) const {
  const auto digested = digest(mail, start);
  std::string out;
  for (const auto& identity : identities_) out += signature(domain_, identity, digested, time);
  return out;
}

std::vector<DkimRecord> DkimSigner::records() const {
  std::vector<DkimRecord> out;
  for (const auto& [selector, key] : identities_)
    out.push_back({dkim_record_name(selector, domain_), key.record()});
  return out;
}

std::string dkim_record_name(std::string_view selector, std::string_view domain) {
  return fmt::format("{}._domainkey.{}", selector, domain);
}

}  // namespace crier
