#include "models/onnx/file.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "models/onnx/wire.h"

namespace slipway::models::onnx {
namespace {

constexpr int kMaxDepth = 24;  // of graphs within graphs, and of types within types
constexpr auto kUint8 = static_cast<Element>(2);
constexpr int64_t kExternal = 1;  // TensorProto.data_location

Error damaged(std::string_view where) {
  return fail(Code::invalid_parameter_value, "{} is damaged", where);
}

// Calls take(field) for each field of a message.
template <typename Take>
Result<void> each_field(std::string_view bytes, std::string_view where, const Take& take) {
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    const Result<void> taken = take(*field);
    if (!taken.ok()) return taken.error();
  }
  if (reader.damaged()) return damaged(where);
  return {};
}

struct Parser {
  File& file;
  int depth = 0;

  // Where an external tensor lies, and its name.
  Result<TensorProto> tensor(std::string_view bytes) {
    TensorProto out{{}, bytes};
    bool external = false;
    std::string path;
    TRY(each_field(bytes, "a tensor", [&](const WireField& field) -> Result<void> {
      if (field.number == 8) out.name = field.bytes;
      if (field.number == 14) external = field.integer() == kExternal;
      if (field.number != 13) return {};
      std::string key;
      std::string value;
      TRY(each_field(field.bytes, "external_data", [&](const WireField& part) -> Result<void> {
        if (part.number == 1) key = part.bytes;
        if (part.number == 2) value = part.bytes;
        return {};
      }));
      if (key == "location") path = std::move(value);
      return {};
    }));
    if (external) file.external_paths.push_back(std::move(path));
    return out;
  }

  Result<void> attribute_part(const WireField& field, Attribute& out) {
    bool whole = true;
    switch (field.number) {
      case 1: out.name = field.bytes; break;
      case 2: out.f = field.float32(); break;
      case 3: out.i = field.integer(); break;
      case 4: out.s = field.bytes; break;
      case 5: {
        auto proto = TRY(tensor(field.bytes));
        out.tensor = std::move(proto);
        break;
      }
      case 6:
      case 11: {
        out.has_graph = true;
        File inner;  // only what it reads from outside matters
        Parser parser{inner, depth + 1};
        TRY(parser.graph(field.bytes));
        auto& paths = inner.external_paths;
        file.external_paths.insert(file.external_paths.end(), paths.begin(), paths.end());
        break;
      }
      case 7: whole = append_floats(field, out.floats); break;
      case 8: whole = append_integers(field, out.ints); break;
      case 9: out.strings.emplace_back(field.bytes); break;
      case 10: TRY(tensor(field.bytes)); break;
      default: break;
    }
    if (!whole) return damaged("attribute " + out.name);
    return {};
  }

  Result<Node> node(std::string_view bytes) {
    Node out;
    TRY(each_field(bytes, "a node", [&](const WireField& field) -> Result<void> {
      switch (field.number) {
        case 1: out.inputs.emplace_back(field.bytes); break;
        case 2: out.outputs.emplace_back(field.bytes); break;
        case 3: out.name = field.bytes; break;
        case 4: out.op_type = field.bytes; break;
        case 7: out.domain = field.bytes; break;
        case 5: {
          auto& attribute = out.attributes.emplace_back();
          TRY(each_field(field.bytes, "an attribute",
                         [&](const WireField& part) { return attribute_part(part, attribute); }));
          break;
        }
        default: break;
      }
      return {};
    }));
    if (out.domain == "ai.onnx") out.domain.clear();
    return out;
  }

  // A TypeProto: of sequences and maps what is within does not matter.
  static Result<void> type(std::string_view bytes, Port& port) {
    return each_field(bytes, "a type", [&](const WireField& field) -> Result<void> {
      if (field.number != 1) return {};
      return each_field(field.bytes, "a tensor's type", [&](const WireField& part) -> Result<void> {
        if (part.number == 1) port.element = static_cast<Element>(part.value & 0xff);
        if (part.number != 2) return {};
        port.shape.emplace();
        return each_field(part.bytes, "a shape", [&](const WireField& dimension) -> Result<void> {
          if (dimension.number != 1) return {};
          int64_t size = -1;
          TRY(each_field(dimension.bytes, "a dimension", [&](const WireField& f) -> Result<void> {
            if (f.number == 1 && f.integer() >= 0) size = f.integer();
            return {};
          }));
          port.shape->push_back(size);
          return {};
        });
      });
    });
  }

