#include "api/points_body.h"

#include <fcntl.h>

#include <cerrno>
#include <charconv>

#include "base/file.h"
#include "base/json.h"

namespace slipway::api {
namespace {

constexpr size_t kMaxHeldBytes = 16 << 20;

void append_integer(std::string& out, int64_t value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, static_cast<size_t>(end - digits));
}

}  // namespace

PointsBody::PointsBody(std::filesystem::path spool_folder, std::string_view key,
                       WhenEmpty when_empty)
    : spool_folder_(std::move(spool_folder)), when_empty_(when_empty), head_("{\"key\": ") {
  append_quoted(head_, key);
  head_ += ", \"value\": ";
}

Result<void> PointsBody::add(std::string_view run_id, std::span<const store::MetricPoint> points) {
  std::string tail;
  if (!run_id.empty()) {
    tail = ", \"run_id\": ";
    append_quoted(tail, run_id);
  }
  tail += '}';
  for (const store::MetricPoint& point : points) {
    text_ += any_ ? ", " : "{\"metrics\": [";
    any_ = true;
    text_ += head_;
    append_number(text_, point.value);
    text_ += ", \"timestamp\": ";
    append_integer(text_, point.timestamp_ms);
    text_ += ", \"step\": ";
    append_integer(text_, point.step);
    text_ += tail;
  }
  if (text_.size() > kMaxHeldBytes) TRY(spill());
  return {};
}

Result<void> PointsBody::spill() {
  if (!has_spilled()) {
    file_ = Descriptor(::open(spool_folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!has_spilled()) return errno_error(errno, "making a file in", spool_folder_);
  }
  if (!write_all(file_.get(), text_)) return errno_error(errno, "writing a file in", spool_folder_);
  n_spilled_ += text_.size();
  text_.clear();
  return {};
}

Result<http::Response> PointsBody::finish(std::string_view next_page_token) {
  if (any_) text_ += ']';
  if (!next_page_token.empty()) {
    text_ += any_ ? ", \"next_page_token\": " : "{\"next_page_token\": ";
    append_quoted(text_, next_page_token);
  }
  if (text_.empty() && !has_spilled())
    text_ = when_empty_ == WhenEmpty::list ? "{\"metrics\": []" : "{";
  text_ += '}';
  if (!has_spilled()) return http::respond(200, std::move(text_), "application/json");
  TRY(spill());
  auto response = http::respond(200, "", "application/json");
  response.file = http::FileBody{spool_folder_, file_.release(), 0, n_spilled_};
  return response;
}

}  // namespace slipway::api
