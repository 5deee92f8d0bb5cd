// What constructors and states in a pickle stand for: PickleMachine's other half.
#include <algorithm>

#include "objects/pickle_machine.h"

namespace slipway::objects {
namespace {

bool is_numpy(std::string_view name, std::string_view wanted) {
  return name.starts_with("numpy") && name.ends_with(wanted);
}

bool is_dict_like(std::string_view name) {
  return name == "builtins.dict" || name.starts_with("collections.") || name.ends_with(".Bunch") ||
         name.ends_with("._DictWithDeprecatedKeys");
}

// Functions that only make an instance of the class that is their first argument.
bool is_factory(std::string_view name) {
  const auto last = name.substr(name.rfind('.') + 1);
  return last == "newObj" || last.starts_with("__pyx_unpickle") || name == "copyreg.__newobj__" ||
         name == "copyreg._reconstructor";
}

Result<std::vector<size_t>> shape_of(const Object& object) {
  std::vector<size_t> shape;
  if (object.kind == Kind::integer && object.integer >= 0) {
    shape.push_back(static_cast<size_t>(object.integer));
    return shape;
  }
  for (const auto* extent : object.items) {
    if (extent->kind != Kind::integer || extent->integer < 0) {
      return fail(Code::invalid_parameter_value, "pickle: an array's shape is not made of counts");
    }
    shape.push_back(static_cast<size_t>(extent->integer));
  }
  return shape;
}

// Bytes, also as protocol 2 writes them: a text whose characters are the bytes.
Result<std::string> latin1(std::string_view utf8) {
  std::string out;
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<uint8_t>(utf8[i]);
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if ((c == 0xC2 || c == 0xC3) && i + 1 < utf8.size()) {
      out += static_cast<char>(c << 6 | (static_cast<uint8_t>(utf8[++i]) & 63));
    } else {
      return fail(Code::invalid_parameter_value, "pickle: bytes are written as other text");
    }
  }
  return out;
}

Order order_of(const Object& object) {
  const bool fortran = object.kind == Kind::text ? object.text == "F" : object.integer != 0;
  return fortran ? Order::fortran : Order::c;
}

const Object* item(const Object& object, size_t i) {
  return i < object.items.size() ? object.items[i] : nullptr;
}

}  // namespace

Result<void> PickleMachine::charge(size_t n_bytes) {
  if (n_bytes > room_.array_bytes_left) return damaged("it holds more than its size can explain");
  room_.array_bytes_left -= n_bytes;
  return {};
}

Result<void> PickleMachine::make_instance(std::string name, std::vector<const Object*> arguments) {
  TRY(charge(name.size()));
  auto* object = TRY(push(is_dict_like(name) ? Kind::dict : Kind::instance));
  object->text = std::move(name);
  if (object->kind == Kind::instance) object->items = std::move(arguments);
  return {};
}

Result<void> PickleMachine::construct(const Object& callable,
                                      std::vector<const Object*> arguments) {
  if (callable.kind != Kind::name) return damaged("what is called is " + describe(callable));
  const auto& name = callable.text;
  if (is_numpy(name, "multiarray._reconstruct")) {
    auto* object = TRY(push(Kind::array));
    object->array = std::make_unique<Array>();
    object->array->shape = {0};
    return {};
  }
  if (is_numpy(name, "multiarray.scalar")) return push_scalar(arguments);
  if (name == "numpy.dtype" || is_numpy(name, ".dtype")) return push_dtype(arguments);
  if (is_numpy(name, "numeric._frombuffer")) return push_buffer_array(arguments);
  if (is_numpy(name, "._ufunc_reconstruct") && arguments.size() == 2) {
    return push_name(arguments[0]->text, arguments[1]->text);
  }
  if (name == "_codecs.encode" && !arguments.empty() && arguments[0]->kind == Kind::text) {
    const auto bytes = TRY(latin1(arguments[0]->text));
    return push_text(Kind::bytes, bytes);
  }
  if (name == "builtins.bytes" || name == "builtins.bytearray") {
    const bool given = !arguments.empty() && arguments[0]->kind == Kind::bytes;
    return push_text(Kind::bytes, given ? std::string_view(arguments[0]->text) : "");
  }
  if (name == "builtins.set" || name == "builtins.frozenset" || name == "builtins.list" ||
      name == "builtins.tuple") {
    const auto kind = name == "builtins.list"    ? Kind::list
                      : name == "builtins.tuple" ? Kind::tuple
                                                 : Kind::set;
    std::vector<const Object*> items;
    if (!arguments.empty()) items = arguments[0]->items;
    TRY(charge(items.size() * sizeof(Object*)));
    return push_sequence(kind, std::move(items));
  }
  if (is_factory(name) && !arguments.empty() && arguments[0]->kind == Kind::name) {
    auto made = arguments[0]->text;
    return make_instance(std::move(made), {arguments.begin() + 1, arguments.end()});
  }
  return make_instance(name, std::move(arguments));
}

