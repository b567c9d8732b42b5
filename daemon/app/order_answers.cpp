#include "app/order_answers.hpp"

#include <boost/json.hpp>

#include "app/exit_codes.hpp"
#include "app/line_view.hpp"
#include "base/time.hpp"
#include "db/sqlite.hpp"
#include "dispatch/courier.hpp"

namespace crier {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

Result<Order> read_order(const json::object& object) {
  const auto act = parse_act(text_of(object, "act"));
  if (!act) return Error{"there is no such order"};
  auto target = parse_target(text_of(object, "kind"), text_of(object, "name"));
  if (!target) return target.error();
  const auto* lasts = object.if_contains("lasts_ms");
  return Order{*act, *std::move(target), text_of(object, "why"), text_of(object, "who"),
               Duration(lasts != nullptr && lasts->is_int64() ? lasts->as_int64() : 0)};
}

std::string error_json(std::string_view message, int code = exit_code::missing_input) {
  return json::serialize(json::object{{"error", message}, {"code", code}});
}

json::object lines_json(const Courier& courier) {
  json::array lines;
  for (const auto& line : courier.lines()) lines.push_back(to_json(line));
  return {{"lines", std::move(lines)}};
}

json::object counts_json(const std::map<std::string, std::int64_t>& counts) {
  json::object out;
  for (const auto& [reason, count] : counts) out[reason] = count;
  return out;
}

}  // namespace

json::object to_json(const Order& order) {
  return {{"act", to_string(order.act)},
          {"kind", to_string(order.target.kind)},
          {"name", order.target.name},
          {"why", order.why},
          {"who", order.who},
          {"lasts_ms", order.lasts.count()}};
}

json::object to_json(const CarriedOut& carried) {
  const auto& [report, endings, unended, batch] = carried;
  const auto& order = report.order;
  json::object out{{"act", to_string(order.act)},
                   {"target", to_string(order.target)},
                   {"why", order.why},
                   {"who", order.who},
                   {"result", result_of(carried)}};
  if (order.act == Act::retry) {
    out["due_now"] = report.due_now;
    out["held"] = report.held;
  }
  if (report.until) out["until"] = to_rfc3339(std::chrono::floor<std::chrono::seconds>(*report.until));
  if (order.act != Act::drop) return out;
  out["stopped"] = carried.stopped();
  out["may_have_arrived"] = report.in_doubt;
  out["under_way"] = {{"deliveries", report.under_way.size()},
                      {"left", endings.left},
                      {"stopped", endings.stopped},
                      {"failed", endings.failed},
                      {"ambiguous", endings.ambiguous},
                      {"unended", unended}};
  if (batch)
    out["batch"] = {{"matched", batch->tally.matched},
                    {"delivered", batch->tally.delivered},
                    {"suppressed", counts_json(batch->tally.suppressed)},
                    {"queued", batch->tally.queued},
                    {"failed", counts_json(batch->tally.failed)},
                    {"balanced", batch->balances()}};
  return out;
}

std::string lines_question() {
  return R"({"ask":"lines"})";
}

boost::asio::awaitable<std::string> answer_question(OrderDesk& desk, Courier& courier, std::string line) {
  boost::system::error_code failed;
  const auto question = json::parse(line, failed);
  if (failed || !question.is_object()) co_return error_json("that is no question", exit_code::internal);
  const auto& object = question.as_object();
  if (text_of(object, "ask") == "lines") co_return json::serialize(lines_json(courier));
  const auto* said = object.if_contains("order");
  if (said == nullptr || !said->is_object()) co_return error_json("that is no question", exit_code::internal);
  auto order = read_order(said->as_object());
  if (!order) co_return error_json(order.error().message);
  std::string failure;
  Result<CarriedOut> carried = Error{};
  try {
    carried = co_await desk.carry_out(*std::move(order));
  } catch (const SqliteError& e) {
    failure = e.what();
  }
  if (!failure.empty()) co_return error_json(failure, exit_code::io);
  if (!carried) co_return error_json(carried.error().message);
  co_return json::serialize(to_json(*carried));
}

}  // namespace crier
