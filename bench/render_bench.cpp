#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>

#include <boost/json.hpp>
#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "app/exit_codes.hpp"
#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/files.hpp"
#include "benches.hpp"
#include "measure.hpp"
#include "options.hpp"
#include "render/dkim.hpp"
#include "render/mail_form.hpp"
#include "render/mime.hpp"
#include "render/template.hpp"

namespace crier::bench {
namespace {

namespace json = boost::json;

struct Options {
  std::int64_t size = 30'000;
  std::int64_t messages = 1'000'000;
};

TemplateFiles shipped_files() {
  TemplateFiles files;
  for (const auto& entry : std::filesystem::directory_iterator(CRIER_BENCH_FOLDER "/../templates"))
    files.emplace(entry.path().filename().string(), read_file(entry.path(), 1U << 20).value());
  return files;
}

std::shared_ptr<const TemplateSet> templates_of(const TemplateFiles& files) {
  Diagnostics diagnostics;
  auto templates = TemplateSet::from_files(files, "templates", diagnostics);
  if (!templates) throw std::runtime_error(to_string(diagnostics.list().front()));
  return templates;
}

// The templates we ship, with a greeting and more links to unsubscribe: eleven slots with those of the
// headers.
std::shared_ptr<const TemplateSet> personal_templates() {
  auto files = shipped_files();
  auto& html = files["_masthead.html.mustache"];
  html +=
      "<tr><td title=\"{{reader_name}}\">Good morning {{reader_name}}, this is what you follow.</td></tr>\n"
      "<tr><td><a href=\"{{unsubscribe_url}}\">Not now</a>, <a href=\"{{unsubscribe_url}}\">less often</a> "
      "or <a href=\"{{unsubscribe_url}}\">never again</a></td></tr>\n";
  auto& text = files["alert.txt.mustache"];
  text.insert(0, "Good morning {{reader_name}}, this is what you follow.\n\n");
  return templates_of(files);
}

MailHeaders sample_headers() {
  MailHeaders headers;
  headers.from = {"The Harbour Ledger", "news@ledger.example.org"};
  headers.date = parse_rfc3339("2024-03-15T05:00:00Z").value();
  headers.list_name = "The Harbour Ledger";
  headers.list_id = "alerts.ledger.example.org";
  return headers;
}

struct Person {
  std::string name;
  std::string address;
  std::string message_id;
  std::string unsubscribe_url;

  SlotValues values() const { return {name, address, message_id, unsubscribe_url}; }
};

std::vector<Person> people(std::string_view name) {
  std::vector<Person> out;
  for (int i = 0; i < 1000; ++i)
    out.push_back({fmt::format("{} {}", name, i), fmt::format("reader-{}@example.org", i),
                   fmt::format("0191c7f2b3d4-{}@ledger.example.org", 1'000'000 + i),
                   fmt::format("https://news.ledger.example.org/u/0-{}-{}", 1'000'000 + i,
                               to_hex(sha256(std::to_string(i))).substr(0, 32))});
  return out;
}

const FormReader all_of_them{"You follow tides", true, true};

Content content_of(std::string_view sentence, std::int64_t size, const TemplateSet& templates) {
  Content content;
  content.subject = "Three harbour towns agree to share one tide clock";
  content.site = {"The Harbour Ledger", "https://ledger.example.org/", "1 Pier Road, Saltmere", "#0b4f6c"};
  content.language = "en";
  content.items.push_back({.title = content.subject, .url = "https://ledger.example.org/2024/03/tide-clock"});
  const auto person = people("Amara").front();
  FilledMail filled;
  std::string paragraph;
  for (int i = 0; i < 5; ++i) paragraph += sentence;
  while (std::cmp_less(filled.size, size)) {
    content.items.front().paragraphs.push_back({paragraph});
    const auto form = MailForm::prepare(sample_headers(), content, all_of_them, templates).value();
    if (auto ok = form.fill(person.values(), filled); !ok) throw std::runtime_error(ok.error().message);
  }
  return content;
}

// Microseconds for each of `times` runs.
double us_each(std::int64_t times, const std::function<void(std::size_t)>& work) {
  const auto seconds = seconds_of([&] {
    for (std::int64_t i = 0; i < times; ++i) work(static_cast<std::size_t>(i));
  });
  return seconds * 1e6 / static_cast<double>(times);
}

MailForm prepare(const Content& content, const TemplateSet& templates) {
  return MailForm::prepare(sample_headers(), content, all_of_them, templates).value();
}

void fill(const MailForm& form, const Person& person, FilledMail& filled) {
  if (auto ok = form.fill(person.values(), filled); !ok) throw std::runtime_error(ok.error().message);
}

double fill_us(const MailForm& form, const std::vector<Person>& readers, std::int64_t messages) {
  FilledMail filled;
  return us_each(messages, [&](std::size_t i) { fill(form, readers[i % readers.size()], filled); });
}

// How many pieces of a message are its reader's own.
std::int64_t slots_of(const MailForm& form, const std::vector<Person>& readers) {
  FilledMail one;
  FilledMail other;
  fill(form, readers.front(), one);
  fill(form, readers.back(), other);
  std::int64_t slots = 0;
  for (std::size_t i = 0; i < one.pieces.size(); ++i)
    if (one.pieces[i].bytes().data() != other.pieces[i].bytes().data()) ++slots;
  return slots;
}

std::size_t size_of(const MailForm& form, const Person& person) {
  FilledMail filled;
  fill(form, person, filled);
  return filled.size;
}

// RSA over all bytes of a message in one call, as a library without DKIM would sign it.
class OneShot {
 public:
  explicit OneShot(const std::string& pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    key_.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  }

