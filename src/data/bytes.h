// data/bytes.h — batches as bytes in memory: what requests and other processes send.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "data/column.h"

namespace slipway::data {

/// While bytes are read, what they unpack to may take this much memory.
constexpr int64_t kMaxUnpackedBytes = int64_t{512} << 20;

/// Read Arrow IPC, a stream or a file.
///
/// Types are brought to ours as Table::column says. Lists whose lists are of equal lengths (and
/// Arrow's fixed-shape tensors) become columns with a shape.
/// Errors   invalid_parameter_value: not Arrow, damaged, larger than kMaxUnpackedBytes unpacked,
///          two columns of one name, or a column of a type that has no place among ours.
/// Source   Arrow columnar format, "IPC", 1.5; extension type arrow.fixed_shape_tensor.
Result<Batch> read_ipc(std::string_view bytes);

/// Read a Parquet file. As read_ipc; the index columns that pandas adds are left out.
Result<Batch> read_parquet_bytes(std::string_view bytes);

/// Write an Arrow IPC stream of one record batch; columns with a shape are fixed-shape tensors.
/// Errors   invalid_parameter_value: a text that is not UTF-8; internal_error: out of memory.
Result<std::string> write_ipc(const Batch& batch);

}  // namespace slipway::data
