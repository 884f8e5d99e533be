#include "reactor/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace carillon::reactor {
namespace {

constexpr int kLowWater = 16 * 1024;

FileDescriptor listen_somewhere(SocketAddress& address) {
  auto fd = listen_on(address, 128);
  if (!fd) throw std::runtime_error(fd.error().message);
  address = *local_address(fd->get());
  return std::move(*fd);
}

// Blocking, so that it is done when it returns.
FileDescriptor dial(const SocketAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  FileDescriptor fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int result = -1;
  if (v6) {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(address.port);
    ::inet_pton(AF_INET6, address.host.c_str(), &to.sin6_addr);
    result = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } else {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(address.port);
    ::inet_pton(AF_INET, address.host.c_str(), &to.sin_addr);
    result = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  if (result != 0) fd = FileDescriptor();
  return fd;
}

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(0, ::getsockopt(fd, level, name, &value, &size));
  return value;
}

bool wait_readable(int fd) {
  pollfd poll{fd, POLLIN, 0};
  return ::poll(&poll, 1, 10'000) == 1;
}

bool machine_has_ipv6() { return listen_on({"::1", 0}, 1).has_value(); }

TEST(SocketAddress, IsWrittenAsInAUrl) {
  EXPECT_EQ("127.0.0.1:8000", (SocketAddress{"127.0.0.1", 8000}).text());
  EXPECT_EQ("[::1]:8000", (SocketAddress{"::1", 8000}).text());
}

TEST(FileDescriptor, ClosesWhatItOwns_AndNothingElse) {
  int raw = -1;
  {
    FileDescriptor a(::dup(2));
    raw = a.get();
    FileDescriptor b(std::move(a));
    EXPECT_FALSE(a);  // NOLINT: moved-from is documented to own nothing
    EXPECT_TRUE(b);
    FileDescriptor& itself = b;
    b = std::move(itself);
    EXPECT_EQ(raw, b.get());
    EXPECT_EQ(0, ::fcntl(raw, F_GETFD));
    FileDescriptor c(::dup(2));
    const int other = c.get();
    b = std::move(c);
    EXPECT_EQ(-1, ::fcntl(raw, F_GETFD)) << "the old one is closed";
    raw = b.release();
    EXPECT_EQ(other, raw);
  }
  EXPECT_EQ(0, ::fcntl(raw, F_GETFD)) << "a released one stays open";
  ::close(raw);
}

TEST(Listener, AcceptsAConnectionThatIsReadyForUse) {
  SocketAddress address{"127.0.0.1", 0};
  const auto listener = listen_somewhere(address);
  EXPECT_NE(0, address.port);
  EXPECT_EQ(EAGAIN, accept_from(listener.get(), kLowWater).error);
  const auto client = dial(address);
  ASSERT_TRUE(client);
  ASSERT_TRUE(wait_readable(listener.get()));
  const Accepted accepted = accept_from(listener.get(), kLowWater);
  const FileDescriptor server(accepted.fd);
  ASSERT_TRUE(server);
  EXPECT_EQ(0, accepted.error);
  EXPECT_EQ("127.0.0.1", accepted.peer.host);
  EXPECT_EQ(local_address(client.get())->port, accepted.peer.port);
  EXPECT_TRUE(::fcntl(server.get(), F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(::fcntl(server.get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_EQ(1, option(server.get(), IPPROTO_TCP, TCP_NODELAY));
  EXPECT_EQ(kLowWater, option(server.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT));
  const Accepted none = accept_from(listener.get(), kLowWater);
  EXPECT_EQ(-1, none.fd);
  EXPECT_EQ(EAGAIN, none.error);
}

TEST(Listener, IPv4AndIPv6ShareAPortNumber) {
  if (!machine_has_ipv6()) {  // then the error must name the cause
    const auto refused = listen_on({"::1", 0}, 128);
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().message.find("[::1]:0"), std::string::npos);
    return;
  }
  SocketAddress v6{"::", 0};
  const auto listener6 = listen_somewhere(v6);
  const auto listener4 = listen_on({"0.0.0.0", v6.port}, 128);
  ASSERT_TRUE(listener4) << listener4.error().message;
  const auto client = dial({"::1", v6.port});
  ASSERT_TRUE(client);
  ASSERT_TRUE(wait_readable(listener6.get()));
  const Accepted accepted = accept_from(listener6.get(), kLowWater);
  const FileDescriptor server(accepted.fd);
  EXPECT_EQ("::1", accepted.peer.host);
  EXPECT_EQ("[::1]:" + std::to_string(accepted.peer.port), accepted.peer.text());
}

TEST(Listener, SeveralShardsListenOnOnePort) {
  SocketAddress address{"127.0.0.1", 0};
  const auto first = listen_somewhere(address);
  EXPECT_TRUE(listen_on(address, 128));
  EXPECT_TRUE(listen_on(address, 128));
}

TEST(Listener, AnAddressInUseIsReportedWithWhatToDo) {
  SocketAddress address{"127.0.0.1", 0};
  // Another program's, without SO_REUSEPORT.
  const FileDescriptor other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(0, ::bind(other.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at));
  ASSERT_EQ(0, ::listen(other.get(), 1));
  address = *local_address(other.get());
  const auto refused = listen_on(address, 128);
  ASSERT_FALSE(refused);
  EXPECT_EQ("cannot listen on " + address.text() +
                ": address already in use; stop the other server or choose another port",
            refused.error().message);
}

TEST(Listener, ASecondServerOnTheSamePortIsFound_ThoughReuseportWouldLetItIn) {
  SocketAddress address{"127.0.0.1", 0};
  {
    const auto first = listen_somewhere(address);
    const auto taken = check_port_is_free(address);
    ASSERT_FALSE(taken);
    EXPECT_NE(std::string::npos, taken.error().message.find("address already in use"));
  }
  EXPECT_TRUE(check_port_is_free(address));
  EXPECT_TRUE(listen_on(address, 128)) << "the check leaves nothing behind";
}

TEST(Listener, ANameIsNotAnAddress) {
  for (const char* host : {"localhost", "", "256.1.1.1", "[::1]", "127.0.0.1:80"}) {
    const auto refused = listen_on({host, 8000}, 128);
    ASSERT_FALSE(refused) << host;
    EXPECT_NE(std::string::npos, refused.error().message.find("not a numeric IPv4 or IPv6 address")) << host;
  }
}

TEST(Listener, AnAddressOfAnotherMachineIsReported) {
  const auto refused = listen_on({"192.0.2.1", 0}, 128);  // TEST-NET-1, an address that no machine has
  ASSERT_FALSE(refused);
  EXPECT_NE(std::string::npos, refused.error().message.find("no such address")) << refused.error().message;
}

// The caller pauses on EMFILE, and the connection is still there when a descriptor is free again.
TEST(Listener, OutOfDescriptorsIsReportedAndLosesNoConnection) {
  SocketAddress address{"127.0.0.1", 0};
  const auto listener = listen_somewhere(address);
  const auto client = dial(address);
  ASSERT_TRUE(wait_readable(listener.get()));
  rlimit before{};
  ASSERT_EQ(0, ::getrlimit(RLIMIT_NOFILE, &before));
  FileDescriptor next_free(::dup(2));
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next_free.get());
  next_free = FileDescriptor();
  ASSERT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &none));
  const Accepted refused = accept_from(listener.get(), kLowWater);
  ASSERT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &before));
  EXPECT_EQ(-1, refused.fd);
  EXPECT_EQ(EMFILE, refused.error);
  EXPECT_EQ(Accepted::Outcome::no_descriptor, refused.outcome());
  const FileDescriptor server(accept_from(listener.get(), kLowWater).fd);
  EXPECT_TRUE(server);
}

