#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <span>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/secret.hpp"
#include "app/story_input.hpp"
#include "base/clock.hpp"
#include "base/files.hpp"
#include "base/suggest.hpp"
#include "base/unicode.hpp"
#include "render/dkim_check.hpp"

namespace crier {
namespace {

namespace json = boost::json;

constexpr std::uint64_t max_mail_bytes = 64U << 20;
constexpr std::uint64_t max_records_bytes = 1U << 20;

// A text of the DNS has at most 255 bytes, a record as many texts as it needs (RFC 1035 §3.3.14).
std::vector<std::string> dns_texts(std::string_view value) {
  constexpr std::size_t longest = 255;
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < value.size(); at += longest) texts.emplace_back(value.substr(at, longest));
  return texts;
}

json::object record_object(const DkimRecord& record) {
  return {
      {"name", record.name}, {"value", record.value}, {"texts", json::value_from(dns_texts(record.value))}};
}

void print_records(std::span<const DkimRecord> records) {
  fmt::print("; Publish {}. Where a form asks for the value, it is what stands in quotes, put together.\n",
             records.size() == 1 ? "this record" : "these records");
  for (const auto& record : records) {
    fmt::print("{}. IN TXT", record.name);
    for (const auto& text : dns_texts(record.value)) fmt::print(" \"{}\"", text);
    fmt::print("\n");
  }
}

// The name of the record that --selector and --domain make; nullopt when they are none, which is said.
std::optional<std::string> record_name(const CommandLine& line) {
  const auto read = [&](const char* option) -> std::optional<std::string> {
    auto name = domain_to_ascii(*line.get(option));
    if (name) return *std::move(name);
    line.usage_error(fmt::format("--{}: {}", option, name.error().message));
    return std::nullopt;
  };
  const auto selector = read("selector");
  const auto domain = selector ? read("domain") : std::nullopt;
  return domain ? std::optional(dkim_record_name(*selector, *domain)) : std::nullopt;
}

int keygen_command(const Words& words) {
  CommandLine line("dkim keygen", "--selector S --domain D --out FILE [--type rsa|ed25519]",
                   "Makes a private key that mails of the domain D are signed with (channels.email.dkim) and "
                   "prints the\nTXT record to publish. Only its owner may read FILE; one that is there is "
                   "never overwritten.");
  line.option("selector", "S", "the key's name under the domain, like s2026")
      .option("domain", "D", "the domain of the sender's address, or one above or below it")
      .option("out", "FILE", "where the private key goes")
      .option("type", "rsa|ed25519", "rsa (2,048 bits, the default), or ed25519 as a second key beside it")
      .flag("json", "print JSON");
  if (const auto code = line.read(words, 0, 0)) return *code;
  for (const auto* needed : {"selector", "domain", "out"})
    if (line.get(needed).value_or("").empty()) return line.usage_error(fmt::format("it needs --{}", needed));
  const auto type = line.get("type").value_or("rsa");
  if (type != "rsa" && type != "ed25519") return line.usage_error("--type must be rsa or ed25519");
  const auto name = record_name(line);
  if (!name) return exit_code::usage;
  const auto file = *line.get("out");
  const auto key = DkimKey::make(type == "rsa" ? DkimAlgorithm::rsa_sha256 : DkimAlgorithm::ed25519_sha256);
  const auto written = write_new_file(file, key.pem(), 0600);
  std::error_code ignored;
  if (!written && std::filesystem::exists(file, ignored))
    return line.fail(exit_code::io, file +
                                        " is there already and stays as it is; crier dkim record prints the "
                                        "record of a key that is there");
  if (!written) return line.fail(exit_code::io, written.error().message);
  const std::array records{DkimRecord{*name, key.record()}};
  if (line.json()) {
    auto object = record_object(records.front());
    object["file"] = file;
    fmt::print("{}\n", json::serialize(object));
  } else {
    print_records(records);
  }
  return exit_code::ok;
}

// The record of the private key in a file, or the exit code.
std::optional<DkimRecord> record_of_file(const CommandLine& line, int& code) {
  code = exit_code::usage;
  for (const auto* needed : {"selector", "domain", "key-file"}) {
    if (!line.get(needed).value_or("").empty()) continue;
    line.usage_error(fmt::format("it needs --{}, or none of these", needed));
    return std::nullopt;
  }
  auto name = record_name(line);
  if (!name) return std::nullopt;
  const auto file = *line.get("key-file");
  const auto pem = read_secret_text(file);
  if (!pem) {
    code = line.fail(exit_code::missing_input, pem.error().message);
    return std::nullopt;
  }
  const auto key = DkimKey::read(*pem);
  if (key) return DkimRecord{*std::move(name), key->record()};
  code = line.fail(exit_code::bad_data, fmt::format("{} {}", file, key.error().message));
  return std::nullopt;
}

// Those of the keys that mails are signed with, or the exit code.
std::optional<std::vector<DkimRecord>> configured_records(const CommandLine& line, std::string_view instead,
                                                          int& code) {
  const auto config = load_settings_or_complain(line, code);
  if (!config) return std::nullopt;
  if (config->email && config->email->dkim) return config->email->dkim->records();
  code = line.fail(exit_code::configuration, fmt::format("channels.email.dkim is not set; {}", instead));
  return std::nullopt;
}

int record_command(const Words& words) {
  CommandLine line(
      "dkim record", "[--selector S --domain D --key-file FILE]",
      "Prints the TXT records to publish, of the keys of the configuration (channels.email.dkim) "
      "or of a private\nkey in a file.");
  line.option("selector", "S", "the key's name under the domain, like s2026")
      .option("domain", "D", "the domain that mails are signed for")
      .option("key-file", "FILE", "the private key")
      .common();
  if (const auto code = line.read(words, 0, 0)) return *code;
  int code = exit_code::ok;
  std::optional<std::vector<DkimRecord>> records;
  if (!line.has("selector") && !line.has("domain") && !line.has("key-file"))
    records = configured_records(line, "name a key with --selector, --domain and --key-file", code);
  else if (auto record = record_of_file(line, code))
    records.emplace({*std::move(record)});
  if (!records) return code;
  if (line.json()) {
    json::array listed;
    for (const auto& record : *records) listed.push_back(record_object(record));
    fmt::print("{}\n", json::serialize(listed));
  } else {
    print_records(*records);
  }
  return exit_code::ok;
}

// The records to check with, or the exit code.
std::optional<std::vector<DkimRecord>> records_for(const CommandLine& line, int& code) {
  if (const auto file = line.get("key")) {
    const auto text = read_file(*file, max_records_bytes);
    if (!text) {
      code = line.fail(exit_code::missing_input, text.error().message);
      return std::nullopt;
    }
    auto records = read_dkim_records(*text);
    if (records && !records->empty()) return *std::move(records);
    code = line.fail(exit_code::bad_data,
                     *file + ": " + (records ? "holds no key record" : records.error().message));
    return std::nullopt;
  }
  return configured_records(line, "name the published record with --key FILE", code);
}

std::string_view word_for(DkimVerdict::Kind kind) {
  switch (kind) {
    case DkimVerdict::Kind::pass:
      return "pass";
    case DkimVerdict::Kind::fail:
      return "fail";
    case DkimVerdict::Kind::no_key:
      return "no key";
  }
  return "";
}

void print_verdicts(const CommandLine& line, const std::vector<DkimVerdict>& verdicts) {
  json::array listed;
  for (const auto& verdict : verdicts) {
    const auto word = word_for(verdict.kind);
    if (line.json()) {
      listed.push_back({{"result", word},
                        {"domain", verdict.domain},
                        {"selector", verdict.selector},
                        {"algorithm", verdict.algorithm}});
      if (!verdict.reason.empty()) listed.back().as_object()["reason"] = verdict.reason;
      continue;
    }
    fmt::print("{:<7} d={} s={} a={}{}{}\n", word, verdict.domain, verdict.selector, verdict.algorithm,
               verdict.reason.empty() ? "" : ": ", verdict.reason);
  }
  if (line.json())
    fmt::print("{}\n", json::serialize(listed));
  else if (verdicts.empty())
    fmt::print("the mail is not signed\n");
}

int check_signatures(const Words& words) {
  CommandLine line("dkim check", "FILE.eml [--key FILE]",
                   "Checks the DKIM signatures of a mail with the records in a file (as crier dkim keygen or "
                   "dig print\nthem), or with the keys of the configuration. Nothing is looked up in the "
                   "DNS. Exits 0 when one passes\nand none fails, else 1; of a signature without a key "
                   "nothing is known.");
  line.option("key", "FILE", "the key records as published").common();
  if (const auto code = line.read(words, 1, 1)) return *code;
  const auto& file = line.arguments()[0];
  auto content = read_file(file, max_mail_bytes);
  if (!content) return line.fail(exit_code::missing_input, content.error().message);
  const auto mail = as_signed(*std::move(content));
  if (header_fields(mail).empty()) return line.fail(exit_code::bad_data, file + ": is no mail");
  int code = exit_code::ok;
  const auto records = records_for(line, code);
  if (!records) return code;
  const auto verdicts = check_dkim(mail, *records, SystemClock().now());
  print_verdicts(line, verdicts);
  const auto count = [&](DkimVerdict::Kind kind) {
    return std::ranges::count(verdicts, kind, &DkimVerdict::kind);
  };
  const bool is_good = count(DkimVerdict::Kind::pass) > 0 && count(DkimVerdict::Kind::fail) == 0;
  return is_good ? exit_code::ok : exit_code::no_match;
}

struct Subcommand {
  std::string_view name;
  std::string_view purpose;
  int (*run)(const Words&);
};

constexpr std::array subcommands{
    Subcommand{"keygen", "make a key and print the record to publish", keygen_command},
    Subcommand{"record", "print the record of a key again", record_command},
    Subcommand{"check", "check the signatures of a mail", check_signatures},
};

}  // namespace

int dkim_command(const Words& words) {
  const bool asks_help = !words.empty() && (words[0] == "--help" || words[0] == "-h");
  if (words.empty() || asks_help) {
    fmt::print("Usage: crier dkim {{keygen|record|check}} [options]\n\nSigning mails for your domain.\n\n");
    for (const auto& each : subcommands) fmt::print("  {:<7} {}\n", each.name, each.purpose);
    fmt::print("\nEach explains itself: crier dkim keygen --help\n");
    return asks_help ? exit_code::ok : exit_code::usage;
  }
  const auto found = std::ranges::find(subcommands, words[0], &Subcommand::name);
  if (found == subcommands.end()) {
    std::vector<std::string_view> known;
    for (const auto& each : subcommands) known.push_back(each.name);
    fmt::print(stderr, "crier dkim: there is no \"{}\"{}\nTry: crier dkim --help\n", words[0],
               did_you_mean(words[0], known));
    return exit_code::usage;
  }
  return found->run({words.begin() + 1, words.end()});
}

}  // namespace crier
