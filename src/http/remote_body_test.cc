#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "http/raw_socket.h"
#include "http/server.h"

namespace slipway::http {
namespace {

constexpr uint64_t kSize = 9u << 20;

char byte_at(uint64_t offset) { return static_cast<char>('a' + offset * 7 / 5 % 26); }

// A file that lies elsewhere: /whole can be read, /broken only up to a byte.
Response answer(Request& request) {
  const bool broken = request.path == "/broken";
  Response response;
  FileBody body;
  body.offset = 3;
  body.size = kSize;
  body.read = [broken](uint64_t offset, std::span<char> out) -> Result<size_t> {
    if (broken && offset + out.size() > kSize) return fail(Code::data_loss, "replaced");
    for (size_t i = 0; i < out.size(); ++i) out[i] = byte_at(offset + i);
    return out.size();
  };
  response.file = std::move(body);
  return response;
}

TEST(RemoteBodyTest, ComesWholeOrBreaksOff) {
  ServerOptions options;
  options.port = 0;
  const auto server = Server::start(options, Handler{answer, {}}).value();
  RawSocket socket(server->port());
  for (int i = 0; i < 2; ++i) {  // the connection is kept
    socket.send("GET /whole HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto text = socket.read_response();
    const auto body = std::string_view(text).substr(text.find("\r\n\r\n") + 4);
    ASSERT_EQ(body.size(), kSize);
    EXPECT_TRUE(std::ranges::all_of(std::array<size_t, 4>{0, 1, (4u << 20) + 1, kSize - 1},
                                    [&](size_t at) { return body[at] == byte_at(at + 3); }));
  }
  socket.send("HEAD /broken HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(socket.read_response(true).find("Content-Length: 9437184"), std::string::npos);
  socket.send("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto part = socket.read_all();
  EXPECT_LT(part.size(), kSize);
  EXPECT_GT(part.size(), size_t{4} << 20);
}

}  // namespace
}  // namespace slipway::http
