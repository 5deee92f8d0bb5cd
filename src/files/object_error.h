// files/object_error.h — what goes wrong in an object store, in our words.
#pragma once
#include <string_view>

#include "base/result.h"

namespace arrow {
class Status;
}

namespace slipway::files {

/// Turn a failed call of Arrow's file systems into an Error.
///
/// doing, what   for the message: "write", "a/b.txt"
/// title         the store, such as "s3://bucket"
/// Gives    resource_does_not_exist: no such object or bucket; permission_denied: our credentials
///          are refused; temporarily_unavailable: no answer, too busy, or full; else
///          internal_error.
Error object_error(const arrow::Status& status, std::string_view doing, std::string_view what,
                   std::string_view title);

/// The same for an answer of the store's REST interface that is no 2xx, by its status and body.
Error object_answer_error(int status, std::string_view body, std::string_view doing,
                          std::string_view what, std::string_view title);

}  // namespace slipway::files
