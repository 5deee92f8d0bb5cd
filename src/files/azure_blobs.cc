#include "files/azure_blobs.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "files/attachment_name.h"
#include "files/azure_signature.h"
#include "files/object_error.h"
#include "http/client.h"

namespace slipway::files {
namespace {

constexpr int64_t kMaxParts = 50'000;  // Azure's own
constexpr int64_t kPartSeconds = 3600;
constexpr int64_t kCallSeconds = 3600;

// All of a blob must have the same length, and two uploads to one path must not share any.
std::string block_id(std::string_view upload_id, int64_t part) {
  return base64_encode(fmt::format("{}-{:05}", upload_id, part));
}

}  // namespace

std::string AzureBlobs::blob(const Path& path) const {
  return account_.prefix.empty() ? path.text() : account_.prefix.substr(1) + "/" + path.text();
}

Result<std::string> AzureBlobs::target(const Path& path, std::string_view permissions,
                                       int64_t seconds, std::string_view more_query,
                                       std::string_view disposition) const {
  BlobGrant grant;
  grant.account = account_.name;
  grant.container = account_.container;
  grant.blob = blob(path);
  grant.permissions = permissions;
  grant.expiry_ms = now_ms() + seconds * 1000;
  grant.content_disposition = disposition;
  auto query = account_.token;
  if (!account_.key.empty()) {
    const auto made = azure_signed_query(grant, account_.key);
    if (!made.ok()) return made.error();
    query = *made;
  }
  return fmt::format("{}/{}?{}{}", account_.container, percent_encode(grant.blob, Slash::keep),
                     more_query, query);
}

Result<std::string> AzureBlobs::address(const Path& path, std::string_view permissions,
                                        int64_t seconds, std::string_view more_query,
                                        std::string_view disposition) const {
  const auto rest = TRY(target(path, permissions, seconds, more_query, disposition));
  return account_.url + rest;
}

// One request of our own. Blobs and blocks are written by PUT alone.
Result<void> AzureBlobs::put(const Path& path, std::string_view query, http::Headers headers,
                             std::string body) const {
  const auto url = TRY(http::parse_url(account_.url));
  const auto client = TRY(http::Client::make(url));
  const auto to = TRY(target(path, "cw", kCallSeconds, query, ""));
  http::Request request;
  request.method = "PUT";
  request.path = "/" + to.substr(0, to.find('?'));
  request.query = to.substr(to.find('?') + 1);
  request.headers = std::move(headers);
  request.headers.add("x-ms-version", "2021-12-02");
  request.body = std::move(body);
  const auto answer = TRY(client->send(request));
  if (answer.status / 100 == 2) return {};
  if (answer.body.find("InvalidBlockList") != answer.body.npos) {
    return fail(Code::resource_does_not_exist,
                "'{}' has no such upload, or one of its parts was not uploaded", path.text());
  }
  return object_answer_error(answer.status, answer.body, "write", path.text(), account_.url);
}

Result<void> AzureBlobs::put_block_list(const Path& path,
                                        const std::vector<std::string>& blocks) const {
  std::string body = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>";
  for (const auto& block : blocks) body += "<Uncommitted>" + block + "</Uncommitted>";
  body += "</BlockList>";
  http::Headers headers;
  headers.add("Content-Type", "application/xml");
  return put(path, "comp=blocklist&", std::move(headers), std::move(body));
}

Result<void> AzureBlobs::upload(const Path& path, const NextPiece& next) const {
  const auto first = TRY(next());
  std::string piece(first);  // its own copy: the next piece takes the place of this one
  std::string_view more;
  if (!piece.empty()) {
    const auto second = TRY(next());
    more = second;
  }
  if (more.empty()) {
    http::Headers headers;
    headers.add("x-ms-blob-type", "BlockBlob");
    headers.add("Content-Type", "application/octet-stream");
    return put(path, "", std::move(headers), std::move(piece));
  }
  const auto upload_id = random_hex(16);
  std::vector<std::string> blocks;
  while (!piece.empty()) {
    blocks.push_back(block_id(upload_id, static_cast<int64_t>(blocks.size()) + 1));
    const auto query = "comp=block&blockid=" + percent_encode(blocks.back()) + "&";
    TRY(put(path, query, {}, std::move(piece)));
    piece = more;
    if (piece.empty()) break;
    const auto following = TRY(next());
    more = following;
  }
  return put_block_list(path, blocks);
}

Result<PartedUpload> AzureBlobs::create_upload(const Path& path, int64_t n_parts) const {
  TRY(check_upload(path, n_parts, kMaxParts));
  PartedUpload upload;
  upload.upload_id = random_hex(16);
  for (int64_t part = 1; part <= n_parts; ++part) {
    const auto block =
        "comp=block&blockid=" + percent_encode(block_id(upload.upload_id, part)) + "&";
    auto url = TRY(address(path, "cw", kPartSeconds, block, ""));
    upload.parts.push_back({std::move(url), {}});
  }
  return upload;
}

Result<void> AzureBlobs::complete_upload(const Path& path, std::string_view upload_id,
                                         const std::vector<UploadedPart>& parts) const {
  std::vector<std::string> blocks;
  for (const auto& part : parts) blocks.push_back(block_id(upload_id, part.number));
  return put_block_list(path, blocks);
}

Result<void> AzureBlobs::abort_upload(const Path&, std::string_view) const { return {}; }

Result<SignedAddress> AzureBlobs::download_address(const Path& path, int64_t seconds) const {
  auto url = TRY(address(path, "r", seconds, "", attachment_name(path.name())));
  return SignedAddress{std::move(url), {}};
}

Result<SignedAddress> AzureBlobs::upload_address(const Path& path, int64_t seconds) const {
  auto url = TRY(address(path, "cw", seconds, "", ""));
  return SignedAddress{std::move(url), {{"x-ms-blob-type", "BlockBlob"}}};
}

}  // namespace slipway::files
