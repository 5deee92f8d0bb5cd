#include "api/access.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "store/logged_models.h"
#include "store/password.h"
#include "store/runs.h"
#include "store/tokens.h"
#include "store/users.h"

namespace slipway::api {
namespace {

constexpr std::chrono::seconds kRefreshEvery{2};
constexpr std::chrono::minutes kVerifiedFor{10};
constexpr std::chrono::seconds kHashWait{5};
constexpr int kHashers = 2;  // passwords hashed at once: each takes 32 MiB
constexpr int kMostWaiting = 8;
constexpr size_t kMaxVerified = 10'000;
constexpr size_t kMaxRights = 10'000;
constexpr size_t kMaxPlaces = 20'000;

Error wrong_credentials() {
  return fail(Code::unauthenticated,
              "You are not authenticated. The name and password, or the token, are not valid");
}

Error too_many(int64_t wait_s) {
  return fail(Code::request_limit_exceeded,
              "Too many failed logins; try again in {} seconds. A token is not held up", wait_s);
}

// What an Authorization header says: a token, or a name and a password.
struct Credentials {
  std::string token;
  std::string user;
  std::string password;
};

std::optional<Credentials> credentials_of(std::string_view header) {
  const auto space = std::min(header.find(' '), header.size());
  const auto scheme = lower(header.substr(0, space));
  const auto rest = trim(header.substr(space));
  if (scheme == "bearer" && !rest.empty()) return Credentials{std::string(rest), "", ""};
  if (scheme != "basic") return std::nullopt;
  const auto pair = base64_decode(rest);
  const auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  if (pair->substr(0, colon) == "token") return Credentials{pair->substr(colon + 1), "", ""};
  return Credentials{"", pair->substr(0, colon), pair->substr(colon + 1)};
}

template <typename Map, typename Value>
void put_bounded(Map& map, size_t most, std::string key, Value value) {
  if (map.size() >= most) map.clear();
  map.insert_or_assign(std::move(key), std::move(value));
}

}  // namespace

Access::Access(store::Store& store, Anonymous anonymous, store::Permission otherwise)
    : store_(store),
      anonymous_(anonymous),
      otherwise_(otherwise),
      secret_(random_hex(32)),
      hashers_(kHashers) {}

Access::Identity Access::identify(const http::Request& request, Needs needs) {
  static const auto nobody = std::make_shared<const store::Rights>(false, store::Permission::none);
  if (needs == Needs::nothing) return {Principal{"", "", nobody}};
  const auto* header = request.headers.find("Authorization");
  if (!header) return {identify_anonymous(needs)};
  return identify_by(*header, request.peer);
}

Result<Principal> Access::identify_anonymous(Needs needs) {
  const bool guarded = TRY(has_users());
  if (guarded || anonymous_ == Anonymous::refused) {
    return fail(Code::unauthenticated,
                "You are not authenticated. Send a user's name and password by HTTP Basic, or a "
                "token as 'Authorization: Bearer TOKEN'");
  }
  if (needs == Needs::score || needs == Needs::score_serving) {
    return fail(Code::unauthenticated,
                "Scoring needs a token: make one with POST /api/2.0/token/create and send it as "
                "'Authorization: Bearer TOKEN'");
  }
  return Principal();
}

Access::Identity Access::identify_by(const std::string& header, const std::string& address) {
  const auto digest = sha256_hex(secret_ + header);
  std::optional<Verified> known;
  {
    const std::scoped_lock lock(mutex_);
    const auto fresh = refresh();
    if (!fresh.ok()) return {fresh.error()};
    const auto found = verified_.find(digest);
    if (found != verified_.end() && Clock::now() < found->second.until) known = found->second;
  }
  if (known && (known->token_ends_ms == 0 || now_ms() < known->token_ends_ms)) {
    return {principal_of(*std::move(known))};
  }
  const auto credentials = credentials_of(header);
  if (!credentials) return {wrong_credentials()};
  int64_t generation = 0;
  int64_t wait_s = 0;
  auto verified = credentials->token.empty() ? check_login(credentials->user, credentials->password,
                                                           address, generation, wait_s)
                                             : check_token(credentials->token, generation);
  if (!verified.ok() && verified.error().code == Code::unauthenticated) {
    return {wrong_credentials()};
  }
  if (!verified.ok()) return {verified.error(), wait_s};
  verified->until = Clock::now() + kVerifiedFor;
  {
    const std::scoped_lock lock(mutex_);
    // not where something changed meanwhile: what was checked may be the old password
    if (generation == state_.generation) put_bounded(verified_, kMaxVerified, digest, *verified);
  }
  return {principal_of(*std::move(verified))};
}

Result<Access::Verified> Access::check_token(const std::string& token, int64_t& generation) {
  Verified verified;
  TRY(store_.read([&](db::Connection& c) -> Result<void> {
    const auto state = TRY(store::access_state(c));
    generation = state.generation;
    const auto info = TRY(store::check_token(c, token));
    verified.user_id = info.user_id;
    verified.token_id = info.token_id;
    verified.token_ends_ms = info.expiry_time_ms.value_or(0);
    return {};
  }));
  return verified;
}

Result<Access::Verified> Access::check_login(const std::string& user, std::string_view password,
                                             const std::string& address, int64_t& generation,
                                             int64_t& wait_s) {
  wait_s = limits_.wait_s(user, address, Clock::now());
  if (wait_s > 0) return too_many(wait_s);
  std::string hash;  // empty for an unknown user: compared all the same, for as long
  TRY(store_.read([&](db::Connection& c) -> Result<void> {
    const auto state = TRY(store::access_state(c));
    generation = state.generation;
    const auto found = TRY(store::find_user(c, user));
    if (found) hash = found->password_hash;
    return {};
  }));
  const bool right = TRY(compare(password, hash));
  if (right) return Verified{user, "", 0, {}};
  limits_.failed(user, address, Clock::now());
  return wrong_credentials();
}

// Hashing is slow by intent: no more at once than the machine bears, and no queue without end.
Result<bool> Access::compare(std::string_view password, std::string_view hash) {
  const bool crowded = n_waiting_.fetch_add(1) >= kMostWaiting;
  const bool admitted = !crowded && hashers_.try_acquire_for(kHashWait);
  n_waiting_.fetch_sub(1);
  if (!admitted) {
    return fail(Code::temporarily_unavailable, "Too many logins at once; try again in a moment");
  }
  const bool right = store::is_password(password, hash);
  hashers_.release();
  return right;
}

Result<bool> Access::check_password(const std::string& user_name, std::string_view password,
                                    const std::string& address) {
  int64_t generation = 0;
  int64_t wait_s = 0;
  const auto verified = check_login(user_name, password, address, generation, wait_s);
  if (verified.ok()) return true;
  if (verified.error().code == Code::unauthenticated) return false;
  return verified.error();
}

Result<Principal> Access::principal_of(Verified verified) {
  const std::scoped_lock lock(mutex_);
  Principal principal{std::move(verified.user_id), std::move(verified.token_id), nullptr};
  if (!state_.has_users) return principal;
  // a token of no user was made before there were any
  if (principal.user_id.empty()) return wrong_credentials();
  auto rights = load_rights(principal.user_id);
  if (!rights.ok() && rights.error().code == Code::resource_does_not_exist) {
    return wrong_credentials();
  }
  if (!rights.ok()) return rights.error();
  principal.rights = *std::move(rights);
  return principal;
}

Result<std::shared_ptr<const store::Rights>> Access::load_rights(const std::string& name) {
  const auto known = rights_.find(name);
  if (known != rights_.end()) return known->second;
  auto loaded =
      TRY(store_.read([&](db::Connection& c) { return store::load_rights(c, name, otherwise_); }));
  if (!loaded) {
    return fail(Code::resource_does_not_exist, "User with username={} not found", name);
  }
  auto rights = std::make_shared<const store::Rights>(*std::move(loaded));
  put_bounded(rights_, kMaxRights, name, rights);
  return rights;
}

Result<std::shared_ptr<const store::Rights>> Access::rights_of(const std::string& user_name) {
  const std::scoped_lock lock(mutex_);
  TRY(refresh());
  return load_rights(user_name);
}

Result<bool> Access::has_users() {
  const std::scoped_lock lock(mutex_);
  TRY(refresh());
  return state_.has_users;
}

Result<void> Access::refresh() {
  const auto now = Clock::now();
  if (!dirty_.exchange(false) && now - refreshed_at_ < kRefreshEvery) return {};
  const auto state = store_.read([](db::Connection& c) { return store::access_state(c); });
  if (!state.ok()) {
    dirty_ = true;
    return state.error();
  }
  refreshed_at_ = now;
  if (state->generation != state_.generation) {
    rights_.clear();
    verified_.clear();
  }
  state_ = *state;
  return {};
}

Result<std::string> Access::experiment_of_run(const std::string& run_id) {
  {
    const std::scoped_lock lock(places_mutex_);
    const auto known = experiments_by_run_.find(run_id);
    if (known != experiments_by_run_.end()) return known->second;
  }
  const auto info =
      TRY(store_.read([&](db::Connection& c) { return store::get_run_info(c, run_id); }));
  const std::scoped_lock lock(places_mutex_);
  put_bounded(experiments_by_run_, kMaxPlaces, run_id, info.experiment_id);
  return info.experiment_id;
}

Result<std::string> Access::experiment_of_logged_model(const std::string& model_id) {
  {
    const std::scoped_lock lock(places_mutex_);
    const auto known = experiments_by_model_.find(model_id);
    if (known != experiments_by_model_.end()) return known->second;
  }
  const auto model =
      TRY(store_.read([&](db::Connection& c) { return store::get_logged_model(c, model_id); }));
  const std::scoped_lock lock(places_mutex_);
  put_bounded(experiments_by_model_, kMaxPlaces, model_id, model.experiment_id);
  return model.experiment_id;
}

}  // namespace slipway::api
