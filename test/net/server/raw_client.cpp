#include "net/server/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace digester::test {
namespace {

constexpr int kLimitMilliseconds = 5000;

int connect_to(std::uint16_t port, int receive_buffer) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0)
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const timeval limit{kLimitMilliseconds / 1000, 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(descriptor);
    throw std::runtime_error("cannot connect");
  }
  return descriptor;
}

}  // namespace

std::string RawResponse::field(std::string_view name) const {
  const auto line = "\r\n" + std::string(name) + ": ";
  const auto at = head.find(line);
  if (at == head.npos) return {};
  const auto start = at + line.size();
  return head.substr(start, head.find("\r\n", start) - start);
}

RawClient::RawClient(std::uint16_t port, int receive_buffer)
    : descriptor_(connect_to(port, receive_buffer)) {}

RawClient::RawClient(std::uint16_t port, SSL_CTX* context) : descriptor_(connect_to(port, 0)) {
  ERR_clear_error();
  ssl_ = SSL_new(context);
  SSL_set_fd(ssl_, descriptor_);
  SSL_set_tlsext_host_name(ssl_, "localhost");
  if (SSL_connect(ssl_) != 1) {
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    SSL_free(ssl_);
    ::close(descriptor_);
    throw std::runtime_error(reason == nullptr ? "no handshake" : reason);
  }
}

RawClient::~RawClient() {
  if (ssl_ != nullptr) SSL_free(ssl_);
  ::close(descriptor_);
}

bool RawClient::send(std::string_view text) {
  while (!text.empty()) {
    const auto sent = ssl_ != nullptr ? SSL_write(ssl_, text.data(), static_cast<int>(text.size()))
                                      : ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

int RawClient::read(char* to, int size) {
  return ssl_ != nullptr ? SSL_read(ssl_, to, size)
                         : static_cast<int>(::recv(descriptor_, to, static_cast<std::size_t>(size), 0));
}

bool RawClient::fill() {
  char chunk[16 * 1024];
  const int got = read(chunk, sizeof chunk);
  if (got <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(got));
  return true;
}

std::optional<RawResponse> RawClient::receive(bool to_head) {
  std::size_t head_end;
  while ((head_end = buffer_.find("\r\n\r\n")) == buffer_.npos)
    if (!fill()) return std::nullopt;
  RawResponse response;
  response.head = buffer_.substr(0, head_end + 2);
  buffer_.erase(0, head_end + 4);
  if (response.head.substr(0, 9) != "HTTP/1.1 ") return std::nullopt;
  response.status = static_cast<unsigned>(std::atoi(response.head.substr(9, 3).c_str()));
  const auto length = response.field("Content-Length");
  const auto size = to_head || length.empty() ? 0 : std::stoul(length);
  while (buffer_.size() < size)
    if (!fill()) return std::nullopt;
  response.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return response;
}

std::optional<RawResponse> RawClient::ask(std::string_view text) {
  // Even if sending fails half-way there may be an answer that says why.
  send(text);
  return receive();
}

bool RawClient::ends() {
  const auto started = std::chrono::steady_clock::now();
  while (fill()) {
  }
  return std::chrono::steady_clock::now() - started < std::chrono::milliseconds(kLimitMilliseconds - 500);
}

bool RawClient::is_quiet_for(std::chrono::milliseconds time) {
  pollfd waiting{descriptor_, POLLIN, 0};
  return ::poll(&waiting, 1, static_cast<int>(time.count())) == 0;
}

void RawClient::finish_sending() {
  ::shutdown(descriptor_, SHUT_WR);
}

ClientContext client_context(const std::string& ca_pem) {
  ClientContext context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(ca_pem.data(), static_cast<int>(ca_pem.size())), &BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> ca(
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free);
  if (ca) X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), ca.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

std::string post(std::string_view path, std::string_view body, std::string_view more_fields) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more_fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string get(std::string_view path, std::string_view more_fields) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more_fields) + "\r\n";
}

}  // namespace digester::test
