// base/result.h — the outcome of anything that can fail for a reason outside our code.
#pragma once
#include <fmt/core.h>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace slipway {

/// MLflow's error codes, which are also what the wire carries.
/// Source: mlflow 3.17.2 exceptions, as observed on the real server.
enum class Code {
  invalid_parameter_value,
  bad_request,
  resource_already_exists,
  unauthenticated,
  permission_denied,
  resource_does_not_exist,
  endpoint_not_found,
  aborted,
  resource_conflict,
  request_limit_exceeded,
  resource_exhausted,
  request_too_large,
  cancelled,
  invalid_state,
  data_loss,
  internal_error,
  not_implemented,
  temporarily_unavailable,
  deadline_exceeded,
};

/// Give the code's spelling on the wire, such as `RESOURCE_DOES_NOT_EXIST`.
std::string_view code_name(Code code);

/// Give the code's HTTP status, such as 404. Unlike the RFCs, RESOURCE_ALREADY_EXISTS is 400.
int http_status(Code code);

/// Find the code whose wire spelling is `name`; internal_error where it is none of ours.
Code code_from_name(std::string_view name);

/// What went wrong: a code for programs, a sentence for people.
struct Error {
  Code code = Code::internal_error;
  std::string message;
};

/// Make an Error whose message names the value and what would be accepted.
template <typename... Args>
[[nodiscard]] Error fail(Code code, fmt::format_string<Args...> format, Args&&... args) {
  return Error{code, fmt::format(format, std::forward<Args>(args)...)};
}

/// A value, or why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  template <typename U>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::decay_t<U>, T> &&
             !std::is_same_v<std::decay_t<U>, Error> && !std::is_same_v<std::decay_t<U>, Result>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

/// Success, or why not.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const {}
  const Error& error() const& { return *error_; }
  Error&& error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

/// Stop the program when an invariant of our own is broken; on in release too.
void check(bool holds, std::string_view what);

}  // namespace slipway

// Evaluate a Result; return its error from the enclosing function, or give its value.
// It stands alone on its line or as the whole initialiser: inside a braced initialiser g++ 12
// leaks the members already built. Never around co_await.
#define TRY(...) TRY_AS(TRY_NAME(__COUNTER__), __VA_ARGS__)
#define TRY_NAME(number) TRY_PASTE(number)
#define TRY_PASTE(number) try_result_##number
#define TRY_AS(name, ...)                           \
  __extension__({                                   \
    auto name = (__VA_ARGS__);                      \
    if (!name.ok()) return std::move(name).error(); \
    std::move(name).value();                        \
  })
