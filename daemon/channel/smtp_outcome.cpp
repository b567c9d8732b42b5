#include "channel/smtp_outcome.hpp"

#include <utility>

#include "net/smtp_client.hpp"

namespace crier {
namespace {

// The recipient was already accepted, so what is refused is the message, unless the reply names the mailbox.
bool speaks_of_message(const SmtpResult& result) {
  if (result.stage == SmtpStage::recipient) return false;
  return !result.enhanced.starts_with("5.1.") && !result.enhanced.starts_with("5.2.");
}

}  // namespace

Outcome to_outcome(SmtpResult result) {
  Outcome outcome;
  outcome.reply = std::move(result.text);
  const bool is_answer =
      result.code != 0 && (result.stage == SmtpStage::recipient || result.stage == SmtpStage::data ||
                           result.stage == SmtpStage::body);
  switch (result.verdict) {
    case SmtpVerdict::accepted:
      outcome.kind = OutcomeKind::delivered;
      return outcome;
    case SmtpVerdict::permanent:
      outcome.kind = OutcomeKind::refused;
      outcome.blames_sender = result.stage != SmtpStage::mail ? speaks_of_message(result) : result.code != 0;
      break;
    case SmtpVerdict::sender:
      outcome.blames_sender = true;
      outcome.about_delivery = is_answer;
      break;
    case SmtpVerdict::ambiguous:
      outcome.kind = OutcomeKind::ambiguous;
      break;
    case SmtpVerdict::transient:
      outcome.about_delivery = is_answer && result.code != 421;
      outcome.recalled = result.reason == smtp_recalled;
      outcome.untried = outcome.recalled || result.reason == smtp_stopping;
      break;
    case SmtpVerdict::desync:
      break;
  }
  outcome.reason = std::move(result.reason);
  return outcome;
}

bool is_enough(const SmtpResult& result) {
  return result.stage == SmtpStage::mail && result.enhanced == "4.5.3";
}

bool was_hung_up_on(const SmtpResult& result) {
  const bool before_mail = result.stage == SmtpStage::reset || result.stage == SmtpStage::mail;
  return before_mail && result.verdict == SmtpVerdict::transient && result.reason != "timeout" &&
         result.reason != smtp_stopping && result.reason != smtp_recalled &&
         (result.code == 421 || result.code == 0 || is_enough(result));
}

bool is_full(const SmtpResult& result) {
  return result.code == 421 && result.stage < SmtpStage::reset;
}

}  // namespace crier
