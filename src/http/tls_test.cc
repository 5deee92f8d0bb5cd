#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "base/file.h"
#include "http/client.h"
#include "http/raw_socket.h"
#include "http/server.h"

namespace slipway::http {
namespace {

// Real certificates by the openssl program: an authority, and servers' signed by it.
class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ours"
        " -keyout authority.key -out authority.pem");
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=else"
        " -keyout stranger.key -out stranger.pem");
    sign("server", "IP:127.0.0.1");
  }

  void sign(const std::string& name, const std::string& subject) {
    write_file(at("names"), "subjectAltName=" + subject + "\n").value();
    openssl("req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout " +
            name + ".key -out request.pem");
    openssl(
        "x509 -req -in request.pem -CA authority.pem -CAkey authority.key -CAcreateserial"
        " -days 2 -extfile names -out " +
        name + ".pem");
  }

  void openssl(const std::string& arguments) {
    const auto command = "cd '" + folder_.path().string() + "' && openssl " + arguments + " 2>log";
    ASSERT_EQ(std::system(command.c_str()), 0) << command << "\n" << read_file(at("log")).value();
  }

  std::filesystem::path at(std::string_view name) const { return folder_.path() / name; }

  void start(ServerOptions options = {}) {
    options.port = 0;
    options.n_workers = 2;
    options.spool_folder = folder_.path();
    options.certificate_file = at("server.pem");
    options.key_file = at("server.key");
    Handler handler;
    handler.body_rule = [](const Request&) { return BodyRule{BodyRule::Keep::file, 1u << 30}; };
    handler.answer = [this](Request& request) {
      if (request.path == "/file") {
        Response response;
        response.file = FileBody{at("bytes"), -1, 1, std::filesystem::file_size(at("bytes")) - 1};
        return response;
      }
      return respond(200, fmt::format("{}", std::filesystem::file_size(*request.body_file)), "a/b");
    };
    server_ = Server::start(std::move(options), std::move(handler)).value();
  }

  std::unique_ptr<Client> client(const Trust& trust, std::string_view host = "127.0.0.1") {
    const auto url = parse_url(fmt::format("https://{}:{}", host, server_->port())).value();
    return Client::make(url, 20'000, trust).value();
  }
  Trust ours() const { return {Trust::Check::certificate, at("authority.pem")}; }

  static Request put(std::string body) {
    Request request;
    request.method = "PUT";
    request.path = "/";
    request.body = std::move(body);
    return request;
  }

  TemporaryFolder folder_ = TemporaryFolder::make().value();
  std::unique_ptr<Server> server_;
};

TEST_F(TlsTest, CarriesRequestsBodiesAndFiles) {
  std::string bytes(5'000'001, 'b');
  for (size_t i = 0; i < bytes.size(); i += 1000) bytes[i] = static_cast<char>(i / 1000);
  write_file(at("bytes"), bytes).value();
  start();
  const auto connection = client(ours());
  for (int i = 0; i < 20; ++i) {
    const auto answer = connection->send(put(std::string(static_cast<size_t>(i) * 50'000, 'x')));
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(answer->body, std::to_string(i * 50'000));
  }
  Request file;
  file.method = "GET";
  file.path = "/file";
  ASSERT_TRUE(connection->download(file, at("copy")).ok());
  EXPECT_EQ(read_file(at("copy")).value(), bytes.substr(1));
  auto upload = put("");
  upload.body_file = at("bytes");
  EXPECT_EQ(connection->send(upload).value().body, "5000001");
}

TEST_F(TlsTest, RefusesAnyoneElse) {
  start();
  const auto refusal = [&](const Trust& trust, std::string_view host) {
    const auto answer = client(trust, host)->send(put(""));
    return answer.ok() ? "accepted" : answer.error().message;
  };
  const Trust stranger{Trust::Check::certificate, at("stranger.pem")};
  EXPECT_NE(refusal(stranger, "127.0.0.1").find("its certificate is refused"), std::string::npos);
  EXPECT_NE(refusal({}, "127.0.0.1").find("its certificate is refused"), std::string::npos);
  EXPECT_NE(refusal(ours(), "localhost").find("ostname mismatch"), std::string::npos);
  EXPECT_EQ(refusal({Trust::Check::nothing, ""}, "localhost"), "accepted");
  const auto url = parse_url("https://127.0.0.1:1").value();
  EXPECT_EQ(Client::make(url, 1000, {Trust::Check::certificate, at("none.pem")}).error().code,
            Code::invalid_parameter_value);
}

TEST_F(TlsTest, TellsPlainHttpAndOldTlsThatItSpeaksTls) {
  start();
  RawSocket plain(server_->port());
  plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto answer = plain.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 "));
  EXPECT_NE(answer.find("https://"), std::string::npos);
  const auto old = fmt::format(
      "openssl s_client -connect 127.0.0.1:{} -tls1_1 -cipher ALL:@SECLEVEL=0 </dev/null"
      " >'{}' 2>&1",
      server_->port(), at("log").string());
  EXPECT_NE(std::system(old.c_str()), 0);
}

TEST_F(TlsTest, LetsNoSilentClientStay) {
  ServerOptions options;
  options.read_timeout_ms = 300;
  start(options);
  RawSocket silent(server_->port());
  EXPECT_TRUE(silent.closes(5000));
  RawSocket stuck(server_->port());
  stuck.send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));
  EXPECT_TRUE(stuck.closes(5000));
}

TEST_F(TlsTest, TakesARenewedCertificateAndKeepsAGoodOne) {
  start();
  EXPECT_TRUE(client(ours())->send(put("")).ok());
  EXPECT_FALSE(client(ours(), "localhost")->send(put("")).ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  sign("server", "DNS:localhost");
  EXPECT_TRUE(client(ours(), "localhost")->send(put("")).ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  write_file(at("server.pem"), "-----BEGIN").value();
  EXPECT_TRUE(client(ours(), "localhost")->send(put("")).ok());
}

TEST_F(TlsTest, SaysWhichFileIsWrong) {
  const auto problem = [&](std::string_view certificate, std::string_view key) {
    ServerOptions options;
    options.port = 0;
    options.certificate_file = at(certificate);
    options.key_file = at(key);
    auto server = Server::start(options, {});
    return server.ok() ? "started" : server.error().message;
  };
  EXPECT_NE(problem("none.pem", "server.key").find("none.pem"), std::string::npos);
  EXPECT_NE(problem("server.pem", "none.key").find("none.key"), std::string::npos);
  EXPECT_NE(problem("server.pem", "stranger.key").find("mismatch"), std::string::npos);
  openssl("ec -in server.key -aes128 -passout pass:secret -out locked.key");
  EXPECT_NE(problem("server.pem", "locked.key").find("locked.key"), std::string::npos);
}

}  // namespace
}  // namespace slipway::http
