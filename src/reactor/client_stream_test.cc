#include "reactor/client_stream.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "reactor/testing/client_stream_fixture.h"

namespace carillon::reactor {
namespace {

using std::chrono::milliseconds;

TEST_F(ClientStreamTest, ConnectsSendsAndReceives) {
  connect_to_peer();
  stream->write("PING\r\n");
  stream->write("PING\r\n");
  std::string arrived;
  ASSERT_TRUE(run_until(*loop, [&] { return (arrived += peer.receive()).size() >= 12; }));
  EXPECT_EQ("PING\r\nPING\r\n", arrived);
  peer.send("+PONG\r\n");
  ASSERT_TRUE(run_until(*loop, [&] { return !recorder.received.empty(); }));
  EXPECT_EQ("+PONG\r\n", recorder.received);
  EXPECT_EQ(0u, stream->unsent_bytes());
  EXPECT_EQ(0, recorder.closed);
}

TEST_F(ClientStreamTest, NoCallbackComesFromInsideConnectOrWrite) {
  connect(to(peer.port()));
  stream->write("early");
  EXPECT_EQ(0, recorder.connected);
  EXPECT_EQ(5u, stream->unsent_bytes());
  std::string arrived;
  ASSERT_TRUE(run_until(*loop, [&] { return peer.try_accept() && (arrived += peer.receive()) == "early"; }));
  EXPECT_EQ(1, recorder.connected);
}

// NATS does. Its first words and the connection come to the loop as one event.
TEST_F(ClientStreamTest, DataOfAPeerThatSendsFirstIsReceived) {
  connect(to(peer.port()));
  ASSERT_TRUE(peer.try_accept());
  peer.send("INFO {}\r\n");
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.received == "INFO {}\r\n"; }));
  EXPECT_EQ(1, recorder.connected);
}

TEST_F(ClientStreamTest, DataOfAPeerThatSendsFirstAndClosesIsReceived) {
  connect(to(peer.port()));
  ASSERT_TRUE(peer.try_accept());
  peer.send("-ERR max number of clients reached\r\n");
  peer.close();
  ASSERT_TRUE(closed());
  EXPECT_EQ("-ERR max number of clients reached\r\n", recorder.received);
  EXPECT_EQ(1, recorder.connected);
}

TEST_F(ClientStreamTest, ARefusedConnectionIsReported) {
  const auto port = unused_port();
  connect(to(port));
  EXPECT_EQ(0, recorder.closed) << "not from inside connect()";
  ASSERT_TRUE(closed());
  EXPECT_EQ("cannot connect to 127.0.0.1:" + std::to_string(port) + ": connection refused",
            recorder.closed_because);
  EXPECT_EQ(0, recorder.connected);
  turns(5);
  EXPECT_EQ(1, recorder.closed);
  stream->write("too late");
  turns(5);
  EXPECT_EQ(1, recorder.closed);
}

TEST_F(ClientStreamTest, AnUnreachableAddressIsReported) {
  connect(to(1, "255.255.255.255"));  // connect() itself fails
  EXPECT_EQ(0, recorder.closed);
  ASSERT_TRUE(closed());
  EXPECT_EQ(0u, recorder.closed_because.find("cannot connect to 255.255.255.255:1: "))
      << recorder.closed_because;
}

// A listener whose backlog is full drops what comes: the kernel never answers.
TEST_F(ClientStreamTest, AConnectionThatIsNotAnsweredTimesOut) {
  const Peer full("127.0.0.1", 0);
  std::vector<std::unique_ptr<ClientStream>> crowd;
  StreamRecorder crowd_recorder;
  for (int i = 0; i < 4; ++i) crowd.push_back(ClientStream::connect(*loop, to(full.port()), crowd_recorder));
  turns(20);
  auto options = to(full.port());
  options.connect_timeout = milliseconds(50);
  connect(std::move(options));
  ASSERT_TRUE(closed());
  EXPECT_EQ("cannot connect to 127.0.0.1:" + std::to_string(full.port()) + " within 50 ms: no answer",
            recorder.closed_because);
}

