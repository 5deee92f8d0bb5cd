// Any bytes as an ONNX file: refused, or our operators run it within bounds.
#include <cstdint>
#include <string_view>
#include <vector>

#include "models/onnx/graph.h"

namespace {

using namespace slipway;
using namespace slipway::models::onnx;

// Three rows of an input, of ones.
Result<Tensor> rows_for(const Port& port) {
  Tensor out;
  out.shape = port.shape.value_or(Shape{3, 5});
  for (auto& size : out.shape) size = size < 0 ? 3 : size;
  const size_t n = TRY(count(out.shape));
  if (n > 10'000) return fail(Code::invalid_parameter_value, "large");
  switch (port.element) {
    case Element::float64: out.values = std::vector<double>(n, 1); break;
    case Element::int64: out.values = std::vector<int64_t>(n, 1); break;
    case Element::int32: out.values = std::vector<int32_t>(n, 1); break;
    case Element::boolean: out.values = std::vector<uint8_t>(n, 1); break;
    case Element::string: out.values = std::vector<std::string>(n, "1"); break;
    default: out.values = std::vector<float>(n, 1);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto file = parse_file({reinterpret_cast<const char*>(bytes), size});
  if (!file.ok()) return 0;
  const auto no_files = [](const std::string& path) -> Result<std::string_view> {
    return fail(Code::resource_does_not_exist, "no file {}", path);
  };
  const auto graph = Graph::make(*file, no_files);
  if (!graph.ok()) return 0;
  std::vector<Tensor> inputs;
  for (const auto& port : graph->inputs()) {
    auto rows = rows_for(port);
    if (!rows.ok()) return 0;
    inputs.push_back(std::move(rows).value());
  }
  const auto outputs = graph->run(std::move(inputs));
  return outputs.ok() && outputs->size() != graph->outputs().size() ? -1 : 0;
}
