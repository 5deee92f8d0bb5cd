#include "files/s3_direct.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "files/attachment_name.h"
#include "files/object_error.h"
#include "http/client.h"

namespace slipway::files {
namespace {

constexpr int64_t kMaxParts = 10'000;  // S3's own
constexpr int64_t kPartSeconds = 3600;
constexpr int64_t kCallSeconds = 300;

struct Entity {
  std::string_view code;
  char character;
};
constexpr Entity kEntities[] = {{"&lt;", '<'},    {"&gt;", '>'},  {"&quot;", '"'},
                                {"&apos;", '\''}, {"&#34;", '"'}, {"&amp;", '&'}};

}  // namespace

std::string xml_text(std::string_view xml, std::string_view name) {
  const auto open = fmt::format("<{}>", name);
  const auto start = xml.find(open);
  if (start == xml.npos) return "";
  const auto from = start + open.size();
  const auto end = xml.find(fmt::format("</{}>", name), from);
  if (end == xml.npos) return "";
  const auto text = xml.substr(from, end - from);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const Entity* found = nullptr;
    for (const auto& entity : kEntities) {
      if (text.substr(i).starts_with(entity.code)) found = &entity;
    }
    out += found ? found->character : text[i];
    if (found) i += found->code.size() - 1;
  }
  return out;
}

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

S3Direct::S3Direct(S3Address address, std::string prefix,
                   std::function<AwsCredentials()> credentials)
    : address_(std::move(address)),
      prefix_(std::move(prefix)),
      credentials_(std::move(credentials)) {}

AwsRequest S3Direct::request(std::string_view method, const Path& path, Query query) const {
  AwsRequest request;
  request.method = method;
  request.host = address_.host;
  request.path = address_.path + prefix_ + "/" + path.text();
  request.query = std::move(query);
  return request;
}

std::string S3Direct::sign(const AwsRequest& request, int64_t seconds) const {
  return fmt::format(
      "{}://{}{}", address_.scheme, address_.host,
      aws_signed_target(request, credentials_(), address_.region, now_ms(), seconds));
}

// One request of our own, by an address signed for it; gives the answer's body.
Result<std::string> S3Direct::call(std::string_view method, const Path& path, Query query,
                                   std::string body) const {
  const auto title = fmt::format("{}://{}{}", address_.scheme, address_.host, address_.path);
  const auto url = TRY(http::parse_url(fmt::format("{}://{}", address_.scheme, address_.host)));
  const auto client = TRY(http::Client::make(url));
  const auto target = aws_signed_target(request(method, path, std::move(query)), credentials_(),
                                        address_.region, now_ms(), kCallSeconds);
  http::Request sent;
  sent.method = method;
  sent.path = target.substr(0, target.find('?'));
  sent.query = target.substr(sent.path.size() + 1);
  sent.body = std::move(body);
  const auto answer = TRY(client->send(sent));
  // a failure may also come with status 200, after the store had kept the connection alive
  if (answer.status / 100 == 2 && xml_text(answer.body, "Error").empty()) return answer.body;
  const auto code = xml_text(answer.body, "Code");
  if (code == "NoSuchUpload") {
    return fail(Code::resource_does_not_exist, "there is no such upload of '{}'", path.text());
  }
  const auto reason = code.empty() ? answer.body : code + ": " + xml_text(answer.body, "Message");
  return object_answer_error(answer.status, reason, "upload", path.text(), title);
}

Result<PartedUpload> S3Direct::create_upload(const Path& path, int64_t n_parts) const {
  TRY(check_upload(path, n_parts, kMaxParts));
  const auto answer = TRY(call("POST", path, {{"uploads", ""}}, ""));
  PartedUpload upload;
  upload.upload_id = xml_text(answer, "UploadId");
  if (upload.upload_id.empty()) {
    return fail(Code::internal_error, "{} gave no upload id for '{}'", address_.host, path.text());
  }
  for (int64_t part = 1; part <= n_parts; ++part) {
    const auto put = request(
        "PUT", path, {{"partNumber", std::to_string(part)}, {"uploadId", upload.upload_id}});
    upload.parts.push_back({sign(put, kPartSeconds), {}});
  }
  return upload;
}

Result<void> S3Direct::complete_upload(const Path& path, std::string_view upload_id,
                                       const std::vector<UploadedPart>& parts) const {
  std::string body = "<CompleteMultipartUpload>";
  for (const auto& part : parts) {
    body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", part.number,
                        xml_escaped(part.etag));
  }
  body += "</CompleteMultipartUpload>";
  TRY(call("POST", path, {{"uploadId", std::string(upload_id)}}, std::move(body)));
  return {};
}

Result<void> S3Direct::abort_upload(const Path& path, std::string_view upload_id) const {
  TRY(call("DELETE", path, {{"uploadId", std::string(upload_id)}}, ""));
  return {};
}

Result<SignedAddress> S3Direct::download_address(const Path& path, int64_t seconds) const {
  const auto get =
      request("GET", path, {{"response-content-disposition", attachment_name(path.name())}});
  return SignedAddress{sign(get, seconds), {}};
}

Result<SignedAddress> S3Direct::upload_address(const Path& path, int64_t seconds) const {
  auto put = request("PUT", path, {});
  put.headers.emplace_back("content-type", "application/octet-stream");
  return SignedAddress{sign(put, seconds), {{"Content-Type", "application/octet-stream"}}};
}

}  // namespace slipway::files
