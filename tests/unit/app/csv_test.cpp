// CSV: what a spreadsheet reads back is what was written, and it computes nothing.
#include "app/csv.hpp"

#include <vector>

#include <catch2/catch.hpp>

using namespace crier;

namespace {

std::string record(std::vector<std::string> fields) {
  return csv_record(fields);
}

}  // namespace

TEST_CASE("fields are quoted where they have to be") {
  CHECK(record({"a", "", "b c"}) == "a,,b c\r\n");
  CHECK(record({"one, two", "say \"yes\"", "two\nlines"}) ==
        "\"one, two\",\"say \"\"yes\"\"\",\"two\nlines\"\r\n");
}

TEST_CASE("no field is a formula") {
  CHECK(record({"=1+1", "+49", "-1", "@SUM(A1)", "a=b"}) == "'=1+1,'+49,'-1,'@SUM(A1),a=b\r\n");
  CHECK(record({"=HYPERLINK(\"x\")"}) == "\"'=HYPERLINK(\"\"x\"\")\"\r\n");
}
