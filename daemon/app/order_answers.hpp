// What is said over the order socket: orders and their answers as JSON, and what the daemon makes of a line.
#pragma once

#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include "dispatch/order_desk.hpp"

namespace crier {

class Courier;

boost::json::object to_json(const Order& order);
/// "act", "target", counts and times; also what `crier outbox … --json` prints.
boost::json::object to_json(const CarriedOut& carried);

/// The question about the lines of the courier: see Courier::lines.
std::string lines_question();

/// One line of a question, to one of an answer: {"order": …}, answered as to_json
/// or {"error": …, "code": exit code}; or
/// lines_question(), answered {"lines": […]}. On the loop.
boost::asio::awaitable<std::string> answer_question(OrderDesk& desk, Courier& courier, std::string line);

}  // namespace crier
