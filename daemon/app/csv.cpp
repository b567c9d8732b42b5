#include "app/csv.hpp"

#include <string_view>

namespace crier {
namespace {

void put_field(std::string& out, std::string_view field) {
  const bool is_formula =
      !field.empty() && std::string_view("=+-@\t\r").find(field.front()) != std::string_view::npos;
  const bool is_quoted = field.find_first_of("\",\r\n") != std::string_view::npos;
  if (is_quoted) out += '"';
  if (is_formula) out += '\'';
  for (const char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  if (is_quoted) out += '"';
}

}  // namespace

std::string csv_record(std::span<const std::string> fields) {
  std::string out;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) out += ',';
    put_field(out, fields[i]);
  }
  return out + "\r\n";
}

}  // namespace crier
