#include "support/scripted_server.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/text.hpp"
#include "net/task.hpp"

namespace digester::test {

namespace asio = boost::asio;
using net::Task;
using net::use_task;
using Tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<Tcp, net::Executor>;
using TlsSocket = asio::ssl::stream<Socket>;

Step await_request() {
  return {.kind = Step::Kind::await_request};
}
Step send(std::string bytes) {
  return {.kind = Step::Kind::send, .bytes = std::move(bytes)};
}
Step drip(std::string bytes, std::size_t count, std::chrono::milliseconds every) {
  return {.kind = Step::Kind::drip, .bytes = std::move(bytes), .count = count, .time = every};
}
Step delay(std::chrono::milliseconds time) {
  return {.kind = Step::Kind::delay, .time = time};
}
Step close() {
  return {.kind = Step::Kind::close};
}
Step reset() {
  return {.kind = Step::Kind::reset};
}
Step hang() {
  return {.kind = Step::Kind::hang};
}
Step tunnel(std::uint16_t port) {
  return {.kind = Step::Kind::tunnel, .port = port};
}

std::string answer(unsigned status, std::string_view body,
                   const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " Status\r\n";
  for (const auto& [name, value] : fields)
    out += name + ": " + value + "\r\n";
  out += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return out.append(body);
}

std::string RecordedRequest::method() const {
  return head.substr(0, head.find(' '));
}

std::string RecordedRequest::target() const {
  const auto first = head.find(' ');
  if (first == std::string::npos) return {};
  return head.substr(first + 1, head.find(' ', first + 1) - first - 1);
}

std::optional<std::string> RecordedRequest::field(std::string_view name) const {
  for (std::string_view line : text::split(head, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !text::iequals(line.substr(0, colon), name)) continue;
    return std::string(text::trim(line.substr(colon + 1)));
  }
  return std::nullopt;
}

struct ScriptedServer::Impl {
  // A connection of either kind.
  struct Peer {
    explicit Peer(Socket socket, asio::ssl::context* context) {
      if (context)
        tls.emplace(std::move(socket), *context);
      else
        plain.emplace(std::move(socket));
    }
    Socket& socket() { return tls ? tls->next_layer() : *plain; }
    Task<bool> read(std::string* into) {
      char block[8192];
      const auto buffer = asio::buffer(block);
      std::size_t n = 0;
      boost::system::error_code ec;
      if (tls)
        std::tie(ec, n) = co_await tls->async_read_some(buffer, use_task);
      else
        std::tie(ec, n) = co_await plain->async_read_some(buffer, use_task);
      into->append(block, n);
      co_return !ec;
    }
    Task<bool> write(std::string bytes) {
      const auto buffer = asio::buffer(bytes);
      boost::system::error_code ec;
      if (tls)
        std::tie(ec, std::ignore) = co_await asio::async_write(*tls, buffer, use_task);
      else
        std::tie(ec, std::ignore) = co_await asio::async_write(*plain, buffer, use_task);
      co_return !ec;
    }
    std::optional<Socket> plain;
    std::optional<TlsSocket> tls;
    std::string unread;  // read and not yet used
  };

  explicit Impl(std::optional<ServerTls> options) : tls(std::move(options)) {
    if (tls) prepare_tls();
    acceptor.open(Tcp::v4());
    acceptor.set_option(asio::socket_base::reuse_address(true));
    acceptor.bind({asio::ip::address_v4::loopback(), 0});
    acceptor.listen(1024);
    port = acceptor.local_endpoint().port();
    asio::co_spawn(io, accept_loop(), [](std::exception_ptr) {});
    thread = std::thread([this] { io.run(); });
  }

  ~Impl() {
    io.stop();
    thread.join();
  }

  void prepare_tls() {
    context.emplace(asio::ssl::context::tls_server);
    context->use_certificate(asio::buffer(tls->certificate.certificate_pem), asio::ssl::context::pem);
    context->use_private_key(asio::buffer(tls->certificate.key_pem), asio::ssl::context::pem);
    if (!tls->client_ca_pem.empty()) {
      context->add_certificate_authority(asio::buffer(tls->client_ca_pem));
      context->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
    }
    if (tls->alpn.empty()) return;
    for (const auto& name : tls->alpn)
      alpn += static_cast<char>(name.size()) + name;
    SSL_CTX_set_alpn_select_cb(
        context->native_handle(),
        [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned in_size,
           void* self) {
          const auto& ours = static_cast<Impl*>(self)->alpn;
          unsigned char* chosen = nullptr;
          if (SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(ours.data()),
                                    static_cast<unsigned>(ours.size()), in,
                                    in_size) != OPENSSL_NPN_NEGOTIATED)
            return SSL_TLSEXT_ERR_ALERT_FATAL;
          *out = chosen;
          return SSL_TLSEXT_ERR_OK;
        },
        this);
  }

