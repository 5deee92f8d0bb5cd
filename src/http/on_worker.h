// http/on_worker.h — runs what may block on a worker thread, while the coroutine waits.
#pragma once
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <utility>

#include "http/connection.h"

namespace slipway::http {

/// Run `work` on a worker thread; the coroutine goes on where it was, with what it gave.
template <typename Work>
auto on_worker(boost::asio::thread_pool& workers, Work work) {
  using Value = decltype(work());
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>, void(Value)>(
      [&workers](auto resume, Work run) {
        boost::asio::post(workers, [resume = std::move(resume), run = std::move(run)]() mutable {
          Value value = run();
          const auto home = boost::asio::get_associated_executor(resume);
          boost::asio::post(home, [resume = std::move(resume), value = std::move(value)]() mutable {
            std::move(resume)(std::move(value));
          });
        });
      },
      kAwait, std::move(work));
}

}  // namespace slipway::http
