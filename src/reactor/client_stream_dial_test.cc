// Names, several addresses, and what is left behind.
#include <dirent.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "reactor/dial_plan.h"
#include "reactor/testing/client_stream_fixture.h"

namespace carillon::reactor {
namespace {

using std::chrono::milliseconds;

class ClientStreamDial : public ClientStreamTest {};

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* const folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

// A name server that answers when the test allows it. It outlives the test, because the thread may.
struct SlowResolver {
  std::mutex mutex;
  std::condition_variable changed;
  bool may_answer = false;
  int asked = 0, answered = 0;

  static ResolveFunction function(const std::shared_ptr<SlowResolver>& self) {
    return [self](const std::string&) -> Result<std::vector<std::string>> {
      std::unique_lock lock(self->mutex);
      ++self->asked;
      self->changed.wait(lock, [&] { return self->may_answer; });
      ++self->answered;
      return std::vector<std::string>{"127.0.0.1"};
    };
  }
  void answer() {
    const std::lock_guard lock(mutex);
    may_answer = true;
    changed.notify_all();
  }
  int answers() {
    const std::lock_guard lock(mutex);
    return answered;
  }
};

bool wait_for(const std::function<bool()>& condition) {
  const MonoTime end = mono_now() + std::chrono::seconds(10);
  while (!condition() && mono_now() < end) std::this_thread::yield();
  return condition();
}

TEST_F(ClientStreamDial, ResolvesANameOnAnotherThread) {
  connect(to(peer.port(), "localhost"));
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.connected == 1 || recorder.closed == 1; }));
  EXPECT_EQ(1, recorder.connected) << recorder.closed_because;
}

TEST_F(ClientStreamDial, TheLoopGoesOnWhileTheNameServerIsSilent) {
  const auto resolver = std::make_shared<SlowResolver>();
  auto options = to(peer.port(), "slow.example");
  options.resolve = SlowResolver::function(resolver);
  connect(std::move(options));
  turns(20);
  EXPECT_EQ(0, recorder.connected);
  resolver->answer();
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.connected == 1; }));
}

TEST_F(ClientStreamDial, ASilentNameServerTimesOut_ItsLateAnswerIsIgnored) {
  const auto resolver = std::make_shared<SlowResolver>();
  auto options = to(peer.port(), "slow.example");
  options.resolve = SlowResolver::function(resolver);
  options.connect_timeout = milliseconds(20);
  connect(std::move(options));
  ASSERT_TRUE(closed());
  EXPECT_EQ("cannot resolve slow.example within 20 ms: the name server does not answer",
            recorder.closed_because);
  resolver->answer();
  ASSERT_TRUE(wait_for([&] { return resolver->answers() == 1; }));
  turns(5);
  EXPECT_EQ(0, recorder.connected);
}

TEST(ClientStreamAlone, TheStreamAndTheLoopMayGoWhileTheNameIsResolved) {
  const auto resolver = std::make_shared<SlowResolver>();
  {
    const auto loop = new_loop();
    StreamRecorder recorder;
    ClientStreamOptions options = to(1, "slow.example");
    options.resolve = SlowResolver::function(resolver);
    const auto stream = ClientStream::connect(*loop, std::move(options), recorder);
  }
  resolver->answer();
  EXPECT_TRUE(wait_for([&] { return resolver->answers() == 1; }));
}

TEST_F(ClientStreamDial, LookUpsThatHangAreBounded) {
  const auto resolver = std::make_shared<SlowResolver>();
  std::vector<std::unique_ptr<ClientStream>> streams;
  for (int i = 0; i < kDialThreadsMax + 1; ++i) {
    auto options = to(peer.port(), "slow.example");
    options.resolve = SlowResolver::function(resolver);
    streams.push_back(ClientStream::connect(*loop, std::move(options), recorder));
  }
  ASSERT_TRUE(closed());
  turns(5);
  EXPECT_EQ(1, recorder.closed) << "the one over the limit";
  EXPECT_NE(std::string::npos, recorder.closed_because.find("16 look-ups are waiting"));
  resolver->answer();
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.connected == kDialThreadsMax; }));
}

TEST_F(ClientStreamDial, AnUnknownNameIsReported) {
  auto options = to(peer.port(), "nowhere.invalid");
  options.resolve = [](const std::string& host) -> Result<std::vector<std::string>> {
    return failure("cannot resolve " + host + ": Name or service not known");
  };
  connect(std::move(options));
  ASSERT_TRUE(closed());
  EXPECT_EQ("cannot resolve nowhere.invalid: Name or service not known", recorder.closed_because);
}

ResolveFunction always(std::vector<std::string> hosts) {
  return [hosts](const std::string&) -> Result<std::vector<std::string>> { return hosts; };
}

TEST_F(ClientStreamDial, TriesEachAddressInTurn) {
  auto options = to(peer.port(), "many.example");
  // Nothing listens on the first address; connect() itself refuses the second.
  options.resolve = always({"127.0.0.77", "255.255.255.255", "127.0.0.1"});
  connect(std::move(options));
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.connected == 1 || recorder.closed == 1; }));
  EXPECT_EQ(1, recorder.connected) << recorder.closed_because;
}

TEST_F(ClientStreamDial, WhenAllAddressesFailTheLastIsNamed) {
  auto options = to(peer.port(), "many.example");
  options.resolve = always({"127.0.0.77", "127.0.0.78"});
  connect(std::move(options));
  ASSERT_TRUE(closed());
  const std::string port = std::to_string(peer.port());
  EXPECT_EQ("cannot connect to many.example:" + port + ": connection refused (127.0.0.78:" + port + ")",
            recorder.closed_because);
}

// The first address swallows packets: it gets its share of the deadline, not all of it.
TEST_F(ClientStreamDial, ASilentAddressLeavesTimeForTheNext) {
  auto full = listen_on({"127.0.0.77", peer.port()}, 0);
  ASSERT_TRUE(full) << full.error().message;
  std::vector<std::unique_ptr<ClientStream>> crowd;
  StreamRecorder crowd_recorder;
  for (int i = 0; i < 4; ++i) {
    crowd.push_back(ClientStream::connect(*loop, to(peer.port(), "127.0.0.77"), crowd_recorder));
  }
  turns(20);
  auto options = to(peer.port(), "many.example");
  options.connect_timeout = milliseconds(2000);
  options.resolve = always({"127.0.0.77", "127.0.0.1"});
  connect(std::move(options));
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.connected == 1 || recorder.closed == 1; }));
  EXPECT_EQ(1, recorder.connected) << recorder.closed_because;
}

TEST_F(ClientStreamDial, NoDescriptorIsLeaked) {
  const auto dial_each_way = [&] {
    for (const auto& host : {"127.0.0.1", "localhost", "255.255.255.255", "127.0.0.77"}) {
      StreamRecorder each;
      auto one = ClientStream::connect(*loop, to(peer.port(), host), each);
      ASSERT_TRUE(run_until(*loop, [&] { return each.connected + each.closed > 0; }));
      one.reset();
      if (peer.try_accept()) peer.close();
    }
  };
  dial_each_way();
  const auto before = open_descriptors();
  for (int i = 0; i < 20; ++i) dial_each_way();
  while (peer.try_accept()) peer.close();
  EXPECT_TRUE(wait_for([&] { return open_descriptors() <= before; }))
      << open_descriptors() << " > " << before;
}

}  // namespace
}  // namespace carillon::reactor