TEST_F(ClientStreamTest, DeliversWhatCameBeforeThePeersEnd) {
  connect_to_peer();
  peer.send("last words");
  peer.close();
  ASSERT_TRUE(closed());
  EXPECT_EQ("last words", recorder.received);
  EXPECT_EQ("connection to 127.0.0.1:" + std::to_string(peer.port()) + " ended by the peer",
            recorder.closed_because);
}

TEST_F(ClientStreamTest, AResetByThePeerIsReported) {
  connect_to_peer();
  peer.reset();
  ASSERT_TRUE(closed());
  EXPECT_EQ("connection to 127.0.0.1:" + std::to_string(peer.port()) + " reset by the peer",
            recorder.closed_because);
  EXPECT_EQ(1, recorder.closed);
}

TEST_F(ClientStreamTest, AWriteAfterTheResetIsNoCallbackFromInsideWrite) {
  connect_to_peer();
  peer.reset();
  for (int i = 0; i < 10; ++i) stream->write("into the void");
  EXPECT_EQ(0, recorder.closed);
  ASSERT_TRUE(closed());
  turns(5);
  EXPECT_EQ(1, recorder.closed);
}

// A broker that refuses us sends the reason and closes; a failed write of ours must not hide it.
TEST_F(ClientStreamTest, DataThatThePeerSentBeforeItClosedIsReadThoughAWriteFailed) {
  connect_to_peer();
  stream->write("AUTH wrong");  // stays unread, so that the close below is a reset
  pollfd poll{peer.fd(), POLLIN, 0};
  ASSERT_EQ(1, ::poll(&poll, 1, 10'000));
  peer.send("-ERR max number of clients reached\r\n");
  ::shutdown(peer.fd(), SHUT_WR);
  ASSERT_TRUE(closed());
  EXPECT_EQ("-ERR max number of clients reached\r\n", recorder.received);
}

TEST_F(ClientStreamTest, OneByteSegmentsArriveInOrder) {
  connect_to_peer();
  std::string sent;
  for (int i = 0; i < 300; ++i) {
    sent.push_back(static_cast<char>('a' + i % 26));
    peer.send(std::string_view(sent).substr(sent.size() - 1));
    if (i % 10 == 0) turns(1);
  }
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.received.size() >= sent.size(); }));
  EXPECT_EQ(sent, recorder.received);
}

TEST_F(ClientStreamTest, ManyMebibytesPassBothWaysThroughFullBuffers) {
  connect_to_peer();
  constexpr std::size_t kBytes = 8 * 1024 * 1024;
  std::string block(kBytes, '\0');
  for (std::size_t i = 0; i < kBytes; ++i) block[i] = static_cast<char>(i * 2654435761u >> 13);
  stream->write(block);
  EXPECT_GT(stream->unsent_bytes(), 0u) << "more than the kernel takes at once";
  std::string arrived;
  std::size_t sent = 0;
  ASSERT_TRUE(run_until(*loop, [&] {
    for (int i = 0; i < 50; ++i) arrived += peer.receive();
    const ssize_t count = ::send(peer.fd(), block.data() + sent, kBytes - sent, MSG_NOSIGNAL);
    if (count > 0) sent += static_cast<std::size_t>(count);
    return arrived.size() >= kBytes && recorder.received.size() >= kBytes;
  }));
  EXPECT_TRUE(arrived == block);
  EXPECT_TRUE(recorder.received == block);
  EXPECT_EQ(0u, stream->unsent_bytes());
}

TEST_F(ClientStreamTest, AFloodLeavesOtherWorkItsTurn) {
  connect_to_peer();
  const std::string block(1024 * 1024, 'x');
  std::uint64_t turn = 0;
  std::size_t in_turn = 0, in_turn_max = 0;
  recorder.then_bytes = [&](std::string_view bytes) {
    const auto now = loop->counters().turns.load();
    in_turn = now == turn ? in_turn + bytes.size() : bytes.size();
    turn = now;
    in_turn_max = std::max(in_turn_max, in_turn);
    ::send(peer.fd(), block.data(), block.size(), MSG_NOSIGNAL);  // so that there is always more
  };
  peer.send("go");
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.received.size() > 4 * block.size(); }));
  EXPECT_LE(in_turn_max, block.size()) << "16 reads of 64 KiB";
}