  static Result<Port> port(std::string_view bytes) {
    Port out;
    TRY(each_field(bytes, "an input or output", [&](const WireField& field) -> Result<void> {
      if (field.number == 1) out.name = field.bytes;
      if (field.number == 2) return type(field.bytes, out);
      return {};
    }));
    return out;
  }

  Result<void> graph(std::string_view bytes) {
    if (depth > kMaxDepth) {
      return fail(Code::invalid_parameter_value, "graphs within graphs, more than {} deep",
                  kMaxDepth);
    }
    return each_field(bytes, "the graph", [&](const WireField& field) -> Result<void> {
      if (field.number == 1) {
        auto read = TRY(node(field.bytes));
        file.nodes.push_back(std::move(read));
      } else if (field.number == 5) {
        auto read = TRY(tensor(field.bytes));
        file.constants.push_back(std::move(read));
      } else if (field.number == 11 || field.number == 12) {
        auto read = TRY(port(field.bytes));
        (field.number == 11 ? file.inputs : file.outputs).push_back(std::move(read));
      }
      return {};
    });
  }

  Result<void> model(std::string_view bytes) {
    bool has_graph = false;
    TRY(each_field(bytes, "the file", [&](const WireField& field) -> Result<void> {
      if (field.number == 7) {
        has_graph = true;
        return graph(field.bytes);
      }
      if (field.number == 25) return function(field.bytes);
      if (field.number != 8) return {};
      std::string domain;
      int64_t version = 0;
      TRY(each_field(field.bytes, "opset_import", [&](const WireField& part) -> Result<void> {
        if (part.number == 1) domain = part.bytes;
        if (part.number == 2) version = part.integer();
        return {};
      }));
      file.opsets[domain == "ai.onnx" ? "" : domain] = version;
      return {};
    }));
    if (!has_graph) return fail(Code::invalid_parameter_value, "no ONNX file: it has no graph");
    std::set<std::string_view> constants;
    for (const auto& constant : file.constants) constants.insert(constant.name);
    std::erase_if(file.inputs, [&](const Port& p) { return constants.contains(p.name); });
    return {};
  }

