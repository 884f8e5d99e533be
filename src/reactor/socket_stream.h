#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "reactor/client_stream.h"
#include "reactor/dial_plan.h"
#include "reactor/listener.h"
#include "reactor/loop.h"
#include "reactor/tls_session.h"
#include "reactor/write_buffer.h"

namespace carillon::reactor {

// SocketStream: the stream that ClientStream::connect() returns. socket_stream_dial.cc has the connection up
// to the handshake, socket_stream.cc the rest.
class SocketStream final : public ClientStream, private IoHandler {
 public:
  SocketStream(Loop& loop, ClientStreamOptions options, ClientStreamHandler& handler)
      : loop_(loop), options_(std::move(options)), handler_(handler), id_(loop.add_handler(*this)) {}
  ~SocketStream() override;
  void start();

  void write(std::string_view bytes) override;
  std::size_t unsent_bytes() const override { return plain_.size() + cipher_.size(); }

 private:
  enum class State { resolving, connecting, handshaking, open, failing, closed };
  enum Index : std::uint32_t { kPlanIndex, kSocketIndex };

  void on_io(std::uint32_t epoll_events, std::uint32_t index, std::uint32_t generation) override;

  // Before it is connected. Functions that return bool may call the handler; false means that the stream was
  // destroyed or is not connected, and must not be touched.
  void take_plan();
  void try_next_address();
  bool begin_connect(const SocketAddress& address);
  void give_up_attempt(int error);
  void note_failed_attempt(const SocketAddress& address, int error);
  bool finish_connect();
  bool begin_handshake();

  // While it is connected. Functions that return bool may call the handler; false as above, or no longer
  // open.
  bool become_open();
  void read();
  void read_soon();
  bool received(std::string_view bytes);
  bool check_tls();
  void flush();
  bool send_from(WriteBuffer& buffer);
  std::size_t send(std::string_view bytes);

  // The end.
  void fail_later(std::string reason);
  void fail(std::string reason);
  void on_deadline();
  void release();
  template <class Callback>
  bool call_handler(Callback&& callback);

  std::string peer() const { return SocketAddress{options_.host, options_.port}.text(); }

  Loop& loop_;
  const ClientStreamOptions options_;
  ClientStreamHandler& handler_;
  const Loop::HandlerId id_;
  State state_ = State::resolving;
  bool* destroyed_ = nullptr;  // set while the handler is called: it may destroy this

  std::shared_ptr<DialPlanInbox> plan_inbox_;
  DialPlan plan_;
  std::size_t next_address_ = 0;
  std::string last_attempt_ = "no address";
  MonoTime deadline_{};
  Loop::TimerId deadline_timer_ = 0;
  Loop::TimerId attempt_timer_ = 0;
  Loop::TimerId soon_timer_ = 0;  // fail_later(), or more to read

  FileDescriptor socket_;
  std::uint32_t attempt_ = 0;  // the socket's generation
  bool end_seen_ = false;      // epoll reported the end: read up to it
  int send_error_ = 0;
  std::unique_ptr<TlsSession> tls_;
  WriteBuffer plain_;   // with TLS: not yet encrypted
  WriteBuffer cipher_;  // TLS only
};

// errno of a socket, for the person who reads the log.
std::string socket_error_text(int error);

}  // namespace carillon::reactor
