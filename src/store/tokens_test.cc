#include "store/tokens.h"

#include "store/test_store.h"

namespace slipway::store {
namespace {

TEST_F(StoreTest, TokenIsFoundByItsValueAndOnlyItsDigestIsKept) {
  const NewToken token =
      write([](db::Connection& c) { return create_token(c, "ada", "laptop", std::nullopt); });
  EXPECT_EQ(token.value.size(), 68u);
  EXPECT_TRUE(token.value.starts_with("dapi"));
  const auto info = read([&](db::Connection& c) { return check_token(c, token.value); });
  EXPECT_EQ(info.user_id, "ada");
  EXPECT_EQ(info.token_id, token.info.token_id);
  EXPECT_EQ(read([](db::Connection& c) { return list_tokens(c); }).at(0).comment, "laptop");
  const Error wrong = read_error([&](db::Connection& c) { return check_token(c, "dapi00"); });
  EXPECT_EQ(wrong.code, Code::unauthenticated);
  close();
  const std::string secret = token.value.substr(4);
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    EXPECT_EQ(read_file(entry.path())->find(secret), std::string::npos) << entry.path();
  }
}

TEST_F(StoreTest, TokenEnds) {
  const NewToken token =
      write([](db::Connection& c) { return create_token(c, "ada", "", int64_t{3600}); });
  const auto check_it = [&](db::Connection& c) { return check_token(c, token.value); };
  read(check_it);
  write([](db::Connection& c) -> Result<int> {
    TRY(c.exec("UPDATE tokens SET expiry_time_ms = 1"));
    return 0;
  });
  EXPECT_EQ(read_error(check_it).code, Code::unauthenticated);
  const auto id = token.info.token_id;
  EXPECT_TRUE(store().write([&](db::Connection& c) { return delete_token(c, id); }).ok());
  EXPECT_EQ(write_error([&](db::Connection& c) { return delete_token(c, id); }).code,
            Code::resource_does_not_exist);
  for (const int64_t lifetime : {int64_t{0}, int64_t{-1}, INT64_MAX}) {
    EXPECT_EQ(
        write_error([&](db::Connection& c) { return create_token(c, "ada", "", lifetime); }).code,
        Code::invalid_parameter_value);
  }
}

}  // namespace
}  // namespace slipway::store
