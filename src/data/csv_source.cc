#include "data/csv_source.h"

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/result.h>
#include <arrow/util/compression.h>
#include <zip.h>

#include <string>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "data/arrow_status.h"

namespace slipway::data {
namespace {

struct CloseZip {
  void operator()(zip_t* archive) const { zip_discard(archive); }
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

// One file inside a zip as a stream.
class ZipStream : public arrow::io::InputStream {
 public:
  ZipStream(std::unique_ptr<zip_t, CloseZip> archive, std::unique_ptr<zip_file_t, CloseZip> file)
      : archive_(std::move(archive)), file_(std::move(file)) {}

  arrow::Status Close() override {
    file_.reset();
    archive_.reset();
    return arrow::Status::OK();
  }
  bool closed() const override { return file_ == nullptr; }
  arrow::Result<int64_t> Tell() const override { return position_; }

  arrow::Result<int64_t> Read(int64_t n_bytes, void* out) override {
    if (closed()) return arrow::Status::Invalid("the zip is closed");
    int64_t total = 0;
    while (total < n_bytes) {
      const auto n = zip_fread(file_.get(), static_cast<char*>(out) + total,
                               static_cast<zip_uint64_t>(n_bytes - total));
      if (n < 0) {
        return arrow::Status::Invalid("damaged zip: ", zip_file_strerror(file_.get()));
      }
      if (n == 0) break;
      total += n;
    }
    position_ += total;
    return total;
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t n_bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(n_bytes));
    ARROW_ASSIGN_OR_RAISE(const auto n, Read(n_bytes, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(n));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  std::unique_ptr<zip_t, CloseZip> archive_;
  std::unique_ptr<zip_file_t, CloseZip> file_;
  int64_t position_ = 0;
};

// Number of the entry to read, or -1.
zip_int64_t wanted_entry(zip_t* archive) {
  zip_int64_t first = -1;
  const auto n_entries = zip_get_num_entries(archive, 0);
  for (zip_int64_t i = 0; i < n_entries; ++i) {
    const char* raw_name = zip_get_name(archive, static_cast<zip_uint64_t>(i), 0);
    const std::string name = raw_name ? lower(raw_name) : "";
    // macOS adds a folder of its own with copies that are no CSV
    if (name.empty() || name.ends_with('/') || name.starts_with("__macosx/")) continue;
    if (name.ends_with(".csv")) return i;
    if (first < 0) first = i;
  }
  return first;
}

Result<std::shared_ptr<arrow::io::InputStream>> open_zip(const std::filesystem::path& path) {
  int code = 0;
  std::unique_ptr<zip_t, CloseZip> archive(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const auto reason = fail(Code::invalid_parameter_value, "cannot read '{}' as a zip: {}",
                             path.string(), zip_error_strerror(&error));
    zip_error_fini(&error);
    return reason;
  }
  const auto entry = wanted_entry(archive.get());
  if (entry < 0) {
    return fail(Code::invalid_parameter_value, "'{}' has no file inside", path.string());
  }
  std::unique_ptr<zip_file_t, CloseZip> file(
      zip_fopen_index(archive.get(), static_cast<zip_uint64_t>(entry), 0));
  if (!file) {
    return fail(Code::invalid_parameter_value, "cannot read '{}': {}", path.string(),
                zip_strerror(archive.get()));
  }
  return std::make_shared<ZipStream>(std::move(archive), std::move(file));
}

Result<std::shared_ptr<arrow::io::InputStream>> open_gzip(
    const std::filesystem::path& path, std::shared_ptr<arrow::io::InputStream> packed) {
  auto codec = arrow::util::Codec::Create(arrow::Compression::GZIP);
  if (!codec.ok()) return arrow_file_error(codec.status(), "read", path);
  // the stream keeps a bare pointer to its codec, so both go together
  struct Gzip {
    std::unique_ptr<arrow::util::Codec> codec;
    std::shared_ptr<arrow::io::CompressedInputStream> stream;
  };
  auto gzip = std::make_shared<Gzip>();
  gzip->codec = std::move(codec).ValueUnsafe();
  auto stream = arrow::io::CompressedInputStream::Make(gzip->codec.get(), std::move(packed));
  if (!stream.ok()) return arrow_file_error(stream.status(), "read", path);
  gzip->stream = std::move(stream).ValueUnsafe();
  return std::shared_ptr<arrow::io::InputStream>(gzip, gzip->stream.get());
}

}  // namespace

Result<std::shared_ptr<arrow::io::InputStream>> open_csv(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return fail(Code::invalid_parameter_value, "'{}' is a folder, not a CSV file", path.string());
  }
  auto opened = arrow::io::ReadableFile::Open(path.string());
  if (!opened.ok()) return arrow_file_error(opened.status(), "read", path);
  std::shared_ptr<arrow::io::InputStream> file = std::move(opened).ValueUnsafe();
  const auto ending = lower(path.extension().string());
  if (ending == ".zip") return open_zip(path);
  if (ending == ".gz") return open_gzip(path, std::move(file));
  return file;
}

}  // namespace slipway::data
