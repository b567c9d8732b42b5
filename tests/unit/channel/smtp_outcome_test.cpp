#include "channel/smtp_outcome.hpp"

#include <catch2/catch.hpp>

#include "net/smtp_reply.hpp"

using namespace crier;

namespace {

Outcome outcome_of(SmtpStage stage, const std::string& bytes) {
  SmtpReplyParser parser;
  std::string_view left = bytes;
  REQUIRE(parser.feed(left) == SmtpReplyParser::Progress::complete);
  return to_outcome(judge(stage, parser.take()));
}

}  // namespace

TEST_CASE("a result says who is at fault") {
  const auto nobody = outcome_of(SmtpStage::recipient, "550 5.1.1 nobody\r\n");
  REQUIRE(nobody.kind == OutcomeKind::refused);
  REQUIRE_FALSE(nobody.blames_sender);
  REQUIRE(nobody.reason == "smtp-5.1.1");
  REQUIRE(nobody.reply == "550 5.1.1 nobody");
  const auto nobody_later = outcome_of(SmtpStage::body, "550 5.1.1 nobody\r\n");
  REQUIRE(nobody_later.kind == OutcomeKind::refused);
  REQUIRE_FALSE(nobody_later.blames_sender);
  const auto message = outcome_of(SmtpStage::body, "554 5.6.0 odd message\r\n");
  REQUIRE(message.kind == OutcomeKind::refused);
  REQUIRE(message.blames_sender);
  const auto vague = outcome_of(SmtpStage::body, "554 we do not like it\r\n");
  REQUIRE(vague.kind == OutcomeKind::retry_later);
  REQUIRE(vague.about_delivery);
  REQUIRE_FALSE(outcome_of(SmtpStage::body, "421 closing\r\n").about_delivery);
  REQUIRE_FALSE(outcome_of(SmtpStage::mail, "451 not now\r\n").about_delivery);
  REQUIRE_FALSE(vague.blames_sender);
  const auto reputation = outcome_of(SmtpStage::recipient, "550 5.7.1 blocked\r\n");
  REQUIRE(reputation.kind == OutcomeKind::retry_later);
  REQUIRE(reputation.blames_sender);
  REQUIRE(reputation.about_delivery);  // it may be this reader's wish
  REQUIRE_FALSE(outcome_of(SmtpStage::mail, "550 5.7.1 blocked\r\n").about_delivery);
  const auto grey = outcome_of(SmtpStage::recipient, "451 4.7.1 greylisted\r\n");
  REQUIRE(grey.kind == OutcomeKind::retry_later);
  REQUIRE_FALSE(grey.blames_sender);
  REQUIRE(grey.reason == "smtp-4.7.1");
}
