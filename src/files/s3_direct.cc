#include "files/s3_direct.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "files/attachment_name.h"
#include "files/object_error.h"
#include "http/client.h"

namespace slipway::files {
namespace {

constexpr int64_t kMaxParts = 10'000;  // S3's own
constexpr int64_t kPartSeconds = 3600;
constexpr int64_t kCallSeconds = 300;
constexpr size_t kPartBytes = 8u << 20;  // S3 takes none below 5 MiB but the last
constexpr int kAttempts = 3;
constexpr std::chrono::milliseconds kFirstPause{200};

struct Entity {
  std::string_view code;
  char character;
};
constexpr Entity kEntities[] = {{"&lt;", '<'},    {"&gt;", '>'},  {"&quot;", '"'},
                                {"&apos;", '\''}, {"&#34;", '"'}, {"&amp;", '&'}};

bool may_pass(int status) {
  return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

// The next part of a file: `n_bytes` or somewhat more, fewer only at the file's end.
Result<std::string> gather(const NextPiece& next, size_t n_bytes) {
  std::string part;
  while (part.size() < n_bytes) {
    const auto piece = TRY(next());
    if (piece.empty()) break;
    part += piece;
  }
  return part;
}

std::string completion(const std::vector<UploadedPart>& parts) {
  std::string body = "<CompleteMultipartUpload>";
  for (const auto& part : parts) {
    body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", part.number,
                        xml_escaped(part.etag));
  }
  return body + "</CompleteMultipartUpload>";
}

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

Result<std::unique_ptr<http::Client>> S3Direct::connect() const {
  const auto url = TRY(http::parse_url(fmt::format("{}://{}", address_.scheme, address_.host)));
  return http::Client::make(url);
}

// One request of our own, by an address signed for it, and again where the store stumbles. What a
// lost connection did is not known, so the last step of an upload is not made twice for one.
Result<http::Response> S3Direct::call(http::Client& client, std::string_view method,
                                      const Path& path, const Query& query,
                                      std::string body) const {
  const bool is_safe = method != "POST";
  http::Request sent;
  sent.method = method;
  sent.body = std::move(body);
  for (int attempt = 1;; ++attempt) {
    const auto target = aws_signed_target(request(method, path, query), credentials_(),
                                          address_.region, now_ms(), kCallSeconds);
    sent.path = target.substr(0, target.find('?'));
    sent.query = target.substr(sent.path.size() + 1);
    auto answer = client.send(sent);
    const bool again = answer.ok() ? may_pass(answer->status) : is_safe;
    if (!again || attempt == kAttempts) {
      if (!answer.ok()) {
        return fail(Code::temporarily_unavailable, "cannot write '{}': {} does not answer ({})",
                    path.text(), address_.title, answer.error().message);
      }
      // a failure may also come with status 200, after the store had kept the connection alive
      const bool good = answer->status / 100 == 2 && xml_text(answer->body, "Error").empty();
      return good ? std::move(answer) : Result<http::Response>(refusal(*answer, path));
    }
    std::this_thread::sleep_for(kFirstPause * attempt);
  }
}

Error S3Direct::refusal(const http::Response& answer, const Path& path) const {
  const auto code = xml_text(answer.body, "Code");
  if (code == "NoSuchUpload") {
    return fail(Code::resource_does_not_exist, "there is no such upload of '{}'", path.text());
  }
  const auto reason = code.empty() ? answer.body : code + ": " + xml_text(answer.body, "Message");
  return object_answer_error(answer.status, reason, "write", path.text(), address_.title);
}

// As call(), over a connection of its own; gives the answer's body.
Result<std::string> S3Direct::call_once(std::string_view method, const Path& path,
                                        const Query& query, std::string body) const {
  const auto client = TRY(connect());
  auto answer = TRY(call(*client, method, path, query, std::move(body)));
  return std::move(answer.body);
}

Result<void> S3Direct::upload(const Path& path, const NextPiece& next) const {
  const auto client = TRY(connect());
  auto first = TRY(gather(next, kPartBytes));
  if (first.size() < kPartBytes) {
    TRY(call(*client, "PUT", path, {}, std::move(first)));
    return {};
  }
  const auto made = TRY(call(*client, "POST", path, {{"uploads", ""}}, ""));
  const auto upload_id = xml_text(made.body, "UploadId");
  const auto done = upload_parts(*client, path, upload_id, std::move(first), next);
  if (done.ok()) return {};
  const auto aborted = call(*client, "DELETE", path, {{"uploadId", upload_id}}, "");
  if (!aborted.ok()) {
    log(Level::warning, "parts of '{}' are left in the bucket, where no one sees them: {}",
        path.text(), aborted.error().message);
  }
  return done;
}

Result<void> S3Direct::upload_parts(http::Client& client, const Path& path,
                                    const std::string& upload_id, std::string first,
                                    const NextPiece& next) const {
  std::vector<UploadedPart> parts;
  auto part = std::move(first);
  while (!part.empty()) {
    const auto number = static_cast<int64_t>(parts.size()) + 1;
    const Query query{{"partNumber", std::to_string(number)}, {"uploadId", upload_id}};
    const auto answer = TRY(call(client, "PUT", path, query, std::move(part)));
    const auto* etag = answer.headers.find("ETag");
    parts.push_back({number, etag ? *etag : "", ""});
    // ten thousand parts at most: later ones are larger
    part = TRY(gather(next, kPartBytes * (1 + parts.size() / 1000)));
  }
  TRY(call(client, "POST", path, {{"uploadId", upload_id}}, completion(parts)));
  return {};
}

Result<PartedUpload> S3Direct::create_upload(const Path& path, int64_t n_parts) const {
  TRY(check_upload(path, n_parts, kMaxParts));
  const auto answer = TRY(call_once("POST", path, {{"uploads", ""}}, ""));
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
  TRY(call_once("POST", path, {{"uploadId", std::string(upload_id)}}, completion(parts)));
  return {};
}

Result<void> S3Direct::abort_upload(const Path& path, std::string_view upload_id) const {
  TRY(call_once("DELETE", path, {{"uploadId", std::string(upload_id)}}, ""));
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
