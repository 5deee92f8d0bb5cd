// api/access.h — remembers who may do what, so that a request need not ask the database.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <semaphore>
#include <string>
#include <string_view>

#include "api/login_limits.h"
#include "api/principal.h"
#include "api/route.h"
#include "base/result.h"
#include "http/message.h"
#include "store/store.h"
#include "store/users.h"

namespace slipway::api {

/// What a server knows of its users. A change that this server makes counts from its answer on; one
/// that another server makes on the same database counts here within two seconds.
///
/// Safe from any thread; bounded in memory.
class Access {
 public:
  /// `store` is borrowed.
  Access(store::Store& store, Anonymous anonymous, store::Permission otherwise);

  struct Identity {
    Result<Principal> principal;
    int64_t retry_after_s = 0;  // where it is refused for too many failed logins
  };

  /// Find out who makes a request from its Authorization header: `Bearer TOKEN`, Basic with the
  /// user `token` and a token as password, or Basic with a user's name and password.
  ///
  /// Errors   unauthenticated: none where they are needed, or wrong ones (not said what is wrong);
  ///          request_limit_exceeded: too many failed logins before.
  Identity identify(const http::Request& request, Needs needs);

  /// Give what a user may do, as identify() would. Errors resource_does_not_exist.
  Result<std::shared_ptr<const store::Rights>> rights_of(const std::string& user_name);

  Result<bool> has_users();

  /// To be called after each write that changes users, tokens, roles or grants.
  void changed() { dirty_ = true; }

  /// Check a password, within the limits for logins. False where it is wrong.
  /// Errors   request_limit_exceeded.
  Result<bool> check_password(const std::string& user_name, std::string_view password,
                              const std::string& address);

  /// Give the experiment that a run or a logged model belongs to, which never changes.
  /// Errors   resource_does_not_exist.
  Result<std::string> experiment_of_run(const std::string& run_id);
  Result<std::string> experiment_of_logged_model(const std::string& model_id);

  /// What holds where no grant says anything.
  store::Permission otherwise() const { return otherwise_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Verified {
    std::string user_id;
    std::string token_id;
    int64_t token_ends_ms = 0;
    Clock::time_point until;
  };
  template <typename T>
  using ByText = std::map<std::string, T, std::less<>>;

  Result<void> refresh();  // under mutex_
  Result<std::shared_ptr<const store::Rights>> load_rights(const std::string& name);  // as well
  Result<Principal> principal_of(Verified verified);
  Result<Principal> identify_anonymous(Needs needs);
  Identity identify_by(const std::string& header, const std::string& address);
  Result<Verified> check_token(const std::string& token, int64_t& generation);
  Result<Verified> check_login(const std::string& user, std::string_view password,
                               const std::string& address, int64_t& generation, int64_t& wait_s);
  Result<bool> compare(std::string_view password, std::string_view hash);

  store::Store& store_;
  const Anonymous anonymous_;
  const store::Permission otherwise_;
  const std::string secret_;  // keys the digests of what was verified
  LoginLimits limits_;
  std::counting_semaphore<> hashers_;
  std::atomic<int> n_waiting_ = 0;
  std::atomic<bool> dirty_ = true;

  std::mutex mutex_;
  store::AccessState state_;
  Clock::time_point refreshed_at_;
  ByText<std::shared_ptr<const store::Rights>> rights_;
  ByText<Verified> verified_;
  std::mutex places_mutex_;
  ByText<std::string> experiments_by_run_;
  ByText<std::string> experiments_by_model_;
};

}  // namespace slipway::api
