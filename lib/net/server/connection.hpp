// One client's connection: a state machine that goes as far as the socket allows, then waits for it.
//
// Callbacks instead of a coroutine: a request that is answered at once then costs one wait and no frame.
// At most one wait is outstanding at a time; the state after it is in `phase_`. Internal to this room.
#pragma once

#include <boost/intrusive/list_hook.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <memory>
#include <optional>

#include "base/units.hpp"
#include "net/server/exchange.hpp"
#include "net/server/transport.hpp"
#include "net/server/wire/chunked.hpp"

namespace digester::net::server {

class Core;
struct Shard;

class Connection : public boost::intrusive_ref_counter<Connection, boost::thread_unsafe_counter>,
                   public boost::intrusive::list_base_hook<> {
 public:
  using Pointer = boost::intrusive_ptr<Connection>;

  // On the shard's thread, like everything here. It has been counted in core.connections already.
  Connection(std::shared_ptr<Core> core, Shard& shard, Socket socket, SslHandle ssl);
  ~Connection();

  void start();
  // Closes it if it is idle; otherwise its next response closes it.
  void stop();
  void abort() { close(); }

 private:
  enum class Phase { handshake, head, body, handling, write, linger, closed };
  enum class AfterWrite { next_request, read_body, close, linger };

  // connection.cpp: waiting, deadlines, beginning and end.
  void drive();
  bool step();
  bool wait(IoStatus status);
  void waited(bool ready);
  Duration patience(Duration limit) const;
  void set_deadline(SteadyTime deadline);
  void arm_timer();
  void deadline_passed();
  void close();
  void close_if_idle();
  bool shake_hands();
  void count_tls_failure(TlsFailure failure);
  void begin_linger();
  bool linger();
  bool lost(IoStatus status);

  // connection_request.cpp: one request after the other.
  bool read_head();
  bool parse_input();
  void begin_body();
  bool read_body();
  bool read_sized_body();
  bool read_chunked_body();
  void hold(std::size_t bytes);
  void release_held();
  void body_complete();
  void call_handler();
  void handler_done(std::exception_ptr failure);
  void refuse(Refusal refusal);
  void make_error(unsigned status, std::string_view line);
  void refuse_timeout();
  void respond(bool close_after, bool unread_input);
  bool write();
  bool written();
  bool next_request();
  bool go_on();

  std::shared_ptr<Core> core_;
  Shard& shard_;
  Transport transport_;
  Timer timer_;
  std::unique_ptr<Exchange> exchange_;
  std::optional<ChunkedDecoder> chunked_;
  SteadyTime now_;  // of the latest step of the exchange; a reading of the clock costs more than a look here
  SteadyTime deadline_ = SteadyTime::max();
  SteadyTime armed_until_ = SteadyTime::max();  // the timer fires no later
  std::size_t scanned_ = 0;                     // of the input, looking for the head's end
  std::size_t body_start_ = 0;                  // where in the input the body begins
  std::size_t discarded_ = 0;                   // of a body that is not kept, or of what lingers
  std::size_t held_ = 0;                        // our part of core.bytes_in_flight
  std::size_t written_ = 0;                     // of the output
  unsigned in_a_row_ = 0;                       // requests answered without waiting for the socket
  Phase phase_ = Phase::handshake;
  AfterWrite after_write_ = AfterWrite::next_request;
  bool overloaded_ = false;  // the body is thrown away and answered with 429
  bool write_blocked_ = false;
  bool driving_ = false;
  bool closing_if_idle_ = false;
  bool graced_ = false;  // has been idle past its deadline
  bool served_ = false;  // has had a request
};

}  // namespace digester::net::server
