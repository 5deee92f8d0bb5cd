#include "api/run_texts.h"

#include <utility>

namespace slipway::api {
namespace {

constexpr size_t kEntryBytes = 128;  // of an entry besides its letters, about

}  // namespace

void RunTexts::put(Generations& generations, int64_t run_key, Entry entry) const {
  const size_t n_bytes = entry.text->size() + kEntryBytes;
  if (generations.young_bytes + n_bytes > max_bytes_ / 2) {
    generations.old = std::exchange(generations.young, {});
    generations.old_bytes = std::exchange(generations.young_bytes, 0);
  }
  if (n_bytes > max_bytes_ / 2) return;
  const auto [place, is_new] = generations.young.try_emplace(run_key);
  if (!is_new) generations.young_bytes -= place->second.text->size() + kEntryBytes;
  place->second = std::move(entry);
  generations.young_bytes += n_bytes;
}

RunTexts::Text RunTexts::find(const store::FoundRun& run) {
  return generations_.with([&](Generations& generations) -> Text {
    const auto young = generations.young.find(run.run_key);
    if (young != generations.young.end()) {
      return young->second.change_no == run.change_no ? young->second.text : nullptr;
    }
    const auto old = generations.old.find(run.run_key);
    if (old == generations.old.end() || old->second.change_no != run.change_no) return nullptr;
    auto text = old->second.text;
    put(generations, run.run_key, {run.change_no, text});
    return text;
  });
}

void RunTexts::keep(const store::FoundRun& run, Text text) {
  if (run.change_no == store::FoundRun::kUnknown) return;
  generations_.with([&](Generations& generations) {
    put(generations, run.run_key, {run.change_no, std::move(text)});
  });
}

size_t RunTexts::size_bytes() const {
  return generations_.with([](const Generations& generations) {
    return generations.young_bytes + generations.old_bytes;
  });
}

}  // namespace slipway::api
