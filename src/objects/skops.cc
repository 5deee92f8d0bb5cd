#include "objects/skops.h"

#include <boost/json/parse.hpp>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "objects/allowed.h"
#include "objects/compressed.h"
#include "objects/npy.h"

namespace slipway::objects {
namespace {

using slipway::find;

constexpr size_t kMaxDepth = 1000;  // of JSON; a node takes two or three levels
constexpr size_t kMaxObjects = 6'000'000;

Error damaged(std::string_view what) {
  return fail(Code::invalid_parameter_value, "skops: {}", what);
}

class SkopsReader {
 public:
  SkopsReader(ZipArchive& archive, Graph& graph) : archive_(archive), graph_(graph) {}

  Result<Object*> node(const Json& json);

 private:
  struct Loader {
    std::string_view name;
    Result<Object*> (SkopsReader::*read)(const Json& json);
  };
  static const Loader kLoaders[];

  Result<Object*> add(Kind kind) {
    if (graph_.objects.size() >= kMaxObjects) return damaged("it holds too many values");
    auto& object = graph_.objects.emplace_back();
    object.kind = kind;
    return &object;
  }
  Result<const Json*> member(const Json& json, std::string_view key) {
    const auto* found = find(json, key);
    if (!found) return damaged(fmt::format("a node has no '{}'", key));
    return found;
  }
  Result<std::string> named(const Json& json) {
    const auto module = TRY(text_member(json, "__module__"));
    const auto name = TRY(text_member(json, "__class__"));
    return allowed_name(module, name);
  }

  Result<Object*> json_value(const Json& json);
  Result<Object*> dict(const Json& json);
  Result<Object*> main_dict(const Json& json);
  Result<Object*> sequence(const Json& json);
  Result<Object*> file_bytes(const Json& json);
  Result<Object*> array(const Json& json);
  Result<Object*> object_array(const Json& json);
  Result<Object*> sparse(const Json& json);
  Result<Object*> dtype(const Json& json);
  Result<Object*> instance(const Json& json);
  Result<Object*> constructed(const Json& json);
  Result<Object*> opaque(const Json& json);
  Result<Object*> name(const Json& json);
  Result<Object*> partial(const Json& json);
  Result<Object*> slice(const Json& json);
  Result<void> key_as(const std::string& key, const Object* type);
  Result<void> flatten(const Object& nested, size_t n_left, std::vector<const Object*>& out);

