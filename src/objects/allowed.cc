#include "objects/allowed.h"

#include <algorithm>

namespace slipway::objects {
namespace {

// All of a package: estimators and what they keep beside what they learnt.
constexpr std::string_view kPackages[] = {"sklearn", "numpy",   "scipy",   "joblib",
                                          "pandas",  "xgboost", "lightgbm"};

constexpr std::string_view kNames[] = {
    "_codecs.encode",
    "builtins.bool",
    "builtins.bytearray",
    "builtins.bytes",
    "builtins.complex",
    "builtins.dict",
    "builtins.float",
    "builtins.frozenset",
    "builtins.int",
    "builtins.len",
    "builtins.list",
    "builtins.object",
    "builtins.range",
    "builtins.set",
    "builtins.slice",
    "builtins.str",
    "builtins.tuple",
    "builtins.NoneType",
    "collections.Counter",
    "collections.OrderedDict",
    "collections.defaultdict",
    "copyreg.__newobj__",
    "copyreg._reconstructor",
    "datetime.date",
    "datetime.datetime",
    "datetime.timedelta",
    "datetime.timezone",
    "functools.partial",
    "uuid.UUID",
};

}  // namespace

Result<std::string> allowed_name(std::string_view module, std::string_view name) {
  if (module == "__builtin__") module = "builtins";
  if (module == "copy_reg") module = "copyreg";
  auto full = fmt::format("{}.{}", module, name);
  const auto package = module.substr(0, module.find('.'));
  if (std::ranges::find(kPackages, package) != std::end(kPackages)) return full;
  if (std::ranges::find(kNames, full) != std::end(kNames)) return full;
  if (package == "cloudpickle" || module == "types" || module == "__main__") {
    return fail(Code::permission_denied,
                "the file holds Python code of its own ({}), which is not run; accepted are "
                "scikit-learn's estimators and numpy's functions",
                full);
  }
  return fail(Code::permission_denied,
              "the file names {}, which is not on the list of classes that are read", full);
}

}  // namespace slipway::objects
