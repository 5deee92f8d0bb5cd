#include <gtest/gtest.h>

#include "files/aws_signature.h"
#include "files/azure_signature.h"
#include "files/hmac.h"

namespace slipway::files {
namespace {

constexpr int64_t kMay2013_ms = 1'369'353'600'000;  // 2013-05-24T00:00:00Z
const AwsCredentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                              ""};

std::string signature_of(const std::string& target) {
  return target.substr(target.rfind("X-Amz-Signature=") + 16);
}

// source: RFC 4231, test case 2
TEST(HmacTest, PublishedCase) {
  const auto digest = hmac_sha256("Jefe", "what do ya want for nothing?");
  std::string hex;
  for (const char c : digest) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  EXPECT_EQ(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// source: the example of "Authenticating Requests: Using Query Parameters (AWS Signature Version
// 4)", Amazon S3 API Reference
TEST(AwsSignatureTest, PublishedExample) {
  const AwsRequest request{"GET", "examplebucket.s3.amazonaws.com", "/test.txt", {}, {}};
  const auto target = aws_signed_target(request, kExample, "us-east-1", kMay2013_ms, 86400);
  EXPECT_EQ(target,
            "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F"
            "20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires="
            "86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(AwsSignatureTest, EverythingIsSigned) {
  const AwsRequest request{"PUT", "h:9000", "/b/a b/é+%#?.bin", {{"partNumber", "2"}}, {}};
  const auto sign = [](const AwsRequest& r, std::string_view region = "eu-west-1") {
    return signature_of(aws_signed_target(r, kExample, region, kMay2013_ms, 60));
  };
  const auto target = aws_signed_target(request, kExample, "eu-west-1", kMay2013_ms, 60);
  EXPECT_TRUE(target.starts_with("/b/a%20b/%C3%A9%2B%25%23%3F.bin?X-Amz-Algorithm=")) << target;
  auto other = request;
  other.method = "GET";
  EXPECT_NE(sign(other), sign(request));
  other = request;
  other.query[0].second = "3";
  EXPECT_NE(sign(other), sign(request));
  other = request;
  other.headers.emplace_back("content-type", "text/plain");
  EXPECT_NE(sign(other), sign(request));
  EXPECT_NE(sign(request, "us-east-1"), sign(request));
}

TEST(AzureSignatureTest, KeyMustBeBase64) {
  const BlobGrant grant{"account", "container", "a/b c", "r", kMay2013_ms, "attachment"};
  EXPECT_EQ(azure_signed_query(grant, "no base64!").error().code, Code::invalid_parameter_value);
  const auto query = azure_signed_query(grant, "a2V5").value();
  EXPECT_TRUE(
      query.starts_with("sv=2021-12-02&sr=b&sp=r&se=2013-05-24T00%3A00%3A00Z&rscd=attachment"
                        "&sig="))
      << query;
}

}  // namespace
}  // namespace slipway::files
