#include "api/file_response.h"

#include <gtest/gtest.h>

#include "api/test_workspace.h"
#include "files/attachment_name.h"

namespace slipway::api {
namespace {

TEST(FileResponseTest, MediaTypes) {
  EXPECT_EQ(media_type("a.txt"), "text/plain");
  EXPECT_EQ(media_type("MLmodel"), "text/plain");
  EXPECT_EQ(media_type("A.PNG"), "image/png");
  EXPECT_EQ(media_type("model.pkl"), "application/octet-stream");
  EXPECT_EQ(media_type("noending"), "application/octet-stream");
}

TEST(FileResponseTest, NamesInHeaders) {
  EXPECT_EQ(files::attachment_name("x.txt"), "attachment; filename=x.txt");
  EXPECT_EQ(files::attachment_name("a+b~1.txt"), "attachment; filename=a+b~1.txt");
  EXPECT_EQ(files::attachment_name("a b.txt"), "attachment; filename=\"a b.txt\"");
  EXPECT_EQ(files::attachment_name("a%2e.txt"),
            "attachment; filename=\"a_2e.txt\"; filename*=UTF-8''a%252e.txt");
  EXPECT_EQ(files::attachment_name("é\".txt"),
            "attachment; filename=\"___.txt\"; filename*=UTF-8''%C3%A9%22.txt");
}

class ArtifactsTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(server_.call("PUT", kFile, "0123456789").status, 200); }
  Reply range(std::string value) { return server_.get(kFile, {{"Range", std::move(value)}}); }

  static constexpr std::string_view kFile = "/api/2.0/mlflow-artifacts/artifacts/a/x.bin";
  TestWorkspace server_;
};

TEST_F(ArtifactsTest, Ranges) {
  EXPECT_EQ(range("bytes=2-4").body, "234");
  EXPECT_EQ(range("bytes=2-4").header("Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(range("bytes=8-").body, "89");
  EXPECT_EQ(range("bytes=-3").body, "789");
  EXPECT_EQ(range("bytes=-100").body, "0123456789");
  EXPECT_EQ(range("bytes=5-100").body, "56789");
  EXPECT_EQ(range("bytes=10-").status, 416);
  EXPECT_EQ(range("bytes=-0").status, 416);
  for (const auto* ignored : {"bytes=4-2", "bytes=a-b", "bytes=", "items=0-1", "bytes=0-1,4-5",
                              "bytes=-", "bytes=18446744073709551616-", "bytes=--1"}) {
    EXPECT_EQ(range(ignored).status, 200) << ignored;
    EXPECT_EQ(range(ignored).body, "0123456789") << ignored;
  }
}

TEST_F(ArtifactsTest, Validators) {
  const auto etag = server_.get(kFile).header("ETag");
  EXPECT_EQ(server_.get(kFile, {{"If-None-Match", "\"x\", W/" + etag}}).status, 304);
  EXPECT_EQ(server_.get(kFile, {{"If-None-Match", "*"}}).status, 304);
  EXPECT_EQ(server_.get(kFile, {{"Range", "bytes=1-1"}, {"If-Range", etag}}).body, "1");
  EXPECT_EQ(server_.get(kFile, {{"Range", "bytes=1-1"}, {"If-Range", "\"x\""}}).status, 200);
  ASSERT_EQ(server_.call("PUT", kFile, "0123456780").status, 200);
  EXPECT_EQ(server_.get(kFile, {{"If-None-Match", etag}}).status, 200);
}

TEST_F(ArtifactsTest, AnEmptyFile) {
  constexpr std::string_view kEmpty = "/api/2.0/mlflow-artifacts/artifacts/a/empty";
  ASSERT_EQ(server_.call("PUT", kEmpty).status, 200);
  EXPECT_EQ(server_.get(kEmpty).status, 200);
  EXPECT_EQ(server_.get(kEmpty).body, "");
  EXPECT_EQ(server_.get(kEmpty, {{"Range", "bytes=0-"}}).status, 416);
}

TEST_F(ArtifactsTest, NothingOfOursRunsWhatWasUploaded) {
  ASSERT_EQ(server_.call("PUT", "/api/2.0/mlflow-artifacts/artifacts/a/x.html", "<script>").status,
            200);
  const auto page = server_.get("/api/2.0/mlflow-artifacts/artifacts/a/x.html");
  EXPECT_TRUE(page.header("Content-Disposition").starts_with("attachment"));
  EXPECT_EQ(page.header("Content-Security-Policy"), "default-src 'none'; sandbox");
}

}  // namespace
}  // namespace slipway::api
