// ONNX graphs: what is written is read again; damaged ones are refused. Answers are held against
// ONNX Runtime's by tests/clients/onnx_test.py.
#include "models/onnx/graph.h"

#include <gtest/gtest.h>

#include <limits>

#include "models/onnx/builder.h"
#include "models/onnx/tree_table.h"
#include "models/onnx/wire.h"

namespace slipway::models::onnx {
namespace {

Result<std::string_view> no_files(const std::string& path) {
  return fail(Code::resource_does_not_exist, "no file '{}'", path);
}

Result<Graph> graph_of(std::string_view bytes) {
  const auto file = parse_file(bytes);
  if (!file.ok()) return file.error();
  return Graph::make(*file, no_files);
}

Tree stump(double threshold, double low, double high) {
  Tree tree;
  tree.nodes.resize(3);
  tree.nodes[0] = {1, 2, 1, threshold, true};
  tree.nodes[1].value = low;
  tree.nodes[2].value = high;
  return tree;
}

std::string small_model() {
  Builder builder;
  const auto rows = builder.input("rows", Element::float32, {-1, 2});
  const auto sums = builder.trees(rows, {stump(0.5, 1, 2), stump(-1, 10, 20)}, {100}).value();
  const auto bias = builder.floats({-3});
  builder.output("y", builder.node("Add", {sums, bias}), {-1, 1});
  return builder.finish();
}

TEST(OnnxGraph, WrittenAndRun) {
  const auto bytes = small_model();
  const auto graph = graph_of(bytes);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->inputs()[0].name, "rows");
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor rows{{3, 2}, std::vector<float>{0, 0.5f, 0, 0.6f, 0, nan}};
  const auto outputs = graph->run({rows});
  ASSERT_TRUE(outputs.ok()) << outputs.error().message;
  EXPECT_EQ((*outputs)[0].shape, (Shape{3, 1}));
  EXPECT_EQ(*(*outputs)[0].as<float>(), (std::vector<float>{118, 119, 108}));
  const Tensor narrow{{3, 1}, std::vector<float>{0, 0, 0}};
  EXPECT_EQ(graph->run({narrow}).error().message,
            "input 'rows' has the shape [3,1], the model takes [-1,2]");
}

TEST(OnnxGraph, EveryShorterFileIsRefusedOrRuns) {
  const auto bytes = small_model();
  size_t n_refused = 0;
  for (size_t n = 0; n < bytes.size(); ++n) {
    const std::string cut = bytes.substr(0, n);
    if (!graph_of(cut).ok()) ++n_refused;
  }
  EXPECT_GT(n_refused, bytes.size() / 2);
}

TEST(OnnxGraph, UnknownOperatorsAreNamed) {
  Builder builder;
  const auto x = builder.input("x", Element::float32, {-1, 2});
  builder.output("y", builder.node("HardSwish", {x}), {-1, 2});
  const auto graph = graph_of(builder.finish());
  EXPECT_EQ(graph.error().code, Code::not_implemented);
  EXPECT_EQ(graph.error().message, "operator HardSwish is not evaluated");
}

TEST(OnnxGraph, ValuesComeBeforeTheirUse) {
  Builder builder;
  builder.output("y", builder.node("Neg", {{"later", Element::float32}}), {-1, 2});
  EXPECT_EQ(graph_of(builder.finish()).error().message,
            "nothing before its use gives the value 'later'");
}

TEST(OnnxGraph, HugeShapesAreRefused) {
  Builder builder;
  const auto shape = builder.integers({int64_t{1} << 40, int64_t{1} << 40});
  builder.output("y", builder.node("ConstantOfShape", {shape}, {}, Element::float32), {});
  const auto bytes = builder.finish();
  const auto graph = graph_of(bytes);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_NE(graph->run({}).error().message.find("is not possible"), std::string::npos);
}

TEST(OnnxGraph, TreesInACircleAreRefused) {
  TreeTable table;
  table.n_outputs = 1;
  auto& nodes = table.trees.emplace_back().nodes;
  nodes.resize(2);
  nodes[0] = {Mode::equal, false, 0, 1, 1, 1, {}};
  nodes[1] = {Mode::equal, false, 0, 2, 0, 0, {}};
  EXPECT_EQ(TreeSums::make(table).error().message, "tree 0, node 1: leads to node 0");
  nodes[0].mode = nodes[1].mode = Mode::less;
  EXPECT_FALSE(TreeSums::make(table).ok());
}

TEST(OnnxWire, DamagedBytesEndTheReading) {
  for (const std::string_view bytes : {"\xff",
                                       "\x0a\x05"
                                       "ab",
                                       "\x09"
                                       "abc",
                                       "\x0b", "\x03\x01"}) {
    WireReader reader(bytes);
    while (reader.next()) {
    }
    EXPECT_TRUE(reader.damaged());
  }
  std::vector<int64_t> out;
  WireField field;
  field.kind = WireField::Kind::bytes;
  field.bytes = "\x80\x80";
  EXPECT_FALSE(append_integers(field, out));
}

}  // namespace
}  // namespace slipway::models::onnx