  Task<> accept_loop() {
    for (;;) {
      auto [ec, socket] = co_await acceptor.async_accept(use_task);
      if (ec) co_return;
      socket.set_option(Tcp::no_delay(true), ec);
      auto session = serve(std::move(socket));
      asio::co_spawn(io, std::move(session), [](std::exception_ptr) {});
    }
  }

  Task<> serve(Socket socket) {
    std::optional<Script> script;
    std::size_t number = 0;
    {
      const std::scoped_lock lock(mutex);
      number = connections++;
      ++open;
      if (!scripts.empty()) {
        script = std::move(scripts.front());
        scripts.pop_front();
      }
      changed.notify_all();
    }
    const std::shared_ptr<void> counted(nullptr, [this](void*) {
      const std::scoped_lock lock(mutex);
      --open;
      changed.notify_all();
    });
    Peer peer(std::move(socket), context ? &*context : nullptr);
    if (peer.tls) {
      auto [ec] = co_await peer.tls->async_handshake(asio::ssl::stream_base::server, use_task);
      if (ec) {
        const std::scoped_lock lock(mutex);
        ++failed;
        changed.notify_all();
        co_return;
      }
      const char* name = SSL_get_servername(peer.tls->native_handle(), TLSEXT_NAMETYPE_host_name);
      const std::scoped_lock lock(mutex);
      names.emplace_back(name ? name : "");
    }
    if (script)
      co_await play(peer, number, std::move(*script));
    else
      co_await react(peer, number);
    boost::system::error_code ignored;
    peer.socket().close(ignored);
  }

  Task<> react(Peer& peer, std::size_t number) {
    for (;;) {
      const bool more = co_await record_request(peer, number);
      if (!more) co_return;
      std::shared_ptr<const Reactor> react_to;
      RecordedRequest request;
      {
        const std::scoped_lock lock(mutex);
        react_to = reactor;
        request = recorded.at(last_of_connection.at(number));
      }
      if (!react_to) co_return;
      Script script = (*react_to)(request);
      const bool open_still = co_await play_steps(peer, number, std::move(script));
      if (!open_still) co_return;
    }
  }

  Task<> play(Peer& peer, std::size_t number, Script script) {
    const bool open_still = co_await play_steps(peer, number, std::move(script));
    if (open_still) co_await end(peer);
  }

  // False when the connection is over.
  Task<bool> play_steps(Peer& peer, std::size_t number, Script script) {
    for (auto& step : script) {
      bool alive = true;
      switch (step.kind) {
        case Step::Kind::await_request:
          alive = co_await record_request(peer, number);
          break;
        case Step::Kind::send:
          alive = co_await peer.write(std::move(step.bytes));
          break;
        case Step::Kind::drip:
          for (std::size_t at = 0; at < step.bytes.size() && alive; at += step.count) {
            alive = co_await peer.write(step.bytes.substr(at, step.count));
            co_await pause(step.time);
          }
          break;
        case Step::Kind::delay:
          co_await pause(step.time);
          break;
        case Step::Kind::close:
          co_await end(peer);
          co_return false;
        case Step::Kind::reset: {
          boost::system::error_code ignored;
          peer.socket().set_option(asio::socket_base::linger(true, 0), ignored);
          peer.socket().close(ignored);
          co_return false;
        }
        case Step::Kind::hang:
          while (alive)
            alive = co_await peer.read(&peer.unread);
          break;
        case Step::Kind::tunnel:
          co_await relay(peer, step.port);
          co_return false;
      }
      if (!alive) co_return false;
    }
    co_return true;
  }

  Task<> pause(std::chrono::milliseconds time) {
    net::Timer timer(io.get_executor(), time);
    co_await timer.async_wait(use_task);
  }

  // close_notify, FIN, then whatever the peer still sends is read, so that closing does not become a reset.
  Task<> end(Peer& peer) {
    boost::system::error_code ignored;
    if (peer.tls) {
      // Asio's stream sends its close_notify only together with waiting for the peer's: bound that.
      const auto waiting = std::make_shared<bool>(true);
      net::Timer timer(io.get_executor(), std::chrono::milliseconds(50));
      timer.async_wait([&peer, waiting](boost::system::error_code ec) {
        if (*waiting) peer.socket().cancel(ec);
      });
      co_await peer.tls->async_shutdown(use_task);
      *waiting = false;
    }
    peer.socket().shutdown(Tcp::socket::shutdown_send, ignored);
    char block[4096];
    const auto buffer = asio::buffer(block);
    for (;;) {
      auto [ec, n] = co_await peer.socket().async_read_some(buffer, use_task);
      if (ec) break;
    }
  }

