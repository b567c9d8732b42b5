// Any bytes as a signed mail, as the records that its keys are in, and as a body cut anywhere. Up to the
// first
// "\f" the input is records, the rest the mail.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "render/dkim_check.hpp"
#include "render/mime.hpp"

using namespace crier;

namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = std::min(input.find('\f'), input.size());
  const auto text = input.substr(0, end);
  const auto raw = input.substr(std::min(end + 1, input.size()));
  auto records = read_dkim_records(text).has_value() ? read_dkim_records(text).value()
                                                     : std::vector<DkimRecord>{{{}, std::string(text)}};
  const Time now{std::chrono::seconds(1'795'417'200)};
  const auto kept = as_signed(std::string(raw));
  require(as_signed(kept) == kept);
  for (const auto& mail : {std::string(raw), with_crlf(raw), kept}) {
    for (const auto& verdict : check_dkim(mail, records, now)) {
      const bool passes = verdict.kind == DkimVerdict::Kind::pass;
      require(passes == verdict.reason.empty());
      require(!passes || !(verdict.domain.empty() || verdict.selector.empty()));
    }
    // Without a key nothing passes.
    for (const auto& verdict : check_dkim(mail, {}, now)) require(verdict.kind != DkimVerdict::Kind::pass);
  }

  BodyHash whole;
  whole.add(raw);
  BodyHash begin;
  const auto cut = size == 0 ? 0 : data[size - 1] * raw.size() / 255;
  begin.add(raw.substr(0, cut));
  auto both = begin;
  both.add(raw.substr(cut));
  require(whole.finish() == both.finish());
  return 0;
}