  // A FunctionProto: its nodes are not evaluated; what they read from outside is noted.
  Result<void> function(std::string_view bytes) {
    return each_field(bytes, "a function", [&](const WireField& field) -> Result<void> {
      if (field.number != 7 || field.kind != WireField::Kind::bytes) return {};
      TRY(node(field.bytes));
      return {};
    });
  }
};

// The values of a TensorProto as they stand in the file.
struct RawTensor {
  Shape shape;
  Element element = Element::none;
  std::vector<float> floats;
  std::vector<double> doubles;
  std::vector<int64_t> int32s;
  std::vector<int64_t> int64s;
  std::vector<std::string> strings;
  std::optional<std::string_view> raw;
  bool external = false;
  std::string path;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};

Result<void> read_external(std::string_view bytes, RawTensor& out) {
  std::string key;
  std::string value;
  TRY(each_field(bytes, "external_data", [&](const WireField& field) -> Result<void> {
    if (field.number == 1) key = field.bytes;
    if (field.number == 2) value = field.bytes;
    return {};
  }));
  if (key == "location") out.path = std::move(value);
  if (key != "offset" && key != "length") return {};
  uint64_t number = 0;
  for (const char c : value) {
    if (c < '0' || c > '9' || number > (uint64_t{1} << 58)) return damaged("external_data");
    number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  if (key == "offset") {
    out.offset = number;
  } else {
    out.length = number;
  }
  return {};
}

Result<RawTensor> read_raw(const TensorProto& proto) {
  RawTensor out;
  const auto where = fmt::format("tensor '{}'", proto.name);
  TRY(each_field(proto.bytes, where, [&](const WireField& field) -> Result<void> {
    bool whole = true;
    switch (field.number) {
      case 1: whole = append_integers(field, out.shape); break;
      case 2: out.element = static_cast<Element>(field.value & 0xff); break;
      case 4: whole = append_floats(field, out.floats); break;
      case 5: whole = append_integers(field, out.int32s); break;
      case 6: out.strings.emplace_back(field.bytes); break;
      case 7: whole = append_integers(field, out.int64s); break;
      case 9: out.raw = field.bytes; break;
      case 10: whole = append_doubles(field, out.doubles); break;
      case 13: return read_external(field.bytes, out);
      case 14: out.external = field.integer() == kExternal; break;
      default: break;
    }
    if (!whole) return damaged(where);
    return {};
  }));
  return out;
}

// Takes n values from where they stand; false where they are not n.
template <typename T, typename Given>
bool take(const RawTensor& raw, const std::vector<Given>& given, size_t n, Tensor::Values& out) {
  std::vector<T> values;
  if (raw.raw) {
    if (raw.raw->size() != n * sizeof(T)) return false;
    values.resize(n);
    if (n > 0) std::memcpy(values.data(), raw.raw->data(), raw.raw->size());
  } else {
    if (given.size() != n) return false;
    values.assign(given.begin(), given.end());
  }
  out = std::move(values);
  return true;
}

}  // namespace

const Attribute* Node::find(std::string_view attribute) const {
  const auto found = std::ranges::find(attributes, attribute, &Attribute::name);
  return found == attributes.end() ? nullptr : &*found;
}

Result<File> parse_file(std::string_view bytes) {
  File file;
  Parser parser{file};
  TRY(parser.model(bytes));
  return file;
}

Result<Tensor> tensor_of(const TensorProto& proto, const ExternalFiles& files,
                         SmallIntegers small) {
  auto raw = TRY(read_raw(proto));
  if (raw.external) {
    const auto bytes = TRY(files(raw.path));
    const uint64_t length = raw.length.value_or(bytes.size() - std::min(raw.offset, bytes.size()));
    if (raw.offset > bytes.size() || length > bytes.size() - raw.offset) {
      return fail(Code::invalid_parameter_value, "tensor '{}' lies outside of file '{}'",
                  proto.name, raw.path);
    }
    raw.raw = bytes.substr(raw.offset, length);
  }
  const size_t n = TRY(count(raw.shape));
  Tensor out;
  out.shape = raw.shape;
  bool fits = raw.element != Element::none;
  if (raw.element == kUint8 && small == SmallIntegers::widen) {
    fits = take<uint8_t>(raw, raw.int32s, n, out.values);
    if (fits) out.values = numbers<int32_t>(out);
    raw.element = Element::none;
  }
  switch (raw.element) {
    case Element::none: break;
    case Element::float32: fits = take<float>(raw, raw.floats, n, out.values); break;
    case Element::float64: fits = take<double>(raw, raw.doubles, n, out.values); break;
    case Element::int64: fits = take<int64_t>(raw, raw.int64s, n, out.values); break;
    case Element::int32: fits = take<int32_t>(raw, raw.int32s, n, out.values); break;
    case Element::boolean: {
      fits = take<uint8_t>(raw, raw.int32s, n, out.values);
      if (fits) out.values = numbers<uint8_t>(out);
      break;
    }
    case Element::string:
      fits = raw.strings.size() == n;
      out.values = std::move(raw.strings);
      break;
    default:
      return fail(Code::not_implemented, "tensor '{}': elements of {} are not evaluated",
                  proto.name, element_name(raw.element));
  }
  if (!fits) {
    return fail(Code::invalid_parameter_value, "tensor '{}' does not fit its shape {}", proto.name,
                shape_text(out.shape));
  }
  return out;
}

}  // namespace slipway::models::onnx
