// One request and its answer on an open stream, each step under its own limit.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/client/client_options.hpp"
#include "net/client/response_reader.hpp"
#include "net/client/reuse.hpp"
#include "net/client/stream.hpp"
#include "net/task.hpp"

namespace digester::net {

// A request as it goes out. Shared by the exchanges that race for its answer.
struct Outgoing {
  std::string bytes;  // head and body
  Method method = Method::get;
  std::string peer;  // names the other side in errors
  ReaderLimits limits;
  SteadyTime deadline;
  Duration head_limit;
  Duration body_limit;
  // Set for a stream: takes a 2xx answer's body, under the limit for silence in place of that for the body.
  HttpClient::OnBody on_body = {};
  Duration silence_limit{0};
};

// What somebody who races this exchange may want to know while it runs.
struct Progress {
  bool first_byte = false;
};

struct Exchanged {
  Result<Response> response;
  ExchangeFacts facts;
  // The connection ended or broke before any byte of an answer: a reused one was closed while it idled.
  bool no_answer = false;
};

// The request text: "GET /path HTTP/1.1", Host and User-Agent, the fields, and where there is a body
// Content-Length and it. `target` is the path, or the whole URL for a plain http proxy. `invalid` if a field
// or the target holds something that must not be there (a line break above all). Cookies and fields that
// belong to the connection are left out.
Result<std::string> request_text(const Request& request, const std::string& target,
                                 const std::string& user_agent, const std::string& proxy_authorization);

Task<Exchanged> exchange(Stream& stream, std::shared_ptr<const Outgoing> request,
                         std::shared_ptr<Progress> progress);

}  // namespace digester::net
