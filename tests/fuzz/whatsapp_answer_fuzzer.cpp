// Answers of the WhatsApp API, as a hostile server may give them. The first two bytes are the status.
#include <cstdint>
#include <cstdlib>

#include "channel/whatsapp.hpp"

using namespace crier;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  HttpResponse response;
  response.status = data[0] % 6 * 100 + data[1] % 100;
  response.body.assign(reinterpret_cast<const char*>(data) + 2, size - 2);
  response.headers = {{"retry-after", response.body.substr(0, 40)}};
  const auto outcome = judge_whatsapp(response, data[0], Time{});
  if (outcome.reply.size() > 1024) std::abort();
  if (outcome.kind == OutcomeKind::delivered && outcome.remote_id.empty()) std::abort();
  clean_template_parameter(response.body);
  return 0;
}
