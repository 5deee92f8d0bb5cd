// store/password.h — passwords as they are kept: salted, by a hash that needs memory and time.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::store {

/// Check a new password: 12 to 1024 bytes of UTF-8, and not the user's own name.
/// Errors   invalid_parameter_value; the message says what is wanted, never the password.
/// Source   the least length as in mlflow 3.17.2.
Result<void> check_new_password(std::string_view user_name, std::string_view password);

/// Hash a password with a new salt: `scrypt$N$r$p$salt$digest`, both in hex. Takes 32 MiB and about
/// a tenth of a second, by intent. Errors internal_error.
/// Source   RFC 7914; N = 2^15, r = 8, p = 1 as in mlflow 3.17.2.
Result<std::string> hash_password(std::string_view password);

/// Tell whether `password` is the one that was hashed; the work is the same either way. An empty or
/// damaged hash is no one's, after the work that a new one takes.
bool is_password(std::string_view password, std::string_view hash);

/// How much hashing this process has done, in blocks of 128 r bytes that were mixed (N r p of each
/// hash): 2^18 for a password that was hashed or compared. Safe from any thread.
uint64_t password_work();

}  // namespace slipway::store
