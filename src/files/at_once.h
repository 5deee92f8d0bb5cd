// files/at_once.h — the same work on many things, a few at a time.
#pragma once
#include <cstddef>
#include <functional>

namespace slipway::files {

/// Call work(i) for each i below `n`, from a few threads at once: what waits for a disk or for an
/// object store does not wait in turn. Returns when all are done.
void at_once(size_t n, const std::function<void(size_t)>& work);

}  // namespace slipway::files
