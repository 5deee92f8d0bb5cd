#include "store/password.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <atomic>
#include <optional>

#include "base/id.h"
#include "base/text.h"

namespace slipway::store {
namespace {

constexpr size_t kLeastBytes = 12;
constexpr size_t kMostBytes = 1024;
constexpr size_t kDigestBytes = 32;
constexpr uint64_t kMostMemory = 128u << 20;

std::atomic<uint64_t> work = 0;

struct Cost {
  uint64_t n = 1u << 15;
  uint64_t r = 8;
  uint64_t p = 1;
};

std::optional<std::string> derive(std::string_view password, std::string_view salt,
                                  const Cost& cost) {
  std::array<unsigned char, kDigestBytes> digest{};
  if (EVP_PBE_scrypt(password.data(), password.size(),
                     reinterpret_cast<const unsigned char*>(salt.data()), salt.size(), cost.n,
                     cost.r, cost.p, kMostMemory, digest.data(), digest.size()) != 1) {
    return std::nullopt;
  }
  work.fetch_add(cost.n * cost.r * cost.p, std::memory_order_relaxed);
  std::string hex;
  for (const auto byte : digest) fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
  return hex;
}

std::string written(const Cost& cost, std::string_view salt, std::string_view digest) {
  return fmt::format("scrypt${}${}${}${}${}", cost.n, cost.r, cost.p, salt, digest);
}

}  // namespace

Result<void> check_new_password(std::string_view user_name, std::string_view password) {
  if (password.size() < kLeastBytes) {
    return fail(Code::invalid_parameter_value, "Password must be at least {} characters.",
                kLeastBytes);
  }
  if (password.size() > kMostBytes || !is_utf8(password)) {
    return fail(Code::invalid_parameter_value, "Password must be UTF-8 of at most {} bytes.",
                kMostBytes);
  }
  if (lower(password) == lower(user_name) ||
      password.find_first_not_of(password.front()) == password.npos) {
    return fail(Code::invalid_parameter_value,
                "Password must not be the user's name, nor one character again and again.");
  }
  return {};
}

Result<std::string> hash_password(std::string_view password) {
  const Cost cost;
  const auto salt = random_hex(16);
  const auto digest = derive(password, salt, cost);
  if (!digest) return fail(Code::internal_error, "the password cannot be hashed: no memory");
  return written(cost, salt, *digest);
}

bool is_password(std::string_view password, std::string_view hash) {
  Cost cost;
  std::string salt(32, '0');
  std::string wanted;
  const auto parts = split(hash, '$');
  if (parts.size() == 6 && parts[0] == "scrypt") {
    const auto n = to_integer(parts[1]);
    const auto r = to_integer(parts[2]);
    const auto p = to_integer(parts[3]);
    if (n && r && p && *n > 1 && *r > 0 && *p > 0 && *p <= 16) {
      cost = {static_cast<uint64_t>(*n), static_cast<uint64_t>(*r), static_cast<uint64_t>(*p)};
      salt = parts[4];
      wanted = parts[5];
    }
  }
  password = password.substr(0, kMostBytes);
  auto digest = derive(password, salt, cost);
  if (!digest && !wanted.empty()) (void)derive(password, salt, Cost());  // a damaged cost
  return digest && digest->size() == wanted.size() &&
         CRYPTO_memcmp(digest->data(), wanted.data(), wanted.size()) == 0;
}

uint64_t password_work() { return work.load(std::memory_order_relaxed); }

}  // namespace slipway::store
