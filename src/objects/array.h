// objects/array.h — numpy's arrays as values: a type, a shape, and the bytes in C order.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::objects {

struct Object;

/// numpy's type of one element.
struct DType {
  struct Field {
    std::string name;
    size_t offset = 0;
    char kind = 'f';
    size_t size = 8;
    bool big_endian = false;
  };

  char kind = 'f';  // b, i, u, f, c, S, U, O, V, M, m as numpy's dtype.kind
  size_t size = 8;  // bytes; 0 only of S, U and V
  bool big_endian = false;
  std::vector<Field> fields;  // of a structure (kind V), in order
};

/// Read a type such as "<f8", "|b1", ">i4", "<U12" or "O".
/// Errors   invalid_parameter_value: not one of numpy's that a model can hold.
Result<DType> parse_dtype(std::string_view text);

/// An array in C order, its numbers in this machine's byte order.
struct Array {
  DType dtype;
  std::vector<size_t> shape;
  std::string bytes;                   // empty where dtype.kind is O
  std::vector<const Object*> objects;  // empty unless dtype.kind is O

  size_t size() const;  // product of the shape
  size_t n_dimensions() const { return shape.size(); }
};

enum class Order { c, fortran };

/// Give the number of elements of a shape.
/// Errors   invalid_parameter_value: more than 2^40.
Result<size_t> count_elements(const std::vector<size_t>& shape);

/// Make an array of raw bytes as a file holds them; they are put in C order and our byte order.
/// Errors   invalid_parameter_value: the bytes do not fit type and shape, or the type is O.
Result<Array> make_array(DType dtype, std::vector<size_t> shape, Order order,
                         std::string_view bytes);

/// The same of an object array's elements.
Result<Array> make_object_array(std::vector<size_t> shape, Order order,
                                std::vector<const Object*> objects);

/// Give all elements as doubles; objects that are numbers too, None among them as NaN.
/// Errors   invalid_parameter_value: an element is not a number.
Result<std::vector<double>> numbers(const Array& array);

/// Give all elements as integers.
/// Errors   invalid_parameter_value: they are not integers or truth values.
Result<std::vector<int64_t>> integers(const Array& array);

/// Give one field of an array of structures, as doubles or as integers.
/// Errors   invalid_parameter_value: no such field, or it is of another kind.
Result<std::vector<double>> field_numbers(const Array& array, std::string_view field);
Result<std::vector<int64_t>> field_integers(const Array& array, std::string_view field);
bool has_field(const Array& array, std::string_view field);

/// Give the element at `i` of an array of S or U as UTF-8.
std::string text_at(const Array& array, size_t i);

}  // namespace slipway::objects