  Task<> copy(Socket& from, Socket& to) {
    char block[8192];
    for (;;) {
      const auto space = asio::buffer(block);
      auto [ec, n] = co_await from.async_read_some(space, use_task);
      if (ec) break;
      const auto full = asio::buffer(block, n);
      auto [write_error, written] = co_await asio::async_write(to, full, use_task);
      if (write_error) break;
    }
    boost::system::error_code ignored;
    to.shutdown(Tcp::socket::shutdown_send, ignored);
  }

  Task<> relay(Peer& peer, std::uint16_t to) {
    auto other = std::make_shared<Socket>(io.get_executor());
    const Tcp::endpoint endpoint(asio::ip::address_v4::loopback(), to);
    auto [ec] = co_await other->async_connect(endpoint, use_task);
    if (ec || peer.tls) co_return;
    net::Timer done(io.get_executor(), net::Timer::time_point::max());
    auto back = copy(*other, peer.socket());
    asio::co_spawn(io, std::move(back),
                   [&done](std::exception_ptr) { done.expires_at(net::Timer::time_point::min()); });
    co_await copy(peer.socket(), *other);
    boost::system::error_code ignored;
    while (done.expiry() == net::Timer::time_point::max())
      co_await done.async_wait(use_task);
    other->close(ignored);
  }

  Task<bool> record_request(Peer& peer, std::size_t number) {
    std::size_t end_of_head = std::string::npos;
    while ((end_of_head = peer.unread.find("\r\n\r\n")) == std::string::npos) {
      const bool alive = co_await peer.read(&peer.unread);
      if (!alive) co_return false;
    }
    RecordedRequest request;
    request.connection = number;
    request.head = peer.unread.substr(0, end_of_head + 4);
    peer.unread.erase(0, end_of_head + 4);
    std::size_t length = 0;
    if (const auto field = request.field("content-length"))
      std::from_chars(field->data(), field->data() + field->size(), length);
    while (peer.unread.size() < length) {
      const bool alive = co_await peer.read(&peer.unread);
      if (!alive) co_return false;
    }
    request.body = peer.unread.substr(0, length);
    peer.unread.erase(0, length);
    const std::scoped_lock lock(mutex);
    if (last_of_connection.size() <= number) last_of_connection.resize(number + 1);
    last_of_connection[number] = recorded.size();
    recorded.push_back(std::move(request));
    changed.notify_all();
    co_return true;
  }

  template <typename Holds>
  bool wait(std::chrono::milliseconds limit, Holds holds) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, limit, holds);
  }

  std::optional<ServerTls> tls;
  std::string alpn;
  std::optional<asio::ssl::context> context;
  asio::io_context io{1};
  asio::basic_socket_acceptor<Tcp, net::Executor> acceptor{io.get_executor()};
  std::uint16_t port = 0;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Script> scripts;
  std::shared_ptr<const Reactor> reactor;
  std::vector<RecordedRequest> recorded;
  std::vector<std::size_t> last_of_connection;
  std::size_t connections = 0;
  std::size_t open = 0;
  std::size_t failed = 0;
  std::vector<std::string> names;
  std::thread thread;
};

ScriptedServer::ScriptedServer(std::optional<ServerTls> tls)
    : impl_(std::make_unique<Impl>(std::move(tls))) {}
ScriptedServer::~ScriptedServer() = default;

std::uint16_t ScriptedServer::port() const {
  return impl_->port;
}
std::string ScriptedServer::address() const {
  return "127.0.0.1:" + std::to_string(impl_->port);
}

void ScriptedServer::enqueue(Script script) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->scripts.push_back(std::move(script));
}

void ScriptedServer::set_reactor(Reactor reactor) {
  auto shared = std::make_shared<const Reactor>(std::move(reactor));
  const std::scoped_lock lock(impl_->mutex);
  impl_->reactor = std::move(shared);
}

void ScriptedServer::set_handler(Handler handler) {
  set_reactor([handler = std::move(handler)](const RecordedRequest& request) -> Script {
    auto bytes = handler(request.head);
    if (bytes.empty()) return {close()};
    return {send(std::move(bytes))};
  });
}

std::vector<RecordedRequest> ScriptedServer::requests() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->recorded;
}

std::size_t ScriptedServer::request_count() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->recorded.size();
}

std::size_t ScriptedServer::connection_count() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->connections;
}

std::size_t ScriptedServer::open_connections() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->open;
}

std::size_t ScriptedServer::failed_handshakes() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->failed;
}

std::vector<std::string> ScriptedServer::server_names() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->names;
}

bool ScriptedServer::wait_for_requests(std::size_t count, std::chrono::milliseconds limit) const {
  return impl_->wait(limit, [&] { return impl_->recorded.size() >= count; });
}

bool ScriptedServer::wait_for_connections(std::size_t count, std::chrono::milliseconds limit) const {
  return impl_->wait(limit, [&] { return impl_->connections >= count; });
}

bool ScriptedServer::wait_until_idle(std::chrono::milliseconds limit) const {
  return impl_->wait(limit, [&] { return impl_->open == 0; });
}

}  // namespace digester::test
