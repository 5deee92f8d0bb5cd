#include "http/server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "http/raw_socket.h"

namespace slipway::http {
namespace {

constexpr std::string_view kGet = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

std::string text_of(const std::string& response) {
  const auto cut = response.find("\r\n\r\n");
  return cut == response.npos ? "" : response.substr(cut + 4);
}

std::string error_code(const std::string& response) {
  const auto json = parse_json(text_of(response));
  return json.ok() ? text_member(*json, "error_code").value() : "no JSON: " + response;
}

size_t n_files(const std::filesystem::path& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

// A server whose handler says what it got; PUT bodies are spooled, others held in memory.
class ServerTest : public testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    options.port = 0;
    options.n_workers = 2;
    options.spool_folder = folder_.path();
    Handler handler;
    handler.body_rule = [](const Request& head) {
      if (head.path == "/rule-throws") throw std::runtime_error("rule");
      if (head.method == "PUT") return BodyRule{BodyRule::Keep::file, 64u << 20};
      return BodyRule{BodyRule::Keep::memory, 1000};
    };
    handler.answer = [this](Request& request) { return answer(request); };
    server_ = Server::start(std::move(options), std::move(handler)).value();
  }

  Response answer(Request& request) {
    if (request.path == "/throws") throw std::runtime_error("no detail for the client");
    if (request.path == "/slow") std::this_thread::sleep_for(std::chrono::milliseconds(300));
    if (request.path == "/empty") return respond(204, "", "text/plain");
    if (request.path == "/evil-field") {
      auto response = respond(200, "", "text/plain");
      response.headers.add("X-Name", "a\r\nSet-Cookie: b");
      return response;
    }
    if (request.path == "/file") {
      Response response;
      response.file = FileBody{big_file_, -1, 3, std::filesystem::file_size(big_file_) - 3};
      return response;
    }
    if (request.body_file) {
      const auto size = std::filesystem::file_size(*request.body_file);
      if (request.path == "/keep") std::filesystem::rename(*request.body_file, kept_);
      return respond(200, fmt::format("file of {}", size), "text/plain");
    }
    return respond(
        200,
        fmt::format("{} {} {} [{}]", request.method, request.path, request.query, request.body),
        "text/plain");
  }

