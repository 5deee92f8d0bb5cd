#include "http/client.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/file.h"
#include "base/text.h"
#include "http/error_response.h"
#include "http/server.h"

namespace slipway::http {
namespace {

Request get(std::string path) {
  Request request;
  request.method = "GET";
  request.path = std::move(path);
  return request;
}

class ClientTest : public testing::Test {
 protected:
  void SetUp() override { start(0); }

  void start(uint16_t port) {
    ServerOptions options;
    options.port = port;
    options.n_workers = 2;
    options.spool_folder = folder_.path();
    Handler handler;
    handler.body_rule = [](const Request& head) {
      if (head.path == "/small") return BodyRule{BodyRule::Keep::memory, 10};
      return BodyRule{BodyRule::Keep::file, 1u << 30};
    };
    handler.answer = [this](Request& request) {
      if (request.path == "/slow") std::this_thread::sleep_for(std::chrono::milliseconds(400));
      if (request.path == "/fail") {
        return error_response(fail(Code::resource_does_not_exist, "no \"run\""));
      }
      if (request.path == "/big") return respond(200, std::string(3'000'000, 'z'), "text/plain");
      if (request.method == "PUT") std::filesystem::rename(*request.body_file, uploaded_);
      const auto* name = request.headers.find("X-Name");
      return respond(200,
                     fmt::format("{} {}?{} {} {}", request.method, request.path, request.query,
                                 name ? *name : "", std::filesystem::exists(uploaded_)),
                     "text/plain");
    };
    server_ = Server::start(std::move(options), std::move(handler)).value();
    port_ = server_->port();
  }

  std::unique_ptr<Client> client(int timeout_ms = 5000, std::string_view prefix = "") {
    return Client::make(parse_url(fmt::format("http://127.0.0.1:{}{}", port_, prefix)).value(),
                        timeout_ms)
        .value();
  }

  TemporaryFolder folder_ = TemporaryFolder::make().value();
  std::filesystem::path uploaded_ = folder_.path() / "uploaded";
  std::unique_ptr<Server> server_;
  uint16_t port_ = 0;
};

TEST_F(ClientTest, SendsAndKeepsItsConnection) {
  const auto connection = client(5000, "/prefix/");
  auto request = get("/a");
  request.query = "b=c";
  request.headers.add("X-Name", "line\r\nbreak");
  for (int i = 0; i < 100; ++i) {
    const auto response = connection->send(request).value();
    EXPECT_EQ(response.status, 200);
    ASSERT_EQ(response.body, "GET /prefix/a?b=c line  break false");
    EXPECT_EQ(*response.headers.find("content-type"), "text/plain");
  }
}

TEST_F(ClientTest, StreamsFilesBothWays) {
  const std::string bytes(3'000'000, 'u');
  const auto local = folder_.path() / "local";
  ASSERT_TRUE(write_file(local, bytes).ok());
  const auto connection = client();
  auto put = get("/x");
  put.method = "PUT";
  put.body_file = local;
  EXPECT_EQ(connection->send(put)->body, "PUT /x?  true");
  EXPECT_EQ(read_file(uploaded_).value(), bytes);
  const auto to = folder_.path() / "down";
  const auto response = connection->download(get("/big"), to).value();
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.body.empty());
  EXPECT_EQ(read_file(to).value(), std::string(3'000'000, 'z'));
  const auto none = folder_.path() / "none";
  const auto failed = connection->download(get("/fail"), none).value();
  EXPECT_EQ(failed.status, 404);
  EXPECT_EQ(error_of(failed).message, "no \"run\"");
  EXPECT_FALSE(std::filesystem::exists(none));
  EXPECT_EQ(connection->send(get("/big"))->body.size(), 3'000'000u);
  auto head = get("/big");
  head.method = "HEAD";
  EXPECT_EQ(connection->send(head)->body, "");
  put.body_file = folder_.path() / "missing";
  EXPECT_EQ(connection->send(put).error().code, Code::resource_does_not_exist);
  EXPECT_EQ(connection->send(get("/a"))->status, 200);
}

TEST_F(ClientTest, ARefusalIsReadThoughTheBodyIsNotTaken) {
  auto post = get("/small");
  post.method = "POST";
  post.body = std::string(30'000'000, 'x');
  const auto connection = client();
  const auto response = connection->send(post).value();
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(error_of(response).code, Code::request_too_large);
  EXPECT_EQ(connection->send(get("/a"))->status, 200);
}

TEST_F(ClientTest, AClosedConnectionIsOpenedAnew) {
  const auto connection = client();
  EXPECT_EQ(connection->send(get("/a"))->status, 200);
  server_.reset();
  start(port_);
  EXPECT_EQ(connection->send(get("/a"))->status, 200);
  server_.reset();
  const auto refused = connection->send(get("/a"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::temporarily_unavailable);
  EXPECT_NE(refused.error().message.find(fmt::format("127.0.0.1:{}", port_)), std::string::npos);
}

TEST_F(ClientTest, AnAnswerThatDoesNotComeIsNotAwaitedForever) {
  const auto slow = client(100)->send(get("/slow"));
  ASSERT_FALSE(slow.ok());
  EXPECT_EQ(slow.error().code, Code::deadline_exceeded);
}

TEST(Url, IsTakenApart) {
  const auto plain = parse_url("http://host:5000/a/b/").value();
  EXPECT_EQ(plain.host, "host");
  EXPECT_EQ(plain.port, 5000);
  EXPECT_EQ(plain.path, "/a/b");
  EXPECT_EQ(parse_url("HTTPS://host")->port, 443);
  const auto six = parse_url("http://[::1]:80").value();
  EXPECT_EQ(six.host, "::1");
  EXPECT_EQ(six.port, 80);
  for (const auto* bad : {"", "host:80", "ftp://host", "http://", "http://h:0", "http://h:x",
                          "http://u:p@h", "http://h/a b", "http://h?q"}) {
    const auto url = parse_url(bad);
    ASSERT_FALSE(url.ok()) << bad;
    EXPECT_EQ(url.error().code, Code::invalid_parameter_value);
  }
  EXPECT_EQ(parse_url("https://h").value().port, 443);
}

TEST(ErrorResponse, GoesBothWays) {
  const auto error = fail(Code::resource_does_not_exist, "no 'a\n\"b'");
  const auto response = error_response(error);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(error_of(response).code, error.code);
  EXPECT_EQ(error_of(response).message, error.message);
  const auto html = error_of(respond(404, "<html>not here</html>", "text/html"));
  EXPECT_EQ(html.code, Code::endpoint_not_found);
  EXPECT_NE(html.message.find("not here"), html.message.npos);
  const auto foreign = respond(409, R"({"error_code": "ALREADY_EXISTS", "message": "m"})", "");
  EXPECT_EQ(error_of(foreign).code, Code::resource_conflict);
}

}  // namespace
}  // namespace slipway::http
