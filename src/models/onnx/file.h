// models/onnx/file.h — an ONNX file as it is written: nodes, attributes, constants.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "models/onnx/tensor.h"

namespace slipway::models::onnx {

/// A constant. `bytes` are the message's, read by tensor_of() when it is needed; they lie in what
/// was parsed.
struct TensorProto {
  std::string name;
  std::string_view bytes;
};

struct Attribute {
  std::string name;
  float f = 0;
  int64_t i = 0;
  std::string s;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string> strings;
  std::optional<TensorProto> tensor;
  bool has_graph = false;
};

struct Node {
  std::string op_type;
  std::string domain;  // "" or "ai.onnx.ml"
  std::string name;
  std::vector<std::string> inputs;  // "" = left out
  std::vector<std::string> outputs;
  std::vector<Attribute> attributes;

  const Attribute* find(std::string_view attribute) const;
};

/// An input or output of a graph.
struct Port {
  std::string name;
  Element element = Element::none;  // none: no tensor
  std::optional<Shape> shape;       // -1 = any size; nothing: of any rank
  std::vector<std::string> keys;    // of a ZipMap's output: what each row's values are called
};

struct File {
  std::map<std::string, int64_t> opsets;  // by domain
  std::vector<Node> nodes;
  std::vector<TensorProto> constants;
  std::vector<Port> inputs;  // those that are constants too are left out
  std::vector<Port> outputs;
  std::vector<std::string> external_paths;  // of all tensors, those of inner graphs too
};

/// Gives the bytes of a file beside the model, which must outlive what is read from them.
using ExternalFiles = std::function<Result<std::string_view>(const std::string& path)>;

/// Read a ModelProto. `bytes` must outlive the File's use.
///
/// Errors   invalid_parameter_value: damaged, or nested too deep; the message says where.
/// Source   the message definitions of ONNX 1.23 (IR version 13).
Result<File> parse_file(std::string_view bytes);

/// What becomes of integers of 8 and 16 bits, which are not evaluated: an attribute's may be read.
enum class SmallIntegers { refuse, widen };

/// Read a constant.
/// Errors   not_implemented: an element type that is not evaluated; invalid_parameter_value: its
///          bytes do not fit its shape, or a file it lies in is not there.
Result<Tensor> tensor_of(const TensorProto& proto, const ExternalFiles& files,
                         SmallIntegers small = SmallIntegers::refuse);

}  // namespace slipway::models::onnx
