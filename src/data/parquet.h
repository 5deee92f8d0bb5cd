// data/parquet.h — Parquet files: whole, and as streams of tables for what does not fit in memory.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/table.h"

namespace slipway::data {

/// Read a Parquet file: all columns, or those named in `columns`, in that order.
/// Errors   resource_does_not_exist: no such file; invalid_parameter_value: not Parquet, damaged,
///          or no such column; the message names the file.
Result<Table> read_parquet(const std::filesystem::path& path,
                           const std::vector<std::string>& columns = {});

/// Write a table as Parquet (zstd) by a hidden sibling, fsync and rename: the whole file or none.
/// Errors   as slipway::errno_error; nothing is left behind and an old file stays as it was.
Result<void> write_parquet(const Table& table, const std::filesystem::path& path);

/// Reads a Parquet file a few rows at a time. One thread at a time.
class ParquetReader {
 public:
  /// Errors   as read_parquet.
  static Result<ParquetReader> open(const std::filesystem::path& path,
                                    const std::vector<std::string>& columns = {});
  ParquetReader(ParquetReader&&) noexcept;
  ParquetReader& operator=(ParquetReader&&) noexcept;
  ~ParquetReader();

  /// Rows of the whole file.
  size_t n_rows() const;
  /// A table without rows that has the columns next() will give.
  const Table& empty() const;

  /// Give the next `n_rows` rows (> 0), fewer at the end of the file, nothing behind it.
  /// Errors   invalid_parameter_value: the file is damaged.
  Result<std::optional<Table>> next(size_t n_rows);

 private:
  struct State;
  explicit ParquetReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Writes a Parquet file table by table. Destroyed without commit() it leaves nothing behind.
/// One thread at a time.
class ParquetWriter {
 public:
  /// Errors   as slipway::errno_error.
  static Result<ParquetWriter> open(const std::filesystem::path& path);
  ParquetWriter(ParquetWriter&&) noexcept;
  ParquetWriter& operator=(ParquetWriter&&) noexcept;
  ~ParquetWriter();

  /// Append a table's rows; the first one decides names and types.
  /// Errors   invalid_parameter_value: other columns than the first; else as errno_error.
  Result<void> append(const Table& table);

  /// Finish the file, bring it to disk and give it its name; needs one append() at least.
  Result<void> commit();

 private:
  struct State;
  explicit ParquetWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace slipway::data