Result<void> PickleMachine::push_scalar(const std::vector<const Object*>& arguments) {
  if (arguments.size() < 2 || arguments[0]->kind != Kind::dtype) {
    return damaged("a numpy scalar has no type");
  }
  const auto& dtype = arguments[0]->array->dtype;
  if (dtype.kind == 'O' || arguments[1]->kind != Kind::bytes) return damaged("a scalar is odd");
  auto array = make_array(dtype, {1}, Order::c, arguments[1]->text);
  if (!array.ok()) return damaged(array.error().message);
  if (dtype.kind == 'U' || dtype.kind == 'S') {
    return push_text(dtype.kind == 'U' ? Kind::text : Kind::bytes, text_at(*array, 0));
  }
  if (dtype.kind == 'V' || dtype.kind == 'M' || dtype.kind == 'm' || dtype.kind == 'c') {
    auto* object = TRY(push(Kind::array));
    object->array = std::make_unique<Array>(std::move(array).value());
    return {};
  }
  const auto values = numbers(*array);
  if (!values.ok()) return damaged(values.error().message);
  if (dtype.kind == 'f') {
    auto* object = TRY(push(Kind::real));
    object->real = (*values)[0];
    return {};
  }
  const auto whole = TRY(integers(*array));
  auto* object = TRY(push(dtype.kind == 'b' ? Kind::boolean : Kind::integer));
  object->integer = whole[0];
  return {};
}

Result<void> PickleMachine::push_dtype(const std::vector<const Object*>& arguments) {
  if (arguments.empty()) return damaged("a numpy type has no name");
  auto spelling = arguments[0]->text;
  if (arguments[0]->kind == Kind::name) spelling = "O";
  auto dtype = parse_dtype(spelling);
  if (!dtype.ok()) return damaged(dtype.error().message);
  auto* object = TRY(push(Kind::dtype));
  object->array = std::make_unique<Array>();
  object->array->dtype = std::move(dtype).value();
  return {};
}

Result<void> PickleMachine::push_buffer_array(const std::vector<const Object*>& arguments) {
  if (arguments.size() < 4 || arguments[0]->kind != Kind::bytes ||
      arguments[1]->kind != Kind::dtype) {
    return damaged("an array is not made of a buffer and a type");
  }
  auto shape = TRY(shape_of(*arguments[2]));
  TRY(charge(arguments[0]->text.size()));
  auto array = make_array(arguments[1]->array->dtype, std::move(shape), order_of(*arguments[3]),
                          arguments[0]->text);
  if (!array.ok()) return damaged(array.error().message);
  auto* object = TRY(push(Kind::array));
  object->array = std::make_unique<Array>(std::move(array).value());
  return {};
}

// (version, byte order, subarray, names, fields, item size, alignment, flags)
Result<void> PickleMachine::build_dtype(Object& target, const Object& state) {
  if (state.kind != Kind::tuple || state.items.size() < 6) return damaged("a type's state is odd");
  auto& dtype = target.array->dtype;
  dtype.big_endian = state.items[1]->text == ">";
  if (state.items[2]->kind != Kind::none) return damaged("a type of subarrays is not read");
  if (state.items[3]->kind != Kind::tuple) return {};
  const auto& fields = *state.items[4];
  const auto item_size = state.items[5]->integer;
  if (item_size <= 0 || item_size > 1 << 20) return damaged("a structure of odd size");
  dtype.size = static_cast<size_t>(item_size);
  dtype.fields.clear();
  for (const auto* name : state.items[3]->items) {
    const auto* field = name->kind == Kind::text ? find(fields, name->text) : nullptr;
    const auto* type = field ? item(*field, 0) : nullptr;
    const auto* offset = field ? item(*field, 1) : nullptr;
    if (!type || !offset || type->kind != Kind::dtype || offset->kind != Kind::integer ||
        dtype.fields.size() > 1000) {
      return damaged("a structure has an odd field");
    }
    const auto& of_field = type->array->dtype;
    const auto at = static_cast<size_t>(offset->integer);
    if (offset->integer < 0 || at > dtype.size || of_field.size > dtype.size - at ||
        of_field.kind == 'O') {
      return damaged("a field lies outside its structure");
    }
    dtype.fields.push_back({name->text, at, of_field.kind, of_field.size, of_field.big_endian});
  }
  return {};
}

