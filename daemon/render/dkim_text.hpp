// The texts that DKIM signs and is written in: header fields, their canonical forms and that of a body, lists
// of tags (RFC 6376 §3.2, §3.4). The parts of signing and checking; pure, any thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace crier {

/// The fields of a header, up to its empty line or its end, each as it stands but for its last line end. A
/// line that is no field is left out.
std::vector<std::string_view> header_fields(std::string_view header);

/// In lower case, without the white space before the colon.
std::string field_name(std::string_view field);

/// A field of header_fields in its relaxed form, without a line end (RFC 6376 §3.4.2).
void append_relaxed_field(std::string_view field, std::string& out);

/// Gives a body its relaxed form (RFC 6376 §3.4.4), piece by piece, wherever the pieces are cut. A copy goes
/// on from where the original is.
class RelaxedBody {
 public:
  /// Appends what is certain whatever follows.
  void add(std::string_view bytes, std::string& out);
  /// The body has ended: appends its last line end, if it has a line.
  void finish(std::string& out);

 private:
  void put_withheld(std::string& out);

  // What was read and not appended, in this order: line ends, white space, CR.
  std::size_t breaks_ = 0;
  bool has_space_ = false;
  bool has_cr_ = false;
  bool has_content_ = false;
};

/// A list of tags, "v=1; a=…;" (RFC 6376 §3.2), by name. White space around names and values is gone, that
/// within a value is not. An Error for what is no list, and for a name that comes twice.
Result<std::map<std::string, std::string, std::less<>>> parse_tags(std::string_view list);

/// Without spaces, tabs, CR and LF, which may stand within a tag's value and mean nothing in most.
std::string without_space(std::string_view value);

}  // namespace crier
