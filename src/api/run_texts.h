// api/run_texts.h — runs as JSON text, kept for the next search that finds them unchanged.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/guarded.h"
#include "store/run_index.h"

namespace slipway::api {

/// Texts by run and change number, as many as fit; those that no one asked for go first. Safe from
/// any thread.
class RunTexts {
 public:
  using Text = std::shared_ptr<const std::string>;
  explicit RunTexts(size_t max_bytes = size_t{64} << 20) : max_bytes_(max_bytes) {}

  /// Give the text of a run as it was after that change, or null.
  Text find(const store::FoundRun& run);
  /// Keep a text; one without a change number is not kept.
  void keep(const store::FoundRun& run, Text text);
  size_t size_bytes() const;

 private:
  struct Entry {
    int64_t change_no = 0;
    Text text;
  };
  /// What was asked for lately is in `young`; when that has half the room, it becomes `old`, and
  /// what was `old` goes.
  struct Generations {
    std::unordered_map<int64_t, Entry> young;
    std::unordered_map<int64_t, Entry> old;
    size_t young_bytes = 0;
    size_t old_bytes = 0;
  };
  void put(Generations& generations, int64_t run_key, Entry entry) const;

  const size_t max_bytes_;
  Guarded<Generations> generations_;
};

}  // namespace slipway::api