// (version, shape, type, is Fortran, bytes or list)
Result<void> PickleMachine::build_array(Object& target, const Object& state) {
  if (state.kind != Kind::tuple || state.items.size() < 4)
    return damaged("an array's state is odd");
  const size_t first = state.items.size() == 4 ? 0 : 1;
  const auto& type = *state.items[first + 1];
  const auto& content = *state.items[first + 3];
  if (type.kind != Kind::dtype) return damaged("an array has no type");
  auto shape = TRY(shape_of(*state.items[first]));
  const auto order = order_of(*state.items[first + 2]);
  const size_t n_bytes = content.text.size() + content.items.size() * sizeof(Object*);
  TRY(charge(n_bytes));
  Result<Array> array = Array();
  if (type.array->dtype.kind == 'O') {
    array = make_object_array(std::move(shape), order, content.items);
  } else if (content.kind == Kind::bytes) {
    array = make_array(type.array->dtype, std::move(shape), order, content.text);
  } else {
    const auto bytes = TRY(latin1(content.text));  // written by Python 2
    array = make_array(type.array->dtype, std::move(shape), order, bytes);
  }
  if (!array.ok()) return damaged(array.error().message);
  *target.array = std::move(array).value();
  return {};
}

// joblib writes an array behind the state of its wrapper, with padding in front.
Result<void> PickleMachine::build_joblib_array(Object& target, const Object& state) {
  const auto* type = find(state, "dtype");
  const auto* extents = find(state, "shape");
  const auto* order = find(state, "order");
  if (!type || type->kind != Kind::dtype || !extents) return damaged("joblib's wrapper is odd");
  Result<Array> array = Array();
  if (type->array->dtype.kind == 'O') {
    if (++room_.depth > 20) return damaged("pickles within pickles, too deep");
    PickleMachine inner(room_, bytes_, at_);
    auto* object = TRY(inner.run());
    --room_.depth;
    at_ = inner.position();
    if (object->kind != Kind::array) return damaged("joblib's array is none");
    TRY(charge(object->array->objects.size() * sizeof(Object*)));
    array = *object->array;
  } else {
    auto shape = TRY(shape_of(*extents));
    const auto* alignment = find(state, "numpy_array_alignment_bytes");
    if (alignment && alignment->kind == Kind::integer) {
      const auto padding = TRY(take_uint(1));
      TRY(take(padding));
    }
    const auto count = TRY(count_elements(shape));
    const auto size = type->array->dtype.size;
    if (size > 0 && count > (bytes_.size() - at_) / size) return damaged("an array is cut off");
    const auto bytes = TRY(take(count * size));
    TRY(charge(bytes.size()));
    const bool fortran = order && order->text == "F";
    array = make_array(type->array->dtype, std::move(shape), fortran ? Order::fortran : Order::c,
                       bytes);
  }
  if (!array.ok()) return damaged(array.error().message);
  target.kind = Kind::array;  // in place: the memo knows it too
  target.array = std::make_unique<Array>(std::move(array).value());
  target.items.clear();
  return {};
}

Result<void> PickleMachine::build(Object& target, const Object& state) {
  switch (target.kind) {
    case Kind::array: return build_array(target, state);
    case Kind::dtype: return build_dtype(target, state);
    case Kind::dict: return {};  // attributes of a dict's subclass
    case Kind::instance: break;
    default: return damaged("a state is given to " + describe(target));
  }
  if (target.text == "joblib.numpy_pickle.NumpyArrayWrapper") {
    return build_joblib_array(target, state);
  }
  if (target.text.starts_with("joblib.numpy_pickle_compat")) {
    return damaged("joblib before 0.10 kept arrays in files of their own, which are not read");
  }
  target.state = &state;
  return {};
}

}  // namespace slipway::objects
