// objects/object.h — what another program saved, as a graph of plain values: nothing of it runs.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "objects/array.h"

namespace slipway::objects {

enum class Kind : uint8_t {
  none,
  boolean,
  integer,
  real,
  text,
  bytes,
  list,
  tuple,
  set,
  dict,
  array,
  dtype,
  instance,  // of a class, with the state it was saved with
  name,      // a class or function itself, by name
};

/// One value. The graph owns all of them; pointers between them may make cycles.
struct Object {
  Kind kind = Kind::none;
  int64_t integer = 0;               // integer; boolean: 0 or 1
  double real = 0;                   // real; an integer beyond 64 bits too
  std::string text;                  // text, bytes; instance and name: "module.Class"
  std::vector<const Object*> items;  // list, tuple, set; dict: key, value, key, …;
                                     // instance: what its constructor was given
  const Object* state = nullptr;     // instance: what it was given afterwards, mostly a dict
  std::unique_ptr<Array> array;      // array; dtype: an empty one of that type
};

/// All values of a file. Moving it leaves pointers into it as they are.
struct Graph {
  std::deque<Object> objects;
  const Object* root = nullptr;
};

/// Give the value of an int, float, bool or None (NaN), or of an array of one number.
std::optional<double> number_of(const Object& object);

/// Find the value of a text key, or null where it is no dict or has no such key.
const Object* find(const Object& dict, std::string_view key);

/// Find an attribute of an instance, or null. The state may be a dict or a pair of dicts.
const Object* attribute(const Object& instance, std::string_view name);

/// The class of an instance without its module: "LogisticRegression".
std::string_view class_name(const Object& instance);

/// Say what a value is, for messages: "a list", "sklearn.svm._classes.SVC".
std::string describe(const Object& object);

}  // namespace slipway::objects
