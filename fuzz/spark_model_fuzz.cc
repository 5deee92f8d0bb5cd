// Any bytes as the files of a Spark ML pipeline: refused, or it scores within bounds.
// The files stand one after another: path, line end, size, line end, bytes.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

#include "models/spark_flavor.h"

namespace {

using namespace slipway;
namespace sp = models::spark;

sp::Files files_of(std::string_view bytes) {
  sp::Files files;
  while (true) {
    const auto line = bytes.find('\n');
    const auto end = line == bytes.npos ? line : bytes.find('\n', line + 1);
    if (end == bytes.npos) return files;
    size_t size = 0;
    const auto digits = bytes.substr(line + 1, end - line - 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), size);
    files.emplace(bytes.substr(0, line), bytes.substr(end + 1, size));
    bytes.remove_prefix(std::min(bytes.size(), end + 1 + std::min(size, bytes.size())));
  }
}

sp::Cells cells_of(int kind) {
  if (kind == 0) return data::float64_column("", {0.5, -1e9});
  if (kind == 1) return data::string_column("", {"Bern", "a fox"});
  if (kind == 2) {
    sp::Words words;
    words.words = {"quick", "fox", "fox"};
    words.starts = {0, 3, 3};
    return words;
  }
  auto out = sp::Vectors::dense(2, kind == 3 ? 3 : 4);
  out.values[1] = 2.5;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const auto files = files_of({reinterpret_cast<const char*>(bytes), size});
  const auto pipeline = models::SparkPipeline::load(files);
  if (!pipeline.ok()) return 0;
  for (int kind = 0; kind < 5; ++kind) {
    sp::Frame frame(2);
    for (const auto& name : pipeline->inputs()) frame.set(name, cells_of(kind));
    for (const auto* name : {"a", "b", "c", "d"}) frame.set(name, cells_of(0));
    for (const auto* name : {"city", "kind", "said"}) frame.set(name, cells_of(1));
    const auto done = pipeline->transform(frame);
    if (done.ok() && frame.n_rows() > 2) return -1;
  }
  return 0;
}
