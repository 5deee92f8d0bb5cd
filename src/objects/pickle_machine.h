// objects/pickle_machine.h — the state of reading one pickle: stack, marks, memo, and limits.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "objects/object.h"

namespace slipway::objects {

/// What all pickles of one file share: where values go, and how much they may take.
struct PickleRoom {
  Graph& graph;
  size_t array_bytes_left;  // a memoised text could else become an array many times
  size_t depth = 0;         // of pickles within pickles
};

/// Runs opcodes until STOP. Used once.
class PickleMachine {
 public:
  PickleMachine(PickleRoom& room, std::string_view bytes, size_t position)
      : room_(room), bytes_(bytes), at_(position) {}

  Result<Object*> run();
  size_t position() const { return at_; }

 private:
  enum class Outcome { go_on, stop };

  // pickle.cc: opcodes
  Result<Outcome> step();
  Result<bool> step_atom(uint8_t op);
  Result<bool> step_text(uint8_t op);
  Result<bool> step_container(uint8_t op);
  Result<bool> step_memo(uint8_t op);
  Result<bool> step_class(uint8_t op);
  Result<std::string_view> take(size_t n);
  Result<uint64_t> take_uint(size_t n);
  Result<std::string_view> take_line();
  Result<std::string_view> take_counted(size_t length_size);
  Result<void> push_long(std::string_view little_endian);
  Result<void> push_decimal(std::string_view line);
  Result<Object*> pop();
  Result<Object*> top();
  Result<std::vector<const Object*>> pop_mark();
  Result<Object*> push(Kind kind);
  Result<void> push_text(Kind kind, std::string_view text);
  Result<void> push_sequence(Kind kind, std::vector<const Object*> items);
  Result<void> push_name(std::string_view module, std::string_view name);
  Result<void> memoize(uint64_t key);
  Result<void> recall(uint64_t key);
  Result<void> add_items(std::vector<const Object*> items, bool pairs);
  Error damaged(std::string_view what) const;

  // pickle_classes.cc: what constructors and states stand for
  Result<void> construct(const Object& callable, std::vector<const Object*> arguments);
  Result<void> build(Object& target, const Object& state);
  Result<void> make_instance(std::string name, std::vector<const Object*> arguments);
  Result<void> push_scalar(const std::vector<const Object*>& arguments);
  Result<void> push_dtype(const std::vector<const Object*>& arguments);
  Result<void> push_buffer_array(const std::vector<const Object*>& arguments);
  Result<void> build_dtype(Object& target, const Object& state);
  Result<void> build_array(Object& target, const Object& state);
  Result<void> build_joblib_array(Object& target, const Object& state);
  Result<void> charge(size_t n_bytes);

  PickleRoom& room_;
  std::string_view bytes_;
  size_t at_;
  std::vector<Object*> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, Object*> memo_;
};

}  // namespace slipway::objects