  ZipArchive& archive_;
  Graph& graph_;
  std::map<std::string, Object*> arrays_;  // by file: it may be named many times
};

// One scalar as json.dumps wrote it.
Result<Object*> SkopsReader::json_value(const Json& json) {
  const auto content = TRY(text_member(json, "content"));
  if (content == "null") return add(Kind::none);
  if (content == "true" || content == "false") {
    auto* object = TRY(add(Kind::boolean));
    object->integer = content == "true";
    return object;
  }
  if (content.starts_with('"')) {
    const auto text = TRY(parse_json(content));
    if (!text.is_string()) return damaged("a text is none");
    auto* object = TRY(add(Kind::text));
    object->text = std::string_view(text.get_string());
    return object;
  }
  if (content == "[]" || content == "{}") return add(content == "[]" ? Kind::list : Kind::dict);
  auto spelled = content;
  if (spelled == "Infinity" || spelled == "-Infinity") spelled.resize(spelled.size() - 5);
  const auto integer = to_integer(spelled);
  const auto number = to_number(lower(spelled));
  if (!number) return damaged("a value is no number: " + content.substr(0, 40));
  auto* object = TRY(add(integer ? Kind::integer : Kind::real));
  object->integer = integer.value_or(0);
  object->real = *number;
  return object;
}

// Keys are texts in JSON; beside them stands what they were.
Result<Object*> SkopsReader::dict(const Json& json) {
  const auto* content = TRY(member(json, "content"));
  if (!content->is_object()) return damaged("a dict is none");
  const auto& pairs = content->get_object();
  auto* object = TRY(add(Kind::dict));
  const Json* types = nullptr;
  if (const auto* key_types = find(json, "key_types")) types = find(*key_types, "content");
  size_t i = 0;
  for (const auto& pair : pairs) {
    std::string type = "str";
    if (types && types->is_array() && i < types->get_array().size()) {
      type = TRY(text_member(types->get_array()[i], "__class__"));
    }
    ++i;
    const std::string text(pair.key());
    const auto number = to_number(lower(text));
    const bool is_number = number && (type.starts_with("int") || type.starts_with("uint") ||
                                      type.starts_with("float"));
    auto* key = TRY(add(is_number ? Kind::real : type == "bool" ? Kind::boolean : Kind::text));
    if (is_number) {
      key->real = *number;
      if (const auto integer = to_integer(text); integer && !type.starts_with("float")) {
        key->kind = Kind::integer;
        key->integer = *integer;
      }
    }
    if (key->kind == Kind::boolean) key->integer = text == "true";
    if (key->kind == Kind::text) key->text = text;
    const auto* value = TRY(node(pair.value()));
    object->items.push_back(key);
    object->items.push_back(value);
  }
  return object;
}

Result<Object*> SkopsReader::main_dict(const Json& json) {
  const auto* content = TRY(member(json, "content"));
  const auto* main = TRY(member(*content, "main"));
  return node(*main);
}

Result<Object*> SkopsReader::sequence(const Json& json) {
  const auto loader = TRY(text_member(json, "__loader__"));
  const auto* content = TRY(array_member(json, "content"));
  auto* object = TRY(add(loader == "ListNode"    ? Kind::list
                         : loader == "TupleNode" ? Kind::tuple
                                                 : Kind::set));
  object->items.reserve(content->size());
  for (const auto& item : *content) {
    const auto* value = TRY(node(item));
    object->items.push_back(value);
  }
  return object;
}

Result<Object*> SkopsReader::file_bytes(const Json& json) {
  const auto file = TRY(text_member(json, "file"));
  auto* object = TRY(add(Kind::bytes));
  object->text = TRY(archive_.read(file));
  return object;
}

// The items of lists within lists, as deep as the array has dimensions.
Result<void> SkopsReader::flatten(const Object& nested, size_t n_left,
                                  std::vector<const Object*>& out) {
  for (const auto* item : nested.items) {
    if (n_left > 1 && item->kind == Kind::list) {
      TRY(flatten(*item, n_left - 1, out));
    } else {
      out.push_back(item);
    }
  }
  return {};
}

Result<Object*> SkopsReader::object_array(const Json& json) {
  const auto* shape_json = TRY(member(json, "shape"));
  const auto* shape_object = TRY(node(*shape_json));
  std::vector<size_t> shape;
  for (const auto* extent : shape_object->items) {
    if (extent->kind != Kind::integer || extent->integer < 0) return damaged("a shape is odd");
    shape.push_back(static_cast<size_t>(extent->integer));
  }
  Object nested;
  const auto* content = TRY(array_member(json, "content"));
  for (const auto& item : *content) {
    const auto* value = TRY(node(item));
    nested.items.push_back(value);
  }
  std::vector<const Object*> items;
  TRY(flatten(nested, shape.size(), items));
  auto array = TRY(make_object_array(std::move(shape), Order::c, std::move(items)));
  auto* object = TRY(add(Kind::array));
  object->array = std::make_unique<Array>(std::move(array));
  return object;
}

Result<Object*> SkopsReader::array(const Json& json) {
  const auto type = TRY(text_member(json, "type"));
  if (type == "json") return object_array(json);
  const auto file = TRY(text_member(json, "file"));
  if (const auto known = arrays_.find(file); known != arrays_.end()) return known->second;
  const auto bytes = TRY(archive_.read(file));
  auto array = TRY(read_npy(bytes));
  const bool is_scalar = array.shape.empty();
  if (is_scalar && (array.dtype.kind == 'U' || array.dtype.kind == 'S')) {
    auto* object = TRY(add(array.dtype.kind == 'U' ? Kind::text : Kind::bytes));
    object->text = text_at(array, 0);
    return object;
  }
  auto* object = TRY(add(Kind::array));
  if (is_scalar && array.dtype.kind != 'V' && array.dtype.kind != 'M') {
    const auto values = TRY(numbers(array));
    object->kind = array.dtype.kind == 'f'   ? Kind::real
                   : array.dtype.kind == 'b' ? Kind::boolean
                                             : Kind::integer;
    object->real = values[0];
    if (object->kind != Kind::real) {
      const auto whole = TRY(integers(array));
      object->integer = whole[0];
    }
    return object;
  }
  object->array = std::make_unique<Array>(std::move(array));
  arrays_[file] = object;
  return object;
}

// scipy's save_npz: a zip of the arrays that make up the matrix.
Result<Object*> SkopsReader::sparse(const Json& json) {
  auto full = TRY(named(json));
  const auto file = TRY(text_member(json, "file"));
  const auto bytes = TRY(archive_.read(file));
  auto inner = TRY(ZipArchive::open(bytes));
  auto* state = TRY(add(Kind::dict));
  for (const std::string_view part : {"data", "indices", "indptr", "shape", "row", "col"}) {
    const auto path = fmt::format("{}.npy", part);
    if (!inner.has(path)) continue;
    const auto npy = TRY(inner.read(path));
    auto array = TRY(read_npy(npy));
    auto* key = TRY(add(Kind::text));
    key->text = part == "shape" ? "_shape" : std::string(part);
    auto* value = TRY(add(Kind::array));
    value->array = std::make_unique<Array>(std::move(array));
    state->items.push_back(key);
    state->items.push_back(value);
  }
  auto* object = TRY(add(Kind::instance));
  object->text = std::move(full);
  object->state = state;
  return object;
}

Result<Object*> SkopsReader::dtype(const Json& json) {
  const auto* content = TRY(member(json, "content"));
  const auto* empty = TRY(node(*content));
  auto* object = TRY(add(Kind::dtype));
  object->array = std::make_unique<Array>();
  if (empty->kind == Kind::array) object->array->dtype = empty->array->dtype;
  return object;
}

Result<Object*> SkopsReader::instance(const Json& json) {
  auto full = TRY(named(json));
  auto* object = TRY(add(Kind::instance));
  object->text = std::move(full);
  if (const auto* reduce = find(json, "__reduce__")) {
    const auto* arguments_json = TRY(member(*reduce, "args"));
    const auto* arguments = TRY(node(*arguments_json));
    object->items = arguments->items;
  }
  if (const auto* content = find(json, "content"); content && !content->is_null()) {
    object->state = TRY(node(*content));
  }
  return object;
}

Result<Object*> SkopsReader::constructed(const Json& json) {
  auto full = TRY(named(json));
  const auto* content = TRY(member(json, "content"));
  const auto* arguments = TRY(node(*content));
  auto* object = TRY(add(Kind::instance));
  object->text = std::move(full);
  object->items = arguments->items;
  return object;
}

Result<Object*> SkopsReader::opaque(const Json& json) {
  auto full = TRY(named(json));
  auto* object = TRY(add(Kind::instance));
  object->text = std::move(full);
  return object;
}

Result<Object*> SkopsReader::name(const Json& json) {
  Result<std::string> full = std::string();
  const auto* content = find(json, "content");
  if (content && content->is_object() && find(*content, "module_path")) {  // protocol 0
    const auto module = TRY(text_member(*content, "module_path"));
    const auto function = TRY(text_member(*content, "function"));
    full = allowed_name(module, function);
  } else {
    full = named(json);
  }
  if (!full.ok()) return full.error();
  auto* object = TRY(add(Kind::name));
  object->text = std::move(full).value();
  return object;
}

Result<Object*> SkopsReader::partial(const Json& json) {
  const auto* content = TRY(member(json, "content"));
  auto* state = TRY(add(Kind::tuple));
  for (const std::string_view part : {"func", "args", "kwds"}) {
    const auto* part_json = TRY(member(*content, part));
    const auto* value = TRY(node(*part_json));
    state->items.push_back(value);
  }
  auto* object = TRY(add(Kind::instance));
  object->text = "functools.partial";
  object->state = state;
  return object;
}

Result<Object*> SkopsReader::slice(const Json& json) {
  const auto* content = TRY(member(json, "content"));
  auto* object = TRY(add(Kind::instance));
  object->text = "builtins.slice";
  for (const std::string_view part : {"start", "stop", "step"}) {
    const auto* bound = find(*content, part);
    const bool whole = bound && bound->is_int64();
    auto* value = TRY(add(whole ? Kind::integer : Kind::none));
    if (whole) value->integer = bound->get_int64();
    object->items.push_back(value);
  }
  return object;
}

const SkopsReader::Loader SkopsReader::kLoaders[] = {
    {"JsonNode", &SkopsReader::json_value},
    {"DictNode", &SkopsReader::dict},
    {"DefaultDictNode", &SkopsReader::main_dict},
    {"_DictWithDeprecatedKeysNode", &SkopsReader::main_dict},
    {"ListNode", &SkopsReader::sequence},
    {"TupleNode", &SkopsReader::sequence},
    {"SetNode", &SkopsReader::sequence},
    {"BytesNode", &SkopsReader::file_bytes},
    {"BytearrayNode", &SkopsReader::file_bytes},
    {"NdArrayNode", &SkopsReader::array},
    {"SparseMatrixNode", &SkopsReader::sparse},
    {"DTypeNode", &SkopsReader::dtype},
    {"ObjectNode", &SkopsReader::instance},
    {"TreeNode", &SkopsReader::instance},
    {"LossNode", &SkopsReader::instance},
    {"ReduceNode", &SkopsReader::instance},
    {"ConstructorFromReduceNode", &SkopsReader::constructed},
    {"MaskedArrayNode", &SkopsReader::opaque},
    {"RandomStateNode", &SkopsReader::opaque},
    {"RandomGeneratorNode", &SkopsReader::opaque},
    {"MethodNode", &SkopsReader::opaque},
    {"TypeNode", &SkopsReader::name},
    {"FunctionNode", &SkopsReader::name},
    {"PartialNode", &SkopsReader::partial},
    {"SliceNode", &SkopsReader::slice},
};

Result<Object*> SkopsReader::node(const Json& json) {
  const auto loader = TRY(text_member(json, "__loader__"));
  for (const auto& row : kLoaders) {
    if (row.name == loader) return (this->*row.read)(json);
  }
  return fail(Code::not_implemented, "skops: nodes of kind '{}' are not read", loader);
}

}  // namespace

Result<Graph> read_skops(std::string_view bytes) {
  auto archive = TRY(ZipArchive::open(bytes));
  const auto text = TRY(archive.read("schema.json"));
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code error;
  const auto schema = boost::json::parse(text, error, {}, options);
  if (error) return damaged("schema.json: " + error.message());
  Graph graph;
  SkopsReader reader(archive, graph);
  graph.root = TRY(reader.node(schema));
  return graph;
}

}  // namespace slipway::objects
