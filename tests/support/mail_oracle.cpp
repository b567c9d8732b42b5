#include "support/mail_oracle.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <boost/json.hpp>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/files.hpp"

namespace crier::testing {
namespace json = boost::json;

namespace {

std::string text_of(const json::value& value) {
  return std::string(value.as_string());
}

std::vector<std::pair<std::string, std::string>> pairs_of(const json::value& value) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& pair : value.as_array()) out.emplace_back(text_of(pair.at(0)), text_of(pair.at(1)));
  return out;
}

}  // namespace

std::string ReadMail::header(std::string_view name) const {
  std::string found = "(none)";
  for (const auto& [key, value] : headers)
    if (key == name) found = found == "(none)" ? value : "(several)";
  return found;
}

std::vector<ReadMail> read_with_python(const std::vector<std::string>& messages) {
  json::array input;
  for (const auto& message : messages) input.emplace_back(to_base64(message));
  const auto folder = std::filesystem::temp_directory_path() / ("crier-oracle-" + to_hex(random_bytes(8)));
  if (auto ok = write_file_atomically(folder / "in.json", json::serialize(input)); !ok)
    throw std::runtime_error(ok.error().message);
  const auto command = "/usr/bin/python3 '" CRIER_SOURCE_DIR "/tests/support/mail_oracle.py' < '" +
                       (folder / "in.json").string() + "' > '" + (folder / "out.json").string() + "'";
  const int status = std::system(command.c_str());
  const auto output = read_file(folder / "out.json", 64U << 20);
  std::filesystem::remove_all(folder);
  if (status != 0 || !output) throw std::runtime_error("the Python mail reader failed");
  std::vector<ReadMail> mails;
  const auto parsed = json::parse(*output);
  for (const auto& mail : parsed.as_array()) {
    ReadMail read{pairs_of(mail.at("headers")), pairs_of(mail.at("from")), pairs_of(mail.at("to")),
                  text_of(mail.at("text")),     text_of(mail.at("html")),  {}};
    for (const auto& defect : mail.at("defects").as_array()) read.defects.push_back(text_of(defect));
    mails.push_back(std::move(read));
  }
  return mails;
}

}  // namespace crier::testing
