// The order of answers to pipelined requests, and when the queue is full.
#include "client/answer_queue.h"

#include <gtest/gtest.h>

namespace carillon::client {
namespace {

using Last = AnswerQueue::Last;

http::Response text(std::string body) {
  http::Response response;
  response.body = std::move(body);
  return response;
}
AnswerQueue::Request request(std::uint32_t number, std::size_t body_bytes = 0) {
  AnswerQueue::Request made;
  made.number = number;
  made.body_bytes = body_bytes;
  return made;
}
// A queue with its own response writer.
const AnswerQueue::Ready* ready_of(AnswerQueue& queue) {
  static ResponseWriter writer;
  return queue.ready(writer, WallTime{});
}
std::string body_of_next(AnswerQueue& queue) {
  const AnswerQueue::Ready* ready = ready_of(queue);
  if (!ready) return "none";
  const std::string body = ready->bytes.substr(ready->bytes.find("\r\n\r\n") + 4);
  queue.pop();
  return body;
}

TEST(AnswerQueue, AnswersLeaveInTheOrderOfTheirRequests) {
  AnswerQueue queue;
  for (std::uint32_t i = 1; i <= 3; ++i) queue.begin(request(i));
  queue.answer(3, text("three"));
  queue.answer(2, text("two"));
  EXPECT_EQ(ready_of(queue), nullptr);
  EXPECT_EQ(queue.waiting()->number, 1U);
  queue.answer(1, text("one"));
  EXPECT_FALSE(queue.waiting().has_value());
  EXPECT_EQ(body_of_next(queue), "one");
  EXPECT_EQ(body_of_next(queue), "two");
  EXPECT_EQ(body_of_next(queue), "three");
  EXPECT_TRUE(queue.empty());
}

TEST(AnswerQueue, ARequestIsAwaitedUntilItHasItsAnswer) {
  AnswerQueue queue;
  queue.begin(request(7));
  EXPECT_EQ(queue.awaited(6), nullptr);
  ASSERT_NE(queue.awaited(7), nullptr);
  queue.answer(7, text("first"));
  EXPECT_EQ(queue.awaited(7), nullptr);
  EXPECT_EQ(body_of_next(queue), "first");
  EXPECT_EQ(queue.awaited(7), nullptr);
}

TEST(AnswerQueue, ItIsFullAtItsLimitOfRequests) {
  AnswerQueue queue;
  queue.begin(request(1));
  EXPECT_FALSE(queue.is_full(2));
  queue.begin(request(2));
  EXPECT_TRUE(queue.is_full(2));
  queue.answer(1, text(""));
  ready_of(queue);
  queue.pop();
  EXPECT_FALSE(queue.is_full(2));
}

TEST(AnswerQueue, ItIsFullAtItsLimitOfBytes) {
  for (const std::size_t size :
       {AnswerQueue::kBytesMax - 1, AnswerQueue::kBytesMax, AnswerQueue::kBytesMax + 1}) {
    AnswerQueue of_bodies;
    of_bodies.begin(request(1, size));
    EXPECT_EQ(of_bodies.is_full(100), size >= AnswerQueue::kBytesMax);
    of_bodies.answer(1, text("x"));
    EXPECT_FALSE(of_bodies.is_full(100)) << "its body is gone";
    AnswerQueue of_answers;
    of_answers.begin(request(1));
    of_answers.answer(1, text(std::string(size, 'x')));
    EXPECT_EQ(of_answers.is_full(100), size >= AnswerQueue::kBytesMax);
    ready_of(of_answers);
    of_answers.pop();
    EXPECT_FALSE(of_answers.is_full(100));
  }
}

TEST(AnswerQueue, ABodyHoldsItsShareOfTheBudgetUntilItsRequestIsAnswered) {
  BodyBudget budget(1000);
  BodyShare share;
  ASSERT_TRUE(share.try_hold(budget, 300));
  AnswerQueue queue;
  queue.begin(request(1));
  queue.begin(request(2), std::move(share));
  EXPECT_EQ(budget.bytes(), 300U);
  queue.answer(2, text("x"));
  EXPECT_EQ(budget.bytes(), 0U);
}

TEST(AnswerQueue, TheLastAnswerHasConnectionClose) {
  AnswerQueue queue;
  queue.begin(request(1));
  AnswerQueue::Request closing = request(2);
  closing.keep_alive = http::KeepAlive::close;
  queue.begin(closing);
  queue.answer(1, text("one"));
  queue.answer(2, text("two"));
  EXPECT_NE(ready_of(queue)->bytes.find("Connection: keep-alive"), std::string::npos);
  EXPECT_EQ(ready_of(queue)->last, Last::no);
  queue.pop();
  EXPECT_NE(ready_of(queue)->bytes.find("Connection: close"), std::string::npos);
  EXPECT_EQ(ready_of(queue)->last, Last::yes);
}

TEST(AnswerQueue, TheLastAnswerAfterTheClientShutItsSideHasConnectionClose) {
  AnswerQueue queue;
  queue.begin(request(1));
  queue.begin(request(2));
  queue.end_after_these();
  queue.answer(1, text("one"));
  queue.answer(2, text("two"));
  EXPECT_EQ(ready_of(queue)->last, Last::no);
  queue.pop();
  EXPECT_EQ(ready_of(queue)->last, Last::yes);
}

TEST(AnswerQueue, TheAnswerToAHeadHasNoBody) {
  AnswerQueue queue;
  AnswerQueue::Request head = request(1);
  head.body = http::BodyOut::omit;
  queue.begin(head);
  queue.answer(1, text("four"));
  EXPECT_NE(ready_of(queue)->bytes.find("Content-Length: 4"), std::string::npos);
  EXPECT_EQ(body_of_next(queue), "");
}

}  // namespace
}  // namespace carillon::client