  TemporaryFolder folder_ = TemporaryFolder::make().value();
  TemporaryFolder other_folder_ = TemporaryFolder::make().value();
  std::filesystem::path kept_ = other_folder_.path() / "kept";
  std::filesystem::path big_file_ = other_folder_.path() / "big";
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  start();
  RawSocket socket(server_->port());
  socket.send("GET /a%20b?q=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto first = socket.read_response();
  EXPECT_TRUE(first.starts_with("HTTP/1.1 200 OK\r\n")) << first;
  EXPECT_NE(first.find("\r\nX-Content-Type-Options: nosniff\r\n"), first.npos);
  EXPECT_NE(first.find("\r\nX-Frame-Options: SAMEORIGIN\r\n"), first.npos);
  EXPECT_NE(first.find("\r\nDate: "), first.npos);
  EXPECT_EQ(text_of(first), "GET /a%20b q=1 []");
  socket.send("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(text_of(socket.read_response()), "POST /p  [abc]");
}

TEST_F(ServerTest, AThousandRequestsOneAfterTheOther) {
  start();
  RawSocket socket(server_->port());
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(socket.send(fmt::format("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", i)));
    ASSERT_EQ(text_of(socket.read_response()), fmt::format("GET /{}  []", i));
  }
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInTurn) {
  start();
  RawSocket socket(server_->port());
  socket.send(
      "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy\r\n"
      "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
      "chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
      "GET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(text_of(socket.read_response()), "POST /1  [xy]");
  EXPECT_EQ(text_of(socket.read_response()), "GET /2  []");
  EXPECT_EQ(text_of(socket.read_response()), "POST /3  [abc]");
  EXPECT_EQ(text_of(socket.read_response()), "GET /4  []");
  EXPECT_TRUE(socket.closes(1000));
}

TEST_F(ServerTest, OldProtocolAndHead) {
  start();
  RawSocket old(server_->port());
  old.send("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_EQ(text_of(old.read_all()), "GET /old  []");
  RawSocket head(server_->port());
  head.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto only_head = head.read_response(true);
  EXPECT_NE(only_head.find("\r\nContent-Length: 15\r\n"), only_head.npos) << only_head;
  head.send("GET /empty HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto empty = head.read_response();
  EXPECT_TRUE(empty.starts_with("HTTP/1.1 204 No Content\r\n")) << empty;
  EXPECT_EQ(empty.find("Content-Length"), empty.npos);
  EXPECT_TRUE(text_of(empty).empty());
}

TEST_F(ServerTest, WhatIsNoRequestIsRefused) {
  start();
  const auto reply = [&](std::string_view bytes) {
    RawSocket socket(server_->port());
    socket.send(bytes);
    return socket.read_all();
  };
  EXPECT_EQ(error_code(reply("not http at all\r\n\r\n")), "BAD_REQUEST");
  EXPECT_TRUE(reply("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400 "));  // no Host
  EXPECT_TRUE(reply("GET a HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 400 "));
  const auto both = reply(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: "
      "chunked\r\n\r\n0\r\n\r\n");
  EXPECT_TRUE(both.starts_with("HTTP/1.1 400 ")) << both;
  const auto encoded = reply("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n");
  EXPECT_TRUE(encoded.starts_with("HTTP/1.1 501 ")) << encoded;
  const auto bad_chunk =
      reply("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  EXPECT_TRUE(bad_chunk.starts_with("HTTP/1.1 400 ")) << bad_chunk;
  const auto huge =
      reply("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n");
  EXPECT_TRUE(huge.starts_with("HTTP/1.1 431 ")) << huge;
  const auto endless = reply("GET /" + std::string(300'000, 'x'));
  EXPECT_TRUE(endless.starts_with("HTTP/1.1 431 ")) << endless;
  EXPECT_TRUE(reply("GET /" + std::string(60'000, 'x') +
                    " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                  .starts_with("HTTP/1.1 200 "));
}

TEST_F(ServerTest, ABodyOverTheLimitIsRefusedAndTheAnswerCanBeRead) {
  start();
  RawSocket socket(server_->port());
  socket.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n");
  const auto early = socket.read_response();  // before any byte of the body was sent
  EXPECT_TRUE(early.starts_with("HTTP/1.1 413 ")) << early;
  EXPECT_EQ(error_code(early), "REQUEST_TOO_LARGE");
  EXPECT_NE(early.find("20000000"), early.npos);
  EXPECT_NE(early.find("1000 bytes"), early.npos);
  RawSocket pushing(server_->port());  // sends all before it reads
  pushing.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n");
  EXPECT_TRUE(pushing.send(std::string(20'000'000, 'x')));
  EXPECT_TRUE(pushing.read_response().starts_with("HTTP/1.1 413 "));
  RawSocket chunked(server_->port());
  chunked.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7D0\r\n" +
               std::string(2000, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(error_code(chunked.read_response()), "REQUEST_TOO_LARGE");
}

TEST_F(ServerTest, ContinueIsSentOnlyWhereTheBodyIsWanted) {
  start();
  RawSocket socket(server_->port());
  socket.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(socket.read_response(), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.send("hi");
  EXPECT_EQ(text_of(socket.read_response()), "POST /  [hi]");
  RawSocket large(server_->port());
  large.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n");
  EXPECT_TRUE(large.read_response().starts_with("HTTP/1.1 413 "));
}

TEST_F(ServerTest, SpooledBodiesGoUnlessMovedAway) {
  start();
  RawSocket socket(server_->port());
  const std::string body(3'000'000, 'b');
  socket.send(
      fmt::format("PUT /drop HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.size()));
  socket.send(body);
  EXPECT_EQ(text_of(socket.read_response()), "file of 3000000");
  EXPECT_EQ(n_files(folder_.path()), 0u);
  socket.send("PUT /keep HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 30; ++i) socket.send("186A0\r\n" + std::string(100'000, 'c') + "\r\n");
  socket.send("0\r\n\r\n");
  EXPECT_EQ(text_of(socket.read_response()), "file of 3000000");
  EXPECT_EQ(read_file(kept_).value(), std::string(3'000'000, 'c'));
  socket.send("PUT /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(text_of(socket.read_response()), "file of 0");
  EXPECT_EQ(n_files(folder_.path()), 0u);
}

TEST_F(ServerTest, AnUploadBrokenOffLeavesNothing) {
  start();
  {
    RawSocket socket(server_->port());
    socket.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n");
    socket.send(std::string(1'000'000, 'x'));
  }
  for (int i = 0; i < 100 && n_files(folder_.path()) > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  server_->stop(1000);
  EXPECT_EQ(n_files(folder_.path()), 0u);
}

// A file size limit fails a write the way a full disk does.
TEST_F(ServerTest, AFullDiskIsSaidAndLeavesNothing) {
  start();
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 1 << 20;
  setrlimit(RLIMIT_FSIZE, &small);
  RawSocket socket(server_->port());
  socket.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n");
  socket.send(std::string(3'000'000, 'x'));
  const auto response = socket.read_response();
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_TRUE(response.starts_with("HTTP/1.1 503 ")) << response;
  EXPECT_EQ(error_code(response), "TEMPORARILY_UNAVAILABLE");
  server_->stop(1000);
  EXPECT_EQ(n_files(folder_.path()), 0u);
}

long resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtol(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

TEST_F(ServerTest, AFloodOfTinyChunksTakesNoMemory) {
  start();
  RawSocket socket(server_->port());
  socket.send("PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string piece;
  for (int i = 0; i < 10'000; ++i) piece += "1;ext=1\r\nx\r\n";
  socket.send(piece);
  [[maybe_unused]] const long before = resident_kib();
  for (int i = 0; i < 29; ++i) ASSERT_TRUE(socket.send(piece));
  socket.send("0\r\n\r\n");
  EXPECT_EQ(text_of(socket.read_response()), "file of 300000");
#if !defined(__SANITIZE_THREAD__)  // which remembers every access
  EXPECT_LT(resident_kib() - before, 4096);
#endif
  RawSocket extension(server_->port());
  extension.send("PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;");
  extension.send(std::string(300'000, 'e'));
  EXPECT_TRUE(extension.read_response().starts_with("HTTP/1.1 431 "));
}

TEST_F(ServerTest, FilesAreSentFromTheirOffset) {
  std::string bytes(5'000'000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>('a' + i % 23);
  ASSERT_TRUE(write_file(big_file_, bytes).ok());
  start();
  RawSocket socket(server_->port());
  for (int i = 0; i < 2; ++i) {
    socket.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(text_of(socket.read_response()), bytes.substr(3));
  }
  socket.send("HEAD /file HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(socket.read_response(true).find("Content-Length: 4999997\r\n"), std::string::npos);
  {
    RawSocket leaving(server_->port());
    leaving.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  std::filesystem::resize_file(big_file_, 4);
  socket.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(text_of(socket.read_response()), "d");
}

TEST_F(ServerTest, WhatAHandlerThrowsBecomesA500) {
  start();
  RawSocket socket(server_->port());
  socket.send("GET /throws HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto response = socket.read_response();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 500 ")) << response;
  EXPECT_EQ(error_code(response), "INTERNAL_ERROR");
  EXPECT_EQ(response.find("detail"), response.npos);
  socket.send(kGet);
  EXPECT_EQ(text_of(socket.read_response()), "GET /hello  []");
  socket.send("GET /rule-throws HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(error_code(socket.read_response()), "INTERNAL_ERROR");
}

TEST_F(ServerTest, AFieldCannotBreakOutOfItsLine) {
  start();
  RawSocket socket(server_->port());
  socket.send("GET /evil-field HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(socket.read_response().find("\r\nX-Name: a  Set-Cookie: b\r\n"), std::string::npos);
}

TEST_F(ServerTest, SlowClientsAndIdleOnesGo) {
  ServerOptions options;
  options.read_timeout_ms = 150;
  options.idle_timeout_ms = 150;
  start(options);
  RawSocket slow(server_->port());
  slow.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  const auto response = slow.read_response();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 408 ")) << response;
  EXPECT_EQ(error_code(response), "DEADLINE_EXCEEDED");
  RawSocket half_head(server_->port());
  half_head.send("GET / HT");
  EXPECT_TRUE(half_head.read_response().starts_with("HTTP/1.1 408 "));
  RawSocket idle(server_->port());
  EXPECT_TRUE(idle.closes(1000));
  RawSocket working(server_->port());  // the handler's time is not the client's
  working.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(working.read_response().starts_with("HTTP/1.1 200 "));
}

TEST_F(ServerTest, TooManyConnectionsAreToldSo) {
  ServerOptions options;
  options.max_connections = 2;
  start(options);
  {
    RawSocket first(server_->port());
    RawSocket second(server_->port());
    first.send(kGet);
    second.send(kGet);
    EXPECT_TRUE(first.read_response().starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(second.read_response().starts_with("HTTP/1.1 200 "));
    RawSocket third(server_->port());
    third.send(kGet);
    const auto response = third.read_response();
    EXPECT_TRUE(response.starts_with("HTTP/1.1 503 ")) << response;
    EXPECT_EQ(error_code(response), "TEMPORARILY_UNAVAILABLE");
  }
  std::string again;
  for (int i = 0; i < 100 && !again.starts_with("HTTP/1.1 200 "); ++i) {
    RawSocket fourth(server_->port());
    fourth.send(kGet);
    again = fourth.read_response();
  }
  EXPECT_TRUE(again.starts_with("HTTP/1.1 200 ")) << again;
}

TEST_F(ServerTest, StopAnswersWhatIsInFlight) {
  start();
  RawSocket idle(server_->port());
  RawSocket busy(server_->port());
  busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  server_->stop(5000);
  const auto response = busy.read_response();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 200 ")) << response;
  EXPECT_NE(response.find("\r\nConnection: close\r\n"), response.npos);
  EXPECT_TRUE(busy.closes(100));
  EXPECT_TRUE(idle.closes(100));
  EXPECT_FALSE(RawSocket(server_->port()).connected());
}

TEST_F(ServerTest, StopWithoutGraceWaitsOnlyForHandlers) {
  start();
  RawSocket uploading(server_->port());
  uploading.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\nabc");
  RawSocket busy(server_->port());
  busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  server_.reset();
  EXPECT_TRUE(busy.closes(100));
  EXPECT_TRUE(uploading.closes(100));
  EXPECT_EQ(n_files(folder_.path()), 0u);
}

TEST_F(ServerTest, SeveralThreadsServeManyClientsAtOnce) {
  ServerOptions options;
  options.n_io_threads = 2;
  start(options);
  std::atomic<int> n_right = 0;
  std::vector<std::thread> clients;
  for (int k = 0; k < 8; ++k) {
    clients.emplace_back([this, k, &n_right] {
      RawSocket socket(server_->port());
      for (int i = 0; i < 100; ++i) {
        socket.send(fmt::format("GET /{}/{} HTTP/1.1\r\nHost: a\r\n\r\n", k, i));
        n_right += text_of(socket.read_response()) == fmt::format("GET /{}/{}  []", k, i);
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(n_right, 800);
}

TEST(ServerStart, SaysWhyItCannot) {
  ServerOptions options;
  options.port = 0;
  const Handler handler{[](Request&) { return Response{}; }, {}};
  const auto first = Server::start(options, handler).value();
  options.port = first->port();
  const auto taken = Server::start(options, handler);
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, Code::resource_conflict);
  EXPECT_NE(taken.error().message.find(fmt::format("127.0.0.1:{}", options.port)),
            std::string::npos);
  EXPECT_NE(taken.error().message.find("--port"), std::string::npos);
  options.host = "no such host";
  EXPECT_EQ(Server::start(options, handler).error().code, Code::invalid_parameter_value);
  options.host = "localhost";
  options.port = 0;
  EXPECT_TRUE(RawSocket(Server::start(options, handler).value()->port()).connected());
  options.host = "[::1]";
  const auto six = Server::start(options, handler);  // a machine may have no IPv6
  EXPECT_TRUE(six.ok() || six.error().code == Code::invalid_parameter_value);
}

}  // namespace
}  // namespace slipway::http
