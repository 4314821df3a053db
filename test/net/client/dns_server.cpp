#include "net/client/dns_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <mutex>
#include <thread>

namespace digester::test {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using Udp = asio::ip::udp;

struct DnsServer::Impl {
  explicit Impl(Answer to) : answer(std::move(to)) {
    while (!bind_both()) {
    }
    receive();
    accept();
    thread = std::thread([this] { io.run(); });
  }
  ~Impl() {
    io.stop();
    thread.join();
  }

  // The same port for both protocols; the one that UDP got may be taken in TCP.
  bool bind_both() {
    boost::system::error_code ec;
    socket = Udp::socket(io, Udp::endpoint(asio::ip::address_v4::loopback(), 0));
    acceptor = Tcp::acceptor(io, Tcp::v4());
    acceptor.bind({asio::ip::address_v4::loopback(), socket.local_endpoint().port()}, ec);
    if (!ec) acceptor.listen(16, ec);
    return !ec;
  }

  void receive() {
    const auto received = [this](boost::system::error_code ec, std::size_t size) {
      if (ec) return;
      const auto out = handle(packet.substr(0, size), true);
      boost::system::error_code ignored;
      if (out) socket.send_to(asio::buffer(*out), from, 0, ignored);
      receive();
    };
    socket.async_receive_from(asio::buffer(packet), from, received);
  }

  // One question a connection, read and answered while everything else waits.
  void accept() {
    acceptor.async_accept([this](boost::system::error_code ec, Tcp::socket peer) {
      if (ec) return;
      std::string question(2, '\0');
      asio::read(peer, asio::buffer(question), ec);
      question.resize(
          ec ? 0 : static_cast<unsigned char>(question[0]) * 256U + static_cast<unsigned char>(question[1]));
      asio::read(peer, asio::buffer(question), ec);
      if (const auto out = ec ? std::nullopt : handle(question, false)) {
        const std::string size = {static_cast<char>(out->size() >> 8), static_cast<char>(out->size() & 0xFF)};
        asio::write(peer, asio::buffer(size + *out), ec);
      }
      accept();
    });
  }

  std::optional<std::string> handle(const std::string& question, bool udp) {
    if (question.size() < 17) return std::nullopt;
    std::string name;
    std::size_t at = 12;
    while (at < question.size() && question[at] != 0) {
      const auto size = static_cast<unsigned char>(question[at]);
      if (!name.empty()) name += '.';
      name += question.substr(at + 1, size);
      at += 1U + size;
    }
    if (at + 5 > question.size()) return std::nullopt;
    const std::string type = question[at + 2] == 28 ? "AAAA" : "A";
    {
      const std::scoped_lock lock(mutex);
      asked.push_back(name + " " + type);
    }
    auto reply = answer(name, type);
    if (!reply) return std::nullopt;
    const bool cut = udp && reply->truncated;
    if (cut) reply->addresses.clear();
    std::string out = question.substr(0, 2);
    out += cut ? '\x83' : '\x81';  // an answer, recursion desired; truncated
    out += static_cast<char>(0x80 | reply->code);
    const std::string count(1, static_cast<char>(reply->addresses.size()));  // up to 255
    out += std::string("\0\1\0", 3) + count + std::string("\0\0\0\0", 4);
    out += question.substr(12, at + 5 - 12);
    for (const auto& text : reply->addresses) {
      const auto address = asio::ip::make_address(text);
      out += "\xc0\x0c";
      out += std::string("\0", 1) + static_cast<char>(address.is_v6() ? 28 : 1) + std::string("\0\1", 2);
      for (const int shift : {24, 16, 8, 0})
        out += static_cast<char>(reply->ttl >> shift & 0xFF);
      if (address.is_v6()) {
        const auto bytes = address.to_v6().to_bytes();
        out += std::string("\0\x10", 2) + std::string(bytes.begin(), bytes.end());
      } else {
        const auto bytes = address.to_v4().to_bytes();
        out += std::string("\0\4", 2) + std::string(bytes.begin(), bytes.end());
      }
    }
    return out;
  }

  Answer answer;
  asio::io_context io{1};
  Udp::socket socket{io};
  Tcp::acceptor acceptor{io};
  std::string packet = std::string(1500, '\0');
  Udp::endpoint from;
  mutable std::mutex mutex;
  std::vector<std::string> asked;
  std::thread thread;
};

DnsServer::DnsServer(Answer answer) : impl_(std::make_unique<Impl>(std::move(answer))) {}
DnsServer::~DnsServer() = default;

std::string DnsServer::address() const {
  return "127.0.0.1:" + std::to_string(impl_->socket.local_endpoint().port());
}

std::vector<std::string> DnsServer::questions() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->asked;
}

}  // namespace digester::test
