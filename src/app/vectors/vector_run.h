// VectorRun: runs one vector against a gateway of its own, on virtual time, up to the first step that does
// not hold.
//
// Thread: one. Bounded: kRealTimeMax of real time, kBytesMax bytes that the clients send and receive.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/vectors/comparison.h"
#include "app/vectors/received.h"
#include "app/vectors/requests.h"
#include "app/vectors/vector_file.h"
#include "app/vectors/virtual_gateway.h"

namespace carillon::app {

// Why a step does not hold.
struct Mismatch {
  std::string what;           // "frame 2 of a"
  std::string expected = {};  // empty: `what` says everything
  std::string came = {};
  std::vector<std::string> differences{};  // between two JSON texts, each with its place
};

// A vector that does not hold.
struct VectorFailure {
  std::size_t step = 0;  // from 1 on; 0: after the last one
  std::string step_text{};
  Mismatch mismatch;
  std::vector<std::string> log{};  // what may explain it: the last lines that the gateway logged, and a hint
};

class VectorRun {
 public:
  static constexpr seconds kRealTimeMax{20};
  static constexpr std::size_t kBytesMax = 256 * 1024 * 1024;
  static constexpr std::size_t kLogLinesShown = 5;

  // All of it outlives the run.
  VectorRun(const TestVector& vector, VirtualGateway& gateway, const RunKeys& keys,
            JsonComparison how = JsonComparison::by_value);

  // Returns why the vector does not hold; nothing: it does. Call once.
  std::optional<VectorFailure> run();

 private:
  // The client's end of a connection.
  struct Client {
    int fd = -1;
    bool answers_pings = false;
    bool has_ended = false;
    std::string bytes = {};  // of a frame that is not whole
    std::vector<ReceivedFrame> frames = {};
  };
  using Outcome = std::optional<Mismatch>;  // nothing: the step holds
  using Step = const json::Value&;
  struct Verb {
    std::string_view name;
    Outcome (VectorRun::*act)(Step);
  };
  static const std::vector<Verb>& verbs();

  Outcome carry_out(Step step);
  Outcome connect(Step step);
  Outcome connect_one(Step step, const std::string& name, std::int64_t number);
  Outcome publish(Step step);
  Outcome send(Step step);
  Outcome expect(Step step);
  Outcome wait(Step step);
  Outcome connections(Step step);
  Outcome drop(Step step);
  Outcome stop_reading(Step step);
  Outcome read(Step step);
  Outcome drain(Step step);
  Outcome log(Step step);
  Outcome never_logged(Step step);
  Outcome http(Step step);
  Outcome check_answer(const json::Value& expected, const ReceivedAnswer& answer);
  Outcome check_body(const json::Value& expected, const ReceivedAnswer& answer);
  Outcome check_frames(const json::Value& expected, const Client& client, const std::string& name);
  Outcome check_frame(const json::Value& expected, const ReceivedFrame* frame, const std::string& what,
                      std::int64_t n);
  Outcome nothing_left();
  Outcome within_bounds() const;
  void pump();
  bool collect(Client& client);
  VectorFailure failure(std::size_t step, Mismatch mismatch) const;

  const TestVector& vector_;
  VirtualGateway& gateway_;
  const RunKeys& keys_;
  const JsonComparison how_;
  const MonoTime ends_at_;         // of real time
  const std::size_t logs_before_;  // lines of the gateway's start
  std::map<std::string, Client> clients_;
  std::string last_token_;
  std::string uuid_;
  std::size_t logs_seen_ = 0;
  std::size_t bytes_ = 0;  // sent and received
};

}  // namespace carillon::app
