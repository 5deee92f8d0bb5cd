// store/secrets.h — texts that must be read again, kept so that the database alone does not tell
// them.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"

namespace slipway::store {

/// A sealed text as it lies in the database; an empty one has no key.
struct Sealed {
  std::string key_id;  // tells which key opens it, not the key
  std::string text;

  bool is_plain() const { return key_id.empty(); }
};

/// Seals and opens by keys that lie outside of the database. Safe from any thread.
class Secrets {
 public:
  /// Take the keys of `given`, where it is not empty, else of the file `secrets.key` in `data_dir`,
  /// where there is one. Keys are 64 hexadecimal digits each, with commas or blanks between them:
  /// the first one seals, all of them open.
  /// Errors   invalid_parameter_value: no such keys (the message does not tell them); permission_
  ///          denied: the file cannot be read.
  static Result<std::unique_ptr<Secrets>> open(const std::filesystem::path& data_dir,
                                               std::string_view given);

  /// Whether there is a key, and whether there is the one of this id.
  bool has_key() const;
  bool has_key(std::string_view key_id) const;
  std::vector<std::string> key_ids() const;  // the one that seals is the first

  /// Make a key and the file `secrets.key` with it, for this account alone, unless there is one
  /// (meanwhile). Errors as write_private_file.
  Result<void> make_key();

  /// Seal `text` by the first key, for `place`: nowhere else will it open. "" stays "".
  /// Errors   invalid_state: there is no key.
  Result<Sealed> seal(std::string_view text, std::string_view place) const;

  /// Give the text again; of a plain one, as it is.
  /// Errors   resource_conflict: its key is not among ours; data_loss: it is not as it was sealed,
  ///          or for another place; not_implemented: a newer program sealed it.
  Result<std::string> unseal(const Sealed& sealed, std::string_view place) const;

 private:
  struct Key {
    std::string id;
    std::string bytes;
  };
  explicit Secrets(std::filesystem::path file) : file_(std::move(file)) {}
  static Result<std::vector<Key>> parse(std::string_view text, std::string_view source);
  Result<void> read_file_again();

  std::filesystem::path file_;
  Guarded<std::vector<Key>> keys_;
};

}  // namespace slipway::store
