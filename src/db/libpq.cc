#include "db/libpq.h"

#include <dlfcn.h>

namespace slipway::db {
namespace {

constexpr const char* kLibrary = "libpq.so.5";

template <typename Function>
bool find_function(void* library, const char* name, Function& out) {
  out = reinterpret_cast<Function>(dlsym(library, name));
  return out != nullptr;
}

/// The name of a function that is not there, or "".
std::string_view missing_function(void* library, Libpq& out) {
#define FIND(name) \
  if (!find_function(library, #name, out.name)) return #name
  FIND(PQclear);
  FIND(PQcmdStatus);
  FIND(PQcmdTuples);
  FIND(PQconnectdbParams);
  FIND(PQconninfoFree);
  FIND(PQconninfoParse);
  FIND(PQconsumeInput);
  FIND(PQenterPipelineMode);
  FIND(PQerrorMessage);
  FIND(PQexec);
  FIND(PQexitPipelineMode);
  FIND(PQfinish);
  FIND(PQftype);
  FIND(PQgetResult);
  FIND(PQgetisnull);
  FIND(PQgetlength);
  FIND(PQgetvalue);
  FIND(PQntuples);
  FIND(PQparameterStatus);
  FIND(PQpipelineSync);
  FIND(PQresultErrorField);
  FIND(PQresultStatus);
  FIND(PQsendPrepare);
  FIND(PQsendQueryParams);
  FIND(PQsendQueryPrepared);
  FIND(PQserverVersion);
  FIND(PQsetNoticeProcessor);
  FIND(PQsocket);
  FIND(PQstatus);
  FIND(PQtransactionStatus);
#undef FIND
  return "";
}

Result<Libpq> open() {
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    return fail(Code::not_implemented,
                "PostgreSQL's client library is not installed ({}); Debian has it in libpq5",
                dlerror());
  }
  Libpq out{};
  if (const auto missing = missing_function(library, out); !missing.empty()) {
    return fail(Code::not_implemented, "{} has no function {}: version 14 or later is needed",
                kLibrary, missing);
  }
  return out;
}

const Result<Libpq>& opened() {
  static const Result<Libpq> library = open();
  return library;
}

}  // namespace

Result<void> load_libpq() {
  if (opened().ok()) return {};
  return opened().error();
}

const Libpq& libpq() { return *opened(); }

}  // namespace slipway::db
