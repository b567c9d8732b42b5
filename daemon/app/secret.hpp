// Secrets: read from a file (`…_file: PATH`) or from systemd's credentials (`credential:NAME`).
// Never logged, never printed; messages name the file only.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace crier {

/// Whether what should name a file or a credential is a secret itself, pasted there: a key in PEM, or
/// whsec_…. Reading it fails with a message that does not repeat it.
bool is_pasted_secret(std::string_view reference);

/// The content without the line end. A file that others may read is refused.
Result<std::string> read_secret(std::string_view reference);

/// The same of a secret of several lines, such as a key in PEM, as it stands.
Result<std::string> read_secret_text(std::string_view reference);

}  // namespace crier
