// CSV as spreadsheets and scripts read it (RFC 4180). Pure.
#pragma once

#include <span>
#include <string>

namespace crier {

/// One record with its line end. A field that a spreadsheet would take for a formula gets an apostrophe
/// before it: titles and replies are other people's words.
std::string csv_record(std::span<const std::string> fields);

}  // namespace crier