  void sign(std::string_view message) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    std::array<unsigned char, 512> out{};
    std::size_t size = out.size();
    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), out.data(), &size,
                       reinterpret_cast<const unsigned char*>(message.data()), message.size()) != 1)
      throw std::runtime_error("OpenSSL cannot sign");
  }

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_{nullptr, EVP_PKEY_free};
};

// Mails of the templates we ship, whose first slot is the link at the foot of the text.
json::object sign_figures(const Content& content, std::int64_t times) {
  const auto form = prepare(content, *templates_of(shipped_files()));
  const auto readers = people("Amara Obi");
  FilledMail filled;
  fill(form, readers.front(), filled);
  const auto start = hash_start(form.body_start());
  const auto rsa = DkimKey::make(DkimAlgorithm::rsa_sha256);
  const DkimSigner one("ledger.example.org", {"s2026", rsa}, std::nullopt);
  const DkimSigner both("ledger.example.org", {"s2026", rsa},
                        DkimSigner::Identity{"e2026", DkimKey::make(DkimAlgorithm::ed25519_sha256)});
  const Time time{};
  const auto sign_us = [&](const DkimSigner& signer, const BodyStart& from) {
    return us_each(times, [&](std::size_t) { signer.sign(filled.pieces, from, time); });
  };
  const auto message = filled.joined();
  const auto body = std::string_view(message).substr(message.find("\r\n\r\n") + 4);
  const auto hash_us = [&](const BodyStart& from) {
    return us_each(10 * times, [&](std::size_t) {
      auto hash = from.hash;
      hash.add(body.substr(from.size));
      hash.finish();
    });
  };
  const OneShot one_shot(rsa.pem());
  return {{"size", filled.size},
          {"shared_start", start.size},
          {"rsa_us", sign_us(one, start)},
          {"rsa_whole_us", sign_us(one, {})},
          {"rsa_and_ed25519_us", sign_us(both, start)},
          {"body_hash_us", hash_us(start)},
          {"body_hash_whole_us", hash_us({})},
          {"one_shot_us", us_each(times, [&](std::size_t) { one_shot.sign(message); })}};
}

}  // namespace

int render_bench(const Words& words) {
  Options options;
  if (!read_options(words, {{"--size", &options.size}, {"--messages", &options.messages}}))
    return complain(words, "Usage: crier-bench render [--size BYTES] [--messages N]\n");
  constexpr std::int64_t few = 500;  // runs of what takes long
  const auto templates = personal_templates();
  const auto latin = content_of(
      "The councils of three towns on the North Coast voted to run their ferries by a single tide table. ",
      options.size, *templates);
  const auto russian = content_of("Три портовых города договорились жить по одним приливным часам. ",
                                  options.size, *templates);
  const auto form = prepare(latin, *templates);
  const auto plain = people("Amara Obi");
  const auto accented = people("Amara Ọláwálé");

  const auto filling = fill_us(form, plain, options.messages);
  const auto templating = us_each(few, [&](std::size_t) {
    templates->render(TemplateFormat::html, latin, all_of_them);
    templates->render(TemplateFormat::text, latin, all_of_them);
  });
  const auto shown = form.show(plain.front().values()).value();
  const auto encoding = us_each(few, [&](std::size_t) {
    to_quoted_printable(shown.html);
    to_quoted_printable(shown.text);
  });
  const json::object out{
      {"bench", "render"},
      {"size", size_of(form, plain.front())},
      {"slots", slots_of(form, plain)},
      {"messages", options.messages},
      {"prepare_us", us_each(few, [&](std::size_t) { prepare(latin, *templates); })},
      {"fill_us", filling},
      {"fill_accented_us", fill_us(form, accented, options.messages / 10)},
      {"fill_base64_us", fill_us(prepare(russian, *templates), plain, options.messages / 10)},
      {"peers", json::object{{"mustache_us", templating}, {"quoted_printable_us", encoding}}},
      {"ratio", (templating + encoding) / filling},
      {"sign", sign_figures(latin, 2 * few)}};
  fmt::print("{}\n", json::serialize(out));
  return exit_code::ok;
}

}  // namespace crier::bench