class WriteLimit : public ClientStreamTest, public ::testing::WithParamInterface<int> {};

TEST_P(WriteLimit, HoldsToTheByte) {
  auto options = to(peer.port());
  options.write_buffer_bytes_max = 1000;
  connect(std::move(options));  // not yet connected: all of it is buffered
  stream->write(std::string(600, 'a'));
  stream->write(std::string(static_cast<std::size_t>(400 + GetParam()), 'b'));
  EXPECT_EQ(0, recorder.closed) << "not from inside write()";
  if (GetParam() <= 0) {
    ASSERT_TRUE(run_until(*loop, [&] { return peer.try_accept(); }));
    std::string arrived;
    const int all_bytes = 1000 + GetParam();
    const auto all = static_cast<std::size_t>(all_bytes);
    ASSERT_TRUE(run_until(*loop, [&] { return (arrived += peer.receive()).size() >= all; }));
    EXPECT_EQ(all, arrived.size());
    EXPECT_EQ(0, recorder.closed);
  } else {
    ASSERT_TRUE(closed());
    EXPECT_EQ("connection to 127.0.0.1:" + std::to_string(peer.port()) +
                  " closed: more than 1000 bytes wait to be sent; the peer does not read",
              recorder.closed_because);
    EXPECT_EQ(0, recorder.connected);
    EXPECT_EQ(0u, stream->unsent_bytes());
  }
}
INSTANTIATE_TEST_SUITE_P(AtTheLimit, WriteLimit, ::testing::Values(-1, 0, 1));

TEST_F(ClientStreamTest, APeerThatNeverReadsIsClosedAtTheLimit) {
  connect(to(peer.port()));
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.connected == 1; }));
  const std::string block(1024 * 1024, 'x');
  int blocks = 0;
  while (recorder.closed == 0 && blocks < 200) {
    stream->write(block);
    ++blocks;
    turns(1);
  }
  EXPECT_EQ(1, recorder.closed);
  EXPECT_LT(blocks, 100);
}

TEST_F(ClientStreamTest, MayBeDestroyedInOnConnected) {
  recorder.then_connected = [&] { stream.reset(); };
  connect(to(peer.port()));
  ASSERT_TRUE(
      run_until(*loop, [&] { return recorder.connected == 1 && peer.try_accept() && peer.at_end(); }));
  turns(5);
  EXPECT_EQ(0, recorder.closed);
}

TEST_F(ClientStreamTest, MayBeDestroyedInOnBytes_WhichMayReadOn) {
  connect_to_peer();
  std::string after;
  recorder.then_bytes = [&](std::string_view bytes) {
    stream.reset();
    after = bytes;
  };
  peer.send("the view lives for the call");
  peer.send("nothing of this comes twice");
  ASSERT_TRUE(run_until(*loop, [&] { return peer.at_end(); }));
  EXPECT_EQ(recorder.received, after);
  EXPECT_EQ(1, recorder.calls);
  EXPECT_EQ(0, recorder.closed);
}

TEST_F(ClientStreamTest, MayBeDestroyedInOnClosed_AndReplacedThere) {
  StreamRecorder second_recorder;
  recorder.then_closed = [&] {
    stream.reset();
    stream = ClientStream::connect(*loop, to(peer.port()), second_recorder);
  };
  connect(to(unused_port()));
  ASSERT_TRUE(run_until(*loop, [&] { return second_recorder.connected == 1; }));
  EXPECT_EQ(1, recorder.closed);
}

TEST_F(ClientStreamTest, MayBeDestroyedAtOnceAtAnyTime) {
  connect(to(peer.port()));
  stream.reset();
  connect(to(unused_port()));
  stream.reset();
  connect(to(1, "255.255.255.255"));
  stream.reset();
  connect_to_peer();
  peer.reset();
  stream->write("x");
  stream->write("y");
  stream.reset();
  turns(10);
  EXPECT_EQ(0, recorder.closed);
}

}  // namespace
}  // namespace carillon::reactor
