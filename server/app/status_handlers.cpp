#include "app/status_handlers.hpp"

#include <string_view>

namespace digester::app {
namespace {

constexpr std::string_view kPlain = "text/plain; charset=utf-8";

// True when the request may be answered; otherwise 405 is in `response`.
bool is_read(const net::ServerRequest& request, net::ServerResponse& response) {
  response.content_type = kPlain;
  if (request.method == "GET" || request.method == "HEAD") return true;
  response.status = 405;
  response.add_field("Allow", "GET, HEAD");
  response.body = "method not allowed\n";
  return false;
}

void not_found(net::ServerResponse& response, std::string_view what) {
  response.status = 404;
  response.body.assign("not found: ").append(what).push_back('\n');
}

}  // namespace

bool HealthHandler::try_handle(net::ServerRequest& request, net::ServerResponse& response) {
  if (!is_read(request, response)) return true;
  if (request.path == "/healthz") {
    response.body = "ok\n";
  } else if (request.path == "/readyz") {
    const bool ready = ready_ && !draining_;
    response.status = ready ? 200 : 503;
    response.body = ready ? "ok\n" : "not ready\n";
  } else {
    not_found(response, "here are /healthz and /readyz");
  }
  return true;
}

net::Task<> HealthHandler::handle(net::ServerRequest& request, net::ServerResponse& response) {
  try_handle(request, response);
  co_return;
}

bool MetricsHandler::try_handle(net::ServerRequest& request, net::ServerResponse& response) {
  if (!is_read(request, response)) return true;
  if (request.path == "/metrics") {
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = metrics_->exposition();
  } else {
    not_found(response, "here is /metrics");
  }
  return true;
}

net::Task<> MetricsHandler::handle(net::ServerRequest& request, net::ServerResponse& response) {
  try_handle(request, response);
  co_return;
}

}  // namespace digester::app
