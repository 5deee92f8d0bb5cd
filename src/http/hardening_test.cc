#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/file.h"
#include "http/error_response.h"
#include "http/raw_socket.h"
#include "http/server.h"

namespace slipway::http {
namespace {

// A server that counts what reaches its handler, and refuses /guarded by its head.
class HardeningTest : public testing::Test {
 protected:
  void start(int read_timeout_ms = 5000) {
    ServerOptions options;
    options.port = 0;
    options.n_workers = 2;
    options.read_timeout_ms = read_timeout_ms;
    options.spool_folder = folder_.path();
    Handler handler;
    handler.body_rule = [](const Request& head) {
      if (head.method == "PUT") return BodyRule{BodyRule::Keep::file, 1u << 30};
      return BodyRule{BodyRule::Keep::memory, 4u << 20};
    };
    handler.answer = [this](Request& request) {
      ++n_answered_;
      return respond(200, std::to_string(request.body.size()), "text/plain");
    };
    handler.refuse = [](Request& head) -> std::optional<Response> {
      if (head.path != "/guarded") return std::nullopt;
      return error_response(fail(Code::permission_denied, "no"));
    };
    server_ = Server::start(std::move(options), std::move(handler)).value();
  }

  std::string answer_to(std::string_view bytes) {
    RawSocket socket(server_->port());
    socket.send(bytes);
    const auto answer = socket.read_response();
    return answer.substr(0, std::min<size_t>(12, answer.size()));
  }

  TemporaryFolder folder_ = TemporaryFolder::make().value();
  std::atomic<int> n_answered_ = 0;
  std::unique_ptr<Server> server_;
};

TEST_F(HardeningTest, HeadersAreLimitedInNumberAndSize) {
  start();
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 98; ++i) many += "a: b\r\n";
  EXPECT_EQ(answer_to(many + "\r\n"), "HTTP/1.1 200");
  EXPECT_EQ(answer_to(many + "c: d\r\ne: f\r\n\r\n"), "HTTP/1.1 431");
  const std::string large(80'000, 'x');
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\nHost: a\r\nb: " + large + "\r\n\r\n"), "HTTP/1.1 431");
  EXPECT_EQ(answer_to("GET /" + large + " HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 431");
  EXPECT_EQ(n_answered_, 1);
}

// Requests that another server on the way might cut elsewhere than this one would.
TEST_F(HardeningTest, RequestsOfTwoMeaningsAreRefused) {
  start();
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
  for (const std::string_view rest :
       {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "Content-Length: -1\r\n\r\n",
        "Content-Length: +3\r\n\r\nabc", "Content-Length: 0x3\r\n\r\nabc",
        "Content-Length: 99999999999999999999\r\n\r\n", "Content-Length : 3\r\n\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n-1\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: gzip\r\n\r\nabc", "A: b\r\n c: d\x01\r\n\r\n", "A\x01: b\r\n\r\n"}) {
    const auto answer = answer_to(head + std::string(rest));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 501"))
        << rest << " -> " << answer;
  }
  EXPECT_EQ(n_answered_, 0);
}

TEST_F(HardeningTest, ManySmallChunksAreOneBody) {
  start();
  std::string body;
  for (int i = 0; i < 5'000; ++i) body += "1;name=value\r\nx\r\n";
  RawSocket socket(server_->port());
  socket.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body +
              "0\r\ntrailer: x\r\n\r\n");
  const auto answer = socket.read_response();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  EXPECT_TRUE(answer.ends_with("5000")) << answer;
}

TEST_F(HardeningTest, AFloodOfRequestsIsAnsweredInTurnAndHoldsUpNoOneElse) {
  start();
  constexpr int kRequests = 3000;
  std::string flood;
  for (int i = 0; i < kRequests; ++i) flood += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  RawSocket socket(server_->port());
  std::thread sender([&] { socket.send(flood); });
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 200");
  sender.join();
  for (int i = 0; i < kRequests; ++i) ASSERT_TRUE(socket.read_response().ends_with("0")) << i;
  EXPECT_EQ(n_answered_, kRequests + 1);
}

// Each sends a byte now and then, which is no reason to wait longer for the rest.
TEST_F(HardeningTest, ClientsThatDripAreDropped) {
  start(600);
  for (const std::string_view begin :
       {"GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    RawSocket socket(server_->port());
    socket.send(begin);
    const auto start_time = std::chrono::steady_clock::now();
    bool closed = false;
    const bool is_chunked = begin.find("chunked") != begin.npos;
    for (int i = 0; i < 100 && !closed; ++i) {
      socket.send(is_chunked ? "1\r\nx\r\n" : "x");
      closed = socket.closes(100) || !socket.send("");
      if (socket.read_all(1).starts_with("HTTP/1.1 408")) closed = true;
    }
    EXPECT_TRUE(closed) << begin;
    EXPECT_LT(std::chrono::steady_clock::now() - start_time, std::chrono::seconds(8)) << begin;
  }
  EXPECT_EQ(n_answered_, 0);
}

TEST_F(HardeningTest, ARefusalByTheHeadComesBeforeTheBody) {
  start();
  for (const std::string_view framing : {"Content-Length: 500000000", "Transfer-Encoding: chunked",
                                         "Content-Length: 500000000\r\nExpect: 100-continue"}) {
    RawSocket socket(server_->port());
    socket.send(fmt::format("PUT /guarded HTTP/1.1\r\nHost: a\r\n{}\r\n\r\n", framing));
    EXPECT_TRUE(socket.read_response().starts_with("HTTP/1.1 403")) << framing;
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  EXPECT_EQ(n_answered_, 0);
  EXPECT_EQ(answer_to("PUT /open HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
            "HTTP/1.1 200");
}

}  // namespace
}  // namespace slipway::http
