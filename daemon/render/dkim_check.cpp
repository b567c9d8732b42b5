#include "render/dkim_check.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/core.h>

#include "base/encoding.hpp"

namespace crier {
namespace {

using Tags = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view crlf = "\r\n";

struct Mail {
  std::vector<std::string_view> fields;
  std::vector<std::string> names;  // of these
  std::string_view body;
};

Mail split(std::string_view text) {
  Mail mail;
  const auto end = text.starts_with(crlf) ? 0 : text.find("\r\n\r\n");
  mail.fields = header_fields(text.substr(0, end));
  for (const auto field : mail.fields) mail.names.push_back(field_name(field));
  if (end != std::string_view::npos) mail.body = text.substr(end + (end == 0 ? 2 : 4));
  return mail;
}

// A signature that says all that it must, in words that are understood.
struct Signature {
  std::string_view field;
  Tags tags;
  std::string hash;   // bh=
  std::string value;  // b=
  bool is_header_relaxed = false;
  bool is_body_relaxed = false;
};

std::string tag(const Tags& tags, std::string_view name) {
  const auto found = tags.find(name);
  return found == tags.end() ? std::string() : without_space(found->second);
}

bool is_under(std::string_view name, std::string_view domain) {
  return name == domain || (name.ends_with(domain) && name.size() > domain.size() &&
                            name[name.size() - domain.size() - 1] == '.');
}

std::vector<std::string> signed_names(const Tags& tags) {
  std::vector<std::string> names;
  const auto list = to_lower_ascii(tag(tags, "h"));
  for (std::size_t from = 0; from <= list.size();) {
    const auto end = std::min(list.find(':', from), list.size());
    names.push_back(list.substr(from, end - from));
    from = end + 1;
  }
  return names;
}

std::optional<std::int64_t> seconds_in(const Tags& tags, std::string_view name) {
  const auto text = tag(tags, name);
  std::int64_t out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

// What is wrong with the signature itself; empty when nothing is.
std::string read_signature(Signature& signature, Time now) {
  const auto& tags = signature.tags;
  for (const auto* name : {"v", "a", "b", "bh", "d", "h", "s"})
    if (tag(tags, name).empty()) return fmt::format("there is no {}=", name);
  if (tag(tags, "v") != "1") return "v= is not 1";
  const auto algorithm = tag(tags, "a");
  if (algorithm == "rsa-sha1") return "rsa-sha1 can be forged (RFC 8301)";
  if (algorithm != to_string(DkimAlgorithm::rsa_sha256) &&
      algorithm != to_string(DkimAlgorithm::ed25519_sha256))
    return "a= is neither rsa-sha256 nor ed25519-sha256";
  const auto forms = tag(tags, "c");
  if (forms != "" && forms != "simple" && forms != "relaxed" && forms != "simple/simple" &&
      forms != "simple/relaxed" && forms != "relaxed/simple" && forms != "relaxed/relaxed")
    return "c= names no known canonical form";
  signature.is_header_relaxed = forms.starts_with("relaxed");
  signature.is_body_relaxed = forms.ends_with("/relaxed");
  if (std::ranges::count(signed_names(tags), "from") == 0) return "From is not signed";
  if (tags.contains("l")) return "l= leaves the end of the body unsigned";
  const auto identity = to_lower_ascii(tag(tags, "i"));
  if (!identity.empty() &&
      !is_under(identity.substr(identity.rfind('@') + 1), to_lower_ascii(tag(tags, "d"))))
    return "i= is not of the domain of d=";
  if (tags.contains("x")) {
    const auto expires = seconds_in(tags, "x");
    if (!expires) return "x= is no time";
    if (*expires < std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count())
      return "it has expired (x=)";
  }
  const auto hash = from_base64(tag(tags, "bh"));
  const auto value = from_base64(tag(tags, "b"));
  if (!hash || !value) return "bh= or b= is not in base64";
  signature.hash = *hash;
  signature.value = *value;
  return {};
}

// RFC 6376 §3.4.3.
std::string simple_body_hash(std::string_view body) {
  while (body.ends_with("\r\n\r\n")) body.remove_suffix(2);
  if (body == crlf) body = {};
  auto text = std::string(body);
  if (!text.ends_with(crlf)) text += crlf;
  return sha256(text);
}

std::string body_hash(const Signature& signature, std::string_view body) {
  if (!signature.is_body_relaxed) return simple_body_hash(body);
  BodyHash hash;
  hash.add(body);
  return hash.finish();
}

// The field as it was before it said its b=.
std::string without_value(std::string_view field) {
  auto from = field.find(':') + 1;
  for (;;) {
    const auto end = std::min(field.find(';', from), field.size());
    const auto part = field.substr(from, end - from);
    const auto equals = part.find('=');
    if (without_space(part.substr(0, equals)) == "b")
      return std::string(field.substr(0, from + equals + 1)).append(field.substr(end));
    from = end + 1;
  }
}

// RFC 6376 §5.4.2: of several fields of a name the last is taken first; one that is not there is nothing.
std::string header_hash(const Signature& signature, const Mail& mail) {
  std::string text;
  const auto add = [&](std::string_view field) {
    if (signature.is_header_relaxed)
      append_relaxed_field(field, text);
    else
      text += field;
  };
  auto left = mail.names;
  for (const auto& name : signed_names(signature.tags)) {
    const auto found = std::find(left.rbegin(), left.rend(), name);
    if (name.empty() || found == left.rend()) continue;
    found->clear();
    add(mail.fields[static_cast<std::size_t>(left.rend() - found) - 1]);
    text += crlf;
  }
  add(without_value(signature.field));
  return sha256(text);
}

// Records in zone files may leave out the domain that the zone is of.
bool is_asked_for(std::string_view record, std::string_view name) {
  if (record.empty() || record == name) return true;
  return record.ends_with("._domainkey") && name.starts_with(std::string(record) + ".");
}

// Tries the records one after the other; `verdict` says how the last of them did.
void try_keys(const Signature& signature, const Mail& mail, std::span<const DkimRecord> records,
              DkimVerdict& verdict) {
  const auto name = to_lower_ascii(dkim_record_name(verdict.selector, verdict.domain));
  verdict.kind = DkimVerdict::Kind::no_key;
  verdict.reason = fmt::format("there is no key for {}", name);
  for (const auto& record : records) {
    if (!is_asked_for(record.name, name)) continue;
    const auto fail = [&](std::string reason) {
      verdict.kind = DkimVerdict::Kind::fail;
      verdict.reason = std::move(reason);
    };
    const auto key = DkimPublicKey::read(record.value);
    if (!key) {
      fail("the key record: " + key.error().message);
      continue;
    }
    if (to_string(key->algorithm()) != verdict.algorithm) {
      if (!record.name.empty()) fail("the key record is for another a=");
      continue;
    }
    const auto identity = to_lower_ascii(tag(signature.tags, "i"));
    if (key->is_strict() && !identity.empty() &&
        identity.substr(identity.rfind('@') + 1) != to_lower_ascii(verdict.domain)) {
      fail("the key is for d= itself (t=s), and i= is below it");
    } else if (signature.hash != body_hash(signature, mail.body)) {
      fail("the body is not the one that was signed (bh=)");
    } else if (!key->verifies(header_hash(signature, mail), signature.value)) {
      fail("the header is not the one that was signed, or it was signed by another key (b=)");
    } else {
      verdict.kind = DkimVerdict::Kind::pass;
      verdict.reason.clear();
      return;
    }
  }
}

DkimVerdict check_one(std::string_view field, const Mail& mail, std::span<const DkimRecord> records,
                      Time now) {
  DkimVerdict verdict;
  auto tags = parse_tags(field.substr(field.find(':') + 1));
  if (!tags) {
    verdict.reason = tags.error().message;
    return verdict;
  }
  Signature signature{.field = field, .tags = *std::move(tags), .hash = {}, .value = {}};
  verdict.domain = tag(signature.tags, "d");
  verdict.selector = tag(signature.tags, "s");
  verdict.algorithm = tag(signature.tags, "a");
  verdict.reason = read_signature(signature, now);
  if (verdict.reason.empty()) try_keys(signature, mail, records, verdict);
  // A name in the DNS has at most 253 bytes; what is longer is only to be shown.
  for (auto* text : {&verdict.domain, &verdict.selector, &verdict.algorithm}) *text = to_one_line(*text, 253);
  verdict.reason = to_one_line(verdict.reason, 600);
  return verdict;
}

// The texts in quotes put together, and the first word before them unless there is none.
DkimRecord zone_record(std::string_view entry) {
  DkimRecord record;
  const auto first = entry.find_first_of(" \t\"(");
  record.name = to_lower_ascii(entry.substr(0, first));
  if (record.name.ends_with('.')) record.name.pop_back();
  bool is_quoted = false;
  for (std::size_t i = first; i < entry.size(); ++i) {
    if (entry[i] == '"')
      is_quoted = !is_quoted;
    else if (is_quoted)
      record.value += entry[i] == '\\' && i + 1 < entry.size() ? entry[++i] : entry[i];
  }
  return record;
}

// A line up to its comment, and how many brackets it leaves open. Quotes hide both.
std::pair<std::string, int> zone_line(std::string_view line) {
  bool is_quoted = false;
  int open = 0;
  std::size_t i = 0;
  for (; i < line.size() && (is_quoted || line[i] != ';'); ++i) {
    if (line[i] == '\\' && is_quoted)
      ++i;
    else if (line[i] == '"')
      is_quoted = !is_quoted;
    else if (!is_quoted)
      open += line[i] == '(' ? 1 : line[i] == ')' ? -1 : 0;
  }
  return {std::string(line.substr(0, i)), open};
}

// What `dig +short` prints of a CNAME, before the record that it leads to.
bool is_host_name(std::string_view line) {
  return line.ends_with('.') && line.find_first_of("= \t\"(") == std::string_view::npos;
}

bool is_header_kept_with_lf(std::string_view mail) {
  std::size_t bare = 0;
  std::size_t whole = 0;
  for (auto end = mail.find('\n'); end != std::string_view::npos; end = mail.find('\n')) {
    const bool has_cr = end > 0 && mail[end - 1] == '\r';
    if (end == (has_cr ? 1 : 0)) break;
    ++(has_cr ? whole : bare);
    mail.remove_prefix(end + 1);
  }
  return bare > whole;
}

}  // namespace

std::string as_signed(std::string mail) {
  if (!is_header_kept_with_lf(mail)) return mail;
  std::string out;
  out.reserve(mail.size() + mail.size() / 16);
  for (const char c : mail) {
    if (c == '\n' && !out.ends_with('\r')) out += '\r';
    out += c;
  }
  return out;
}

std::vector<DkimVerdict> check_dkim(std::string_view mail, std::span<const DkimRecord> records, Time now) {
  const auto parts = split(mail);
  std::vector<DkimVerdict> verdicts;
  for (std::size_t i = 0; i < parts.fields.size(); ++i) {
    if (parts.names[i] == "dkim-signature")
      verdicts.push_back(check_one(parts.fields[i], parts, records, now));
  }
  return verdicts;
}

Result<std::vector<DkimRecord>> read_dkim_records(std::string_view text) {
  std::vector<DkimRecord> records;
  std::string entry;  // of a zone file, up to here
  int open = 0;
  for (int number = 1; !text.empty(); ++number) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    if (open == 0 && (line.empty() || line.starts_with(';') || line.starts_with('#'))) continue;
    if (open == 0 && is_host_name(line)) continue;
    if (open == 0 && line.find('"') == std::string_view::npos && line.find('(') == std::string_view::npos) {
      records.push_back({{}, std::string(line)});
    } else {
      const auto [part, opened] = zone_line(line);
      entry += part + " ";
      open = std::max(open + opened, 0);
      if (open > 0 && !text.empty()) continue;
      records.push_back(zone_record(entry));
      entry.clear();
    }
    if (const auto key = DkimPublicKey::read(records.back().value); !key)
      return Error{fmt::format("line {}: {}", number, key.error().message)};
  }
  return records;
}

}  // namespace crier
