// train/matrix_file.h — prepared data as one flat file that many processes map and train from.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "train/learner.h"

namespace slipway::train {

/// Write prepared data, whole or not at all.
///
/// note     anything the reader wants to know besides; read back by MatrixFile::note().
/// Errors   invalid_parameter_value: shapes that do not fit; otherwise as write_file.
/// Source   little-endian: "SLWMATRX", u32 version 1, u32 columns, u64 training rows, u64
/// validation
///          rows, u64 bytes of JSON, 16 hex digits (FNV-1a of all before them and of the JSON);
///          the JSON {"names", "types", "note"}; then training matrix and labels, validation matrix
///          and labels as float32, each beginning at a multiple of 64.
Result<void> write_matrix_file(const std::filesystem::path& path, const TrainingData& data,
                               const JsonObject& note = {});

/// Prepared data, mapped into memory. Immutable; any number of threads may read.
class MatrixFile {
 public:
  /// Errors   as errno_error; invalid_parameter_value: not such a file, another version, or a
  ///          damaged one (header, JSON or size).
  static Result<MatrixFile> open(const std::filesystem::path& path);

  MatrixFile(MatrixFile&& other) noexcept { swap(other); }
  MatrixFile& operator=(MatrixFile&& other) noexcept {
    swap(other);
    return *this;
  }
  ~MatrixFile();

  /// Borrowed: lives as long as this.
  const TrainingData& data() const { return data_; }
  const JsonObject& note() const { return note_; }

 private:
  MatrixFile() = default;
  void swap(MatrixFile& other) noexcept;
  Result<void> read(const std::filesystem::path& path);

  void* bytes_ = nullptr;
  size_t size_bytes_ = 0;
  std::vector<std::string> names_;
  std::vector<std::string> types_;
  JsonObject note_;
  TrainingData data_;
};

}  // namespace slipway::train
