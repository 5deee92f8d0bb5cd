#include "objects/pickle.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/text.h"
#include "objects/allowed.h"
#include "objects/pickle_machine.h"
#include "objects/pickle_opcodes.h"

namespace slipway::objects {
namespace {

constexpr size_t kMaxObjects = 6'000'000;
constexpr size_t kMaxStack = 8'000'000;

// The text of protocol 0's 'quoted' strings; only the escapes that Python writes.
std::string unquoted(std::string_view line) {
  std::string out;
  for (size_t i = 1; i + 1 < line.size(); ++i) {
    if (line[i] != '\\' || i + 2 >= line.size()) {
      out += line[i];
      continue;
    }
    const char c = line[++i];
    if (c == 'x' && i + 2 < line.size()) {
      unsigned value = 0;
      std::from_chars(line.data() + i + 1, line.data() + i + 3, value, 16);
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
    }
  }
  return out;
}

}  // namespace

Error PickleMachine::damaged(std::string_view what) const {
  return fail(Code::invalid_parameter_value, "pickle: {} (byte {})", what, at_);
}

Result<std::string_view> PickleMachine::take(size_t n) {
  if (n > bytes_.size() - at_) return damaged("the file ends too early");
  const auto taken = bytes_.substr(at_, n);
  at_ += n;
  return taken;
}

Result<uint64_t> PickleMachine::take_uint(size_t n) {
  const auto taken = TRY(take(n));
  uint64_t value = 0;
  for (size_t i = 0; i < n; ++i) value |= uint64_t{static_cast<uint8_t>(taken[i])} << 8 * i;
  return value;
}

Result<std::string_view> PickleMachine::take_line() {
  const auto end = bytes_.find('\n', at_);
  if (end == bytes_.npos) return damaged("a line does not end");
  const auto line = bytes_.substr(at_, end - at_);
  at_ = end + 1;
  return line;
}

Result<std::string_view> PickleMachine::take_counted(size_t length_size) {
  const auto length = TRY(take_uint(length_size));
  return take(length);
}

Result<Object*> PickleMachine::push(Kind kind) {
  if (room_.graph.objects.size() >= kMaxObjects || stack_.size() >= kMaxStack) {
    return damaged(fmt::format("more than {} values", kMaxObjects));
  }
  auto& object = room_.graph.objects.emplace_back();
  object.kind = kind;
  stack_.push_back(&object);
  return &object;
}

Result<void> PickleMachine::push_text(Kind kind, std::string_view text) {
  TRY(charge(text.size()));
  auto* object = TRY(push(kind));
  object->text = text;
  return {};
}

Result<void> PickleMachine::push_sequence(Kind kind, std::vector<const Object*> items) {
  auto* object = TRY(push(kind));
  object->items = std::move(items);
  return {};
}

Result<void> PickleMachine::push_long(std::string_view little_endian) {
  const bool negative = !little_endian.empty() && static_cast<int8_t>(little_endian.back()) < 0;
  if (little_endian.size() <= 8) {
    uint64_t value = negative ? ~uint64_t{0} : 0;
    for (size_t i = 0; i < little_endian.size(); ++i) {
      const auto shift = 8 * i;
      value &= ~(uint64_t{0xff} << shift);
      value |= uint64_t{static_cast<uint8_t>(little_endian[i])} << shift;
    }
    auto* object = TRY(push(Kind::integer));
    object->integer = static_cast<int64_t>(value);
    return {};
  }
  double value = 0;
  const auto n = std::min<size_t>(little_endian.size(), 200);  // seeds; beyond is infinite
  for (size_t i = 0; i < n; ++i) {
    value += std::ldexp(static_cast<uint8_t>(little_endian[i]), static_cast<int>(8 * i));
  }
  auto* object = TRY(push(Kind::real));
  object->real = negative ? value - std::ldexp(1, static_cast<int>(8 * n)) : value;
  return {};
}

Result<void> PickleMachine::push_decimal(std::string_view line) {
  if (line.ends_with('L')) line.remove_suffix(1);
  const auto integer = to_integer(line);
  const auto number = to_number(line);
  if (!number) return damaged("a number is not one");
  auto* object = TRY(push(integer ? Kind::integer : Kind::real));
  object->integer = integer.value_or(0);
  object->real = *number;
  return {};
}

Result<Object*> PickleMachine::top() {
  if (stack_.empty() || (!marks_.empty() && marks_.back() >= stack_.size())) {
    return damaged("a value is wanted where there is none");
  }
  return stack_.back();
}

Result<Object*> PickleMachine::pop() {
  auto* object = TRY(top());
  stack_.pop_back();
  return object;
}

Result<std::vector<const Object*>> PickleMachine::pop_mark() {
  if (marks_.empty()) return damaged("a mark is wanted where there is none");
  const auto begin = stack_.begin() + static_cast<ptrdiff_t>(marks_.back());
  std::vector<const Object*> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

Result<void> PickleMachine::push_name(std::string_view module, std::string_view name) {
  auto full = TRY(allowed_name(module, name));
  TRY(charge(full.size()));
  auto* object = TRY(push(Kind::name));
  object->text = std::move(full);
  return {};
}

Result<void> PickleMachine::memoize(uint64_t key) {
  auto* object = TRY(top());
  memo_[key] = object;
  return {};
}

Result<void> PickleMachine::recall(uint64_t key) {
  const auto found = memo_.find(key);
  if (found == memo_.end()) return damaged("a value is recalled that was not kept");
  if (stack_.size() >= kMaxStack) return damaged("the stack is too large");
  stack_.push_back(found->second);
  return {};
}

Result<void> PickleMachine::add_items(std::vector<const Object*> items, bool pairs) {
  auto* target = TRY(top());
  const bool fits = pairs ? target->kind == Kind::dict && items.size() % 2 == 0
                          : target->kind == Kind::list || target->kind == Kind::set;
  if (!fits && target->kind != Kind::instance) {
    return damaged("items are put into what takes none: " + describe(*target));
  }
  if (fits) target->items.insert(target->items.end(), items.begin(), items.end());
  return {};
}

Result<bool> PickleMachine::step_atom(uint8_t op) {
  switch (op) {
    case kNone: TRY(push(Kind::none)); break;
    case kNewTrue:
    case kNewFalse: {
      auto* object = TRY(push(Kind::boolean));
      object->integer = op == kNewTrue;
      break;
    }
    case kBinInt:
    case kBinInt1:
    case kBinInt2: {
      const auto bits = TRY(take_uint(op == kBinInt ? 4 : op == kBinInt2 ? 2 : 1));
      auto* object = TRY(push(Kind::integer));
      object->integer = op == kBinInt ? static_cast<int32_t>(bits) : static_cast<int64_t>(bits);
      break;
    }
    case kInt: {
      const auto line = TRY(take_line());
      if (line == "00" || line == "01") {
        auto* object = TRY(push(Kind::boolean));
        object->integer = line == "01";
        break;
      }
      TRY(push_decimal(line));
      break;
    }
    case kLong:
    case kFloat: {
      const auto line = TRY(take_line());
      TRY(push_decimal(line));
      if (op == kFloat) stack_.back()->real = to_number(line).value_or(0);
      if (op == kFloat) stack_.back()->kind = Kind::real;
      break;
    }
    case kLong1:
    case kLong4: {
      const auto bytes = TRY(take_counted(op == kLong1 ? 1 : 4));
      TRY(push_long(bytes));
      break;
    }
    case kBinFloat: {
      const auto bits = TRY(take_uint(8));
      auto* object = TRY(push(Kind::real));
      object->real = std::bit_cast<double>(__builtin_bswap64(bits));
      break;
    }
    default: return false;
  }
  return true;
}

Result<bool> PickleMachine::step_text(uint8_t op) {
  std::string_view text;
  auto kind = Kind::text;
  switch (op) {
    case kShortBinUnicode: text = TRY(take_counted(1)); break;
    case kBinUnicode: text = TRY(take_counted(4)); break;
    case kBinUnicode8: text = TRY(take_counted(8)); break;
    case kShortBinString: text = TRY(take_counted(1)); break;
    case kBinString: text = TRY(take_counted(4)); break;
    case kShortBinBytes: text = TRY(take_counted(1)); break;
    case kBinBytes: text = TRY(take_counted(4)); break;
    case kBinBytes8:
    case kByteArray8: text = TRY(take_counted(8)); break;
    case kString:
    case kUnicode: text = TRY(take_line()); break;
    default: return false;
  }
  if (op == kShortBinBytes || op == kBinBytes || op == kBinBytes8 || op == kByteArray8) {
    kind = Kind::bytes;
  }
  if (op == kString) {
    TRY(push_text(kind, unquoted(text)));
  } else {
    TRY(push_text(kind, text));
  }
  return true;
}

Result<bool> PickleMachine::step_container(uint8_t op) {
  switch (op) {
    case kMark:
      if (marks_.size() >= kMaxStack) return damaged("too many marks");
      marks_.push_back(stack_.size());
      return true;
    case kEmptyList: TRY(push(Kind::list)); return true;
    case kEmptyTuple: TRY(push(Kind::tuple)); return true;
    case kEmptyDict: TRY(push(Kind::dict)); return true;
    case kEmptySet: TRY(push(Kind::set)); return true;
    case kTuple1:
    case kTuple2:
    case kTuple3: {
      std::vector<const Object*> items(op - kTuple1 + 1u);
      for (size_t i = items.size(); i-- > 0;) items[i] = TRY(pop());
      TRY(push_sequence(Kind::tuple, std::move(items)));
      return true;
    }
    case kList:
    case kTuple:
    case kDict:
    case kFrozenSet: {
      auto items = TRY(pop_mark());
      if (op == kDict && items.size() % 2 != 0) return damaged("a key has no value");
      const auto kind = op == kList    ? Kind::list
                        : op == kTuple ? Kind::tuple
                        : op == kDict  ? Kind::dict
                                       : Kind::set;
      TRY(push_sequence(kind, std::move(items)));
      return true;
    }
    case kAppend: {
      const Object* item = TRY(pop());
      TRY(add_items({item}, false));
      return true;
    }
    case kSetItem: {
      const Object* value = TRY(pop());
      const Object* key = TRY(pop());
      TRY(add_items({key, value}, true));
      return true;
    }
    case kAppends:
    case kAddItems:
    case kSetItems: {
      auto items = TRY(pop_mark());
      TRY(add_items(std::move(items), op == kSetItems));
      return true;
    }
    default: return false;
  }
}

Result<bool> PickleMachine::step_memo(uint8_t op) {
  switch (op) {
    case kMemoize: TRY(memoize(memo_.size())); return true;
    case kPut:
    case kGet: {
      const auto line = TRY(take_line());
      const auto key = to_integer(line);
      if (!key || *key < 0) return damaged("a place in the memo is not a number");
      if (op == kPut) {
        TRY(memoize(static_cast<uint64_t>(*key)));
      } else {
        TRY(recall(static_cast<uint64_t>(*key)));
      }
      return true;
    }
    case kBinPut:
    case kLongBinPut: {
      const auto key = TRY(take_uint(op == kBinPut ? 1 : 4));
      TRY(memoize(key));
      return true;
    }
    case kBinGet:
    case kLongBinGet: {
      const auto key = TRY(take_uint(op == kBinGet ? 1 : 4));
      TRY(recall(key));
      return true;
    }
    default: return false;
  }
}

Result<bool> PickleMachine::step_class(uint8_t op) {
  switch (op) {
    case kGlobal: {
      const auto module = TRY(take_line());
      const auto name = TRY(take_line());
      TRY(push_name(module, name));
      return true;
    }
    case kStackGlobal: {
      const auto* name = TRY(pop());
      const auto* module = TRY(pop());
      if (name->kind != Kind::text || module->kind != Kind::text) {
        return damaged("a class is not named by texts");
      }
      TRY(push_name(module->text, name->text));
      return true;
    }
    case kReduce:
    case kNewObj:
    case kNewObjEx: {
      if (op == kNewObjEx) TRY(pop());  // keyword arguments
      const auto* arguments = TRY(pop());
      const auto* callable = TRY(pop());
      if (arguments->kind != Kind::tuple) return damaged("arguments are not a tuple");
      TRY(construct(*callable, arguments->items));
      return true;
    }
    case kInst: {
      const auto module = TRY(take_line());
      const auto name = TRY(take_line());
      auto arguments = TRY(pop_mark());
      auto full = TRY(allowed_name(module, name));
      TRY(make_instance(std::move(full), std::move(arguments)));
      return true;
    }
    case kObj: {
      auto arguments = TRY(pop_mark());
      if (arguments.empty()) return damaged("an object has no class");
      const auto* callable = arguments.front();
      arguments.erase(arguments.begin());
      TRY(construct(*callable, std::move(arguments)));
      return true;
    }
    case kBuild: {
      const auto* state = TRY(pop());
      auto* target = TRY(top());
      TRY(build(*target, *state));
      return true;
    }
    default: return false;
  }
}

Result<PickleMachine::Outcome> PickleMachine::step() {
  const auto code = TRY(take(1));
  const auto op = static_cast<uint8_t>(code[0]);
  switch (op) {
    case kStop: return Outcome::stop;
    case kProto: {
      const auto version = TRY(take(1));
      if (version[0] < 0 || version[0] > 5) return damaged("a protocol beyond 5");
      return Outcome::go_on;
    }
    case kFrame: TRY(take(8)); return Outcome::go_on;
    case kPop: TRY(pop()); return Outcome::go_on;
    case kPopMark: TRY(pop_mark()); return Outcome::go_on;
    case kDup: {
      auto* object = TRY(top());
      if (stack_.size() >= kMaxStack) return damaged("the stack is too large");
      stack_.push_back(object);
      return Outcome::go_on;
    }
    default: break;
  }
  for (const auto family :
       {&PickleMachine::step_atom, &PickleMachine::step_text, &PickleMachine::step_container,
        &PickleMachine::step_memo, &PickleMachine::step_class}) {
    const bool done = TRY((this->*family)(op));
    if (done) return Outcome::go_on;
  }
  return damaged(fmt::format("opcode {:#04x} is not read", op));
}

Result<Object*> PickleMachine::run() {
  while (true) {
    const auto outcome = TRY(step());
    if (outcome == Outcome::stop) return pop();
  }
}

Result<Graph> read_pickle(std::string_view bytes) {
  Graph graph;
  PickleRoom room{graph, 4 * bytes.size() + (size_t{1} << 20)};
  PickleMachine machine(room, bytes, 0);
  graph.root = TRY(machine.run());
  return graph;
}

}  // namespace slipway::objects