TEST(Listener, EveryErrorOfAcceptIsTriedAgain_AtOnceOrAfterAPause) {
  using Outcome = Accepted::Outcome;
  const auto outcome_of = [](int error) { return Accepted{-1, error, {}}.outcome(); };
  EXPECT_EQ(Outcome::none_waiting, outcome_of(EAGAIN));
  for (const int gone : {ECONNABORTED, EPROTO, EINTR, ENETUNREACH}) {
    EXPECT_EQ(Outcome::connection_gone, outcome_of(gone)) << gone;
  }
  for (const int none : {EMFILE, ENFILE}) EXPECT_EQ(Outcome::no_descriptor, outcome_of(none)) << none;
  for (const int other : {ENOBUFS, ENOMEM, EPERM, ENOSR, EINVAL, 9999}) {
    EXPECT_EQ(Outcome::other_error, outcome_of(other)) << other;
  }
}

TEST(Listener, APeerThatResetBeforeItWasAcceptedIsSkipped) {
  SocketAddress address{"127.0.0.1", 0};
  const auto listener = listen_somewhere(address);
  for (int i = 0; i < 10; ++i) {
    const auto client = dial(address);
    const linger reset{1, 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  const auto healthy = dial(address);
  std::vector<FileDescriptor> accepted;
  for (;;) {
    const Accepted next = accept_from(listener.get(), kLowWater);
    if (next.fd < 0) {
      if (next.outcome() == Accepted::Outcome::connection_gone) continue;
      EXPECT_EQ(EAGAIN, next.error);
      break;
    }
    accepted.emplace_back(next.fd);
  }
  ASSERT_FALSE(accepted.empty());
  EXPECT_EQ(5, ::send(accepted.back().get(), "hello", 5, MSG_NOSIGNAL));
  char text[8];
  EXPECT_EQ(5, ::recv(healthy.get(), text, sizeof text, 0));
}

}  // namespace
}  // namespace carillon::reactor
