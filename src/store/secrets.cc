#include "store/secrets.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::store {
namespace {

constexpr char kFile[] = "secrets.key";
constexpr size_t kMostFileBytes = 1u << 16;
constexpr std::string_view kVersion = "1:";  // then base64 of nonce, ciphertext and tag
constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kIdDigits = 16;

std::optional<std::string> bytes_of(std::string_view hex) {
  if (hex.size() != 2 * kKeyBytes) return std::nullopt;
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    uint8_t byte = 0;
    const auto* const end = hex.data() + i + 2;
    const auto read = std::from_chars(hex.data() + i, end, byte, 16);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

const unsigned char* in(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* out(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

// AES-256-GCM over `text` with `place` bound to it. Sealing gives nonce, ciphertext and tag, which
// opening takes; nothing where the tag does not fit.
std::optional<std::string> seal_bytes(std::string_view key, std::string_view text,
                                      std::string_view place) {
  std::string nonce(kNonceBytes, '\0');
  std::string bytes(text.size(), '\0');
  std::string tag(kTagBytes, '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int n = 0;
  const bool sealed =
      cipher && RAND_bytes(out(nonce), kNonceBytes) == 1 &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, in(key), in(nonce)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &n, in(place), static_cast<int>(place.size())) ==
          1 &&
      EVP_EncryptUpdate(cipher.get(), out(bytes), &n, in(text), static_cast<int>(text.size())) ==
          1 &&
      EVP_EncryptFinal_ex(cipher.get(), nullptr, &n) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag.data()) == 1;
  if (!sealed) return std::nullopt;
  return nonce + bytes + tag;
}

std::optional<std::string> open_bytes(std::string_view key, std::string_view sealed,
                                      std::string_view place) {
  if (sealed.size() < kNonceBytes + kTagBytes) return std::nullopt;
  const auto nonce = sealed.substr(0, kNonceBytes);
  const auto text = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string bytes(text.size(), '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int n = 0;
  const bool opened =
      cipher &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, in(key), in(nonce)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &n, in(place), static_cast<int>(place.size())) ==
          1 &&
      EVP_DecryptUpdate(cipher.get(), out(bytes), &n, in(text), static_cast<int>(text.size())) ==
          1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), nullptr, &n) == 1;
  if (!opened) return std::nullopt;
  return bytes;
}

Error no_key(std::string_view key_id) {
  return fail(Code::resource_conflict,
              "this needs the key {}, which this server does not have: give it the secrets.key of "
              "the server that made it, or the same SLIPWAY_SECRETS_KEY",
              key_id);
}

}  // namespace

Result<std::unique_ptr<Secrets>> Secrets::open(const std::filesystem::path& data_dir,
                                               std::string_view given) {
  std::unique_ptr<Secrets> secrets(new Secrets(data_dir / kFile));
  if (trim(given).empty()) {
    TRY(secrets->read_file_again());
    return secrets;
  }
  auto keys = TRY(parse(given, "SLIPWAY_SECRETS_KEY"));
  secrets->keys_.with([&](auto& held) { held = std::move(keys); });
  return secrets;
}

Result<std::vector<Secrets::Key>> Secrets::parse(std::string_view text, std::string_view source) {
  std::vector<Key> keys;
  std::string spaced(text);
  std::ranges::replace_if(spaced, [](char c) { return c == ',' || c == '\n' || c == '\r'; }, ' ');
  for (const auto& word : split(spaced, ' ')) {
    if (trim(word).empty()) continue;
    auto bytes = bytes_of(trim(word));
    if (!bytes) {
      return fail(Code::invalid_parameter_value,
                  "{} does not hold keys of 64 hexadecimal digits each, as `openssl rand -hex 32` "
                  "makes them",
                  source);
    }
    keys.push_back({sha256_hex("slipway secrets key " + *bytes).substr(0, kIdDigits), *bytes});
  }
  if (keys.empty()) return fail(Code::invalid_parameter_value, "{} holds no key", source);
  return keys;
}

Result<void> Secrets::read_file_again() {
  const auto text = read_file(file_, kMostFileBytes);
  if (!text.ok() && text.error().code == Code::resource_does_not_exist) return {};
  if (!text.ok()) return text.error();
  struct stat about{};
  if (::stat(file_.c_str(), &about) == 0 && (about.st_mode & 077) != 0) {
    log(Level::warning, "others can read '{}': chmod 600 it", file_.string());
  }
  auto keys = TRY(parse(*text, file_.string()));
  keys_.with([&](auto& held) { held = std::move(keys); });
  return {};
}

bool Secrets::has_key() const {
  return keys_.with([](const auto& keys) { return !keys.empty(); });
}

bool Secrets::has_key(std::string_view key_id) const {
  return keys_.with([&](const auto& keys) {
    return std::ranges::any_of(keys, [&](const Key& key) { return key.id == key_id; });
  });
}

std::vector<std::string> Secrets::key_ids() const {
  std::vector<std::string> ids;
  keys_.with([&](const auto& keys) {
    for (const auto& key : keys) ids.push_back(key.id);
  });
  return ids;
}

Result<void> Secrets::make_key() {
  if (has_key()) return {};
  TRY(read_file_again());  // another server of this folder may have made it
  if (has_key()) return {};
  TRY(write_private_file(file_, random_hex(kKeyBytes) + "\n"));
  return read_file_again();
}

Result<Sealed> Secrets::seal(std::string_view text, std::string_view place) const {
  if (text.empty()) return Sealed();
  return keys_.with([&](const auto& keys) -> Result<Sealed> {
    if (keys.empty()) return fail(Code::invalid_state, "there is no key to seal secrets with");
    const auto bytes = seal_bytes(keys.front().bytes, text, place);
    if (!bytes) return fail(Code::internal_error, "a secret could not be sealed");
    return Sealed{keys.front().id, std::string(kVersion) + base64_encode(*bytes)};
  });
}

Result<std::string> Secrets::unseal(const Sealed& sealed, std::string_view place) const {
  if (sealed.is_plain()) return sealed.text;
  if (!sealed.text.starts_with(kVersion)) {
    return fail(Code::not_implemented, "a newer Slipway sealed this secret");
  }
  return keys_.with([&](const auto& keys) -> Result<std::string> {
    const auto key =
        std::ranges::find_if(keys, [&](const Key& held) { return held.id == sealed.key_id; });
    if (key == keys.end()) return no_key(sealed.key_id);
    const auto bytes = base64_decode(std::string_view(sealed.text).substr(kVersion.size()));
    const auto text = bytes ? open_bytes(key->bytes, *bytes, place) : std::nullopt;
    if (!text) return fail(Code::data_loss, "a sealed secret was changed in the database");
    return *text;
  });
}

}  // namespace slipway::store
