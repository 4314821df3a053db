// A blocking client that sends exactly the bytes it is given, so that tests can be as slow, as wrong and as
// hostile as they need. Every wait ends after five seconds.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace digester::test {

struct RawResponse {
  unsigned status = 0;
  std::string head;  // status line and fields, as received
  std::string body;
  // The value of a field, "" when there is none. `name` in the case the server writes.
  std::string field(std::string_view name) const;
  bool closes() const { return field("Connection") == "close"; }
};

class RawClient {
 public:
  // Plain HTTP. `receive_buffer` in bytes: small, to be a slow reader; 0 is the system's choice.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0);
  // TLS; the context says what is offered. Throws when the handshake fails.
  RawClient(std::uint16_t port, SSL_CTX* context);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False when the server has closed the connection for writing.
  bool send(std::string_view text);
  // The next response; nothing when the connection ended (or five seconds passed) before one was whole.
  // `to_head`: it answers a HEAD request, so no body follows.
  std::optional<RawResponse> receive(bool to_head = false);
  // send() and receive().
  std::optional<RawResponse> ask(std::string_view text);
  // True when the server closes within five seconds, after whatever else it sends.
  bool ends();
  // True when the server neither sends nor closes for as long.
  bool is_quiet_for(std::chrono::milliseconds time);
  // Ends the sending direction, as a client that has said all.
  void finish_sending();

  SSL* ssl() const { return ssl_; }
  int descriptor() const { return descriptor_; }

 private:
  int read(char* to, int size);
  bool fill();

  int descriptor_ = -1;
  SSL* ssl_ = nullptr;
  std::string buffer_;
};

// A client-side context that trusts `ca_pem`, or nobody when it is empty.
using ClientContext = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
ClientContext client_context(const std::string& ca_pem);

// "POST /path HTTP/1.1" with Host, Content-Length and body.
std::string post(std::string_view path, std::string_view body, std::string_view more_fields = {});
std::string get(std::string_view path, std::string_view more_fields = {});

}  // namespace digester::test
