#include "base/text.h"
#include "store/password.h"
#include "store/registry.h"
#include "store/roles.h"
#include "store/test_store.h"
#include "store/tokens.h"
#include "store/users.h"

namespace slipway::store {
namespace {

TEST(Rights, FoldGrantsTheDefaultAndDenials) {
  Rights rights(false, Permission::none);
  rights.add(Resource::experiment, "1", Permission::read);
  rights.add(Resource::experiment, "1", Permission::edit);
  rights.add(Resource::experiment, "2", Permission::manage);
  rights.add(Resource::experiment, "2", Permission::deny);
  rights.add(Resource::workspace, "*", Permission::use);
  EXPECT_EQ(rights.on(Resource::experiment, "1"), Permission::edit);
  EXPECT_EQ(rights.on(Resource::experiment, "2"), Permission::none);
  EXPECT_EQ(rights.on(Resource::experiment, "3"), Permission::none);
  EXPECT_EQ(rights.on(Resource::registered_model, "1"), Permission::none);
  EXPECT_EQ(rights.readable(Resource::experiment).listed, std::vector<std::string>{"1"});
  rights.add(Resource::experiment, "*", Permission::read);
  EXPECT_EQ(rights.on(Resource::experiment, "3"), Permission::read);
  EXPECT_EQ(rights.on(Resource::experiment, "1"), Permission::edit);
  const auto most = rights.readable(Resource::experiment);
  EXPECT_TRUE(most.all);
  EXPECT_EQ(most.listed, std::vector<std::string>{"2"});
  rights.add(Resource::experiment, "*", Permission::deny);
  EXPECT_EQ(rights.on(Resource::experiment, "1"), Permission::none);
  EXPECT_FALSE(rights.readable(Resource::experiment).all);
  EXPECT_TRUE(rights.readable(Resource::experiment).listed.empty());
}

TEST(Rights, ADefaultIsTheLeastButNoDenialsCure) {
  Rights rights(false, Permission::edit);
  rights.add(Resource::registered_model, "m", Permission::read);
  rights.add(Resource::registered_model, "n", Permission::deny);
  EXPECT_EQ(rights.on(Resource::registered_model, "m"), Permission::edit);
  EXPECT_EQ(rights.on(Resource::registered_model, "n"), Permission::none);
  EXPECT_EQ(Rights(true, Permission::none).on(Resource::job, "x"), Permission::manage);
  Rights of_workspace(false, Permission::none);
  of_workspace.add(Resource::workspace, "*", Permission::manage);
  EXPECT_EQ(of_workspace.on(Resource::cluster, "x"), Permission::manage);
  EXPECT_TRUE(of_workspace.readable(Resource::experiment).all);
}

TEST(Password, IsKnownAgainAndOnlyItsHashIsKept) {
  const auto hash = hash_password("a long password").value();
  EXPECT_TRUE(hash.starts_with("scrypt$32768$8$1$"));
  EXPECT_EQ(hash.find("long"), hash.npos);
  EXPECT_NE(hash, hash_password("a long password").value());
  EXPECT_TRUE(is_password("a long password", hash));
  EXPECT_FALSE(is_password("a long passwort", hash));
  EXPECT_FALSE(is_password("", hash));
}

TEST(Password, AWrongOneOrADamagedHashIsAsMuchWork) {
  const auto work_of = [](auto&& act) {
    const auto before = password_work();
    act();
    return password_work() - before;
  };
  std::string hash;
  const auto of_new = work_of([&] { hash = hash_password("a long password").value(); });
  EXPECT_EQ(of_new, 32768u * 8);
  for (const auto* tried : {"a long password", "a wrong password", ""}) {
    EXPECT_EQ(work_of([&] { (void)is_password(tried, hash); }), of_new) << tried;
  }
  for (const auto* damaged :
       {"", "scrypt", "scrypt$1$8$1$00$", "scrypt$99999999999$8$1$00$00", "scrypt$3$8$1$00$00"}) {
    for (const auto* tried : {"", "a long password"}) {
      const auto work = work_of([&] { EXPECT_FALSE(is_password(tried, damaged)) << damaged; });
      EXPECT_EQ(work, of_new) << damaged;
    }
  }
}

TEST(Password, MustBeLongAndNotTheName) {
  for (const auto* weak : {"", "password", "elevenchars", "aaaaaaaaaaaaaaaa", "Ada-Lovelace-1815",
                           "\xff\xfe pass word"}) {
    EXPECT_EQ(check_new_password("ada-lovelace-1815", weak).error().code,
              Code::invalid_parameter_value)
        << weak;
  }
  EXPECT_FALSE(check_new_password("ada", std::string(2000, 'a') + "b").ok());
  EXPECT_TRUE(check_new_password("ada", "twelve chars").ok());
}

class AccessTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    add("root", Admin::yes);
    add("ada", Admin::no);
  }
  void add(std::string_view name, Admin admin) {
    write([&](db::Connection& c) { return create_user(c, name, "no hash", admin); });
  }
  Error failure(std::function<Result<void>(db::Connection&)> change) {
    return write_error([&](db::Connection& c) { return change(c); });
  }
  void run(std::function<Result<void>(db::Connection&)> change) {
    const auto outcome = store().write([&](db::Connection& c) { return change(c); });
    EXPECT_TRUE(outcome.ok()) << outcome.error().message;
  }
  Permission of_ada(std::string_view experiment_id) {
    return read([](db::Connection& c) { return load_rights(c, "ada", Permission::none); })
        ->on(Resource::experiment, experiment_id);
  }
  int64_t generation() {
    return read([](db::Connection& c) { return access_state(c); }).generation;
  }
};

TEST_F(AccessTest, OneAdminIsAlwaysLeft) {
  EXPECT_EQ(failure([](auto& c) { return delete_user(c, "root"); }).code, Code::bad_request);
  EXPECT_EQ(failure([](auto& c) { return set_admin(c, "root", Admin::no); }).code,
            Code::bad_request);
  run([](auto& c) { return set_admin(c, "ada", Admin::yes); });
  run([](auto& c) { return delete_user(c, "root"); });
  EXPECT_EQ(read([](db::Connection& c) { return list_users(c); }).size(), 1u);
}

TEST_F(AccessTest, NamesAreChecked) {
  for (const auto* name : {"", "a:b", "a\nb", " a", "token", "ada"}) {
    EXPECT_NE(write_error([&](db::Connection& c) {
                return create_user(c, name, "h", Admin::no);
              }).message,
              "")
        << name;
  }
}

TEST_F(AccessTest, AUserGoesWithAllThatWasTheirs) {
  write([](db::Connection& c) { return create_token(c, "ada", "", std::nullopt); });
  run([](auto& c) { return grant_to_user(c, "ada", Resource::experiment, "1", Permission::edit); });
  EXPECT_EQ(of_ada("1"), Permission::edit);
  run([](auto& c) { return delete_user(c, "ada"); });
  add("ada", Admin::no);
  EXPECT_EQ(of_ada("1"), Permission::none);
  EXPECT_TRUE(read([](db::Connection& c) { return list_tokens(c); }).empty());
}

TEST_F(AccessTest, RolesGiveWhatTheyHoldInTheDefaultWorkspaceOnly) {
  for (const auto* workspace : {"default", "elsewhere"}) {
    const Role role =
        write([&](db::Connection& c) { return create_role(c, workspace, "team", std::nullopt); });
    const auto id = workspace == kDefaultWorkspace ? "1" : "2";
    write([&](db::Connection& c) {
      return add_grant(c, role.role_key, Resource::experiment, id, Permission::read);
    });
    write([&](db::Connection& c) { return assign_role(c, "ada", role.role_key); });
  }
  EXPECT_EQ(of_ada("1"), Permission::read);
  EXPECT_EQ(of_ada("2"), Permission::none);
  run([](auto& c) { return delete_role(c, 1); });
  EXPECT_EQ(of_ada("1"), Permission::none);
}

TEST_F(AccessTest, WhatIsGrantedToOneUserIsNoOthers) {
  run([](auto& c) { return grant_to_user(c, "ada", Resource::experiment, "1", Permission::edit); });
  const auto role = read([](db::Connection& c) { return roles_of_user(c, "ada"); }).at(0).role_key;
  EXPECT_EQ(write_error([&](db::Connection& c) { return assign_role(c, "root", role); }).code,
            Code::invalid_parameter_value);
  EXPECT_EQ(write_error([&](db::Connection& c) {
              return update_role(c, role, std::string("mine"), std::nullopt);
            }).code,
            Code::invalid_parameter_value);
}

TEST_F(AccessTest, ANewThingOfAnOldNameInheritsNothing) {
  const auto of_model = [&](std::string_view name) {
    return read([](db::Connection& c) { return load_rights(c, "ada", Permission::none); })
        ->on(Resource::registered_model, name);
  };
  const auto create = [&](std::string_view name) {
    write([&](db::Connection& c) { return create_registered_model(c, name, {}, std::nullopt); });
  };
  create("m");
  run([](auto& c) { return grant_to_creator(c, "ada", Resource::registered_model, "m"); });
  EXPECT_EQ(of_model("m"), Permission::manage);
  write([](db::Connection& c) { return rename_registered_model(c, "m", "n"); });
  EXPECT_EQ(of_model("m"), Permission::none);
  EXPECT_EQ(of_model("n"), Permission::manage);
  run([](auto& c) { return delete_registered_model(c, "n"); });
  EXPECT_EQ(of_model("n"), Permission::none);
  run([](auto& c) {
    return grant_to_user(c, "ada", Resource::registered_model, "o", Permission::edit);
  });
  run([](auto& c) { return grant_to_creator(c, "root", Resource::registered_model, "o"); });
  EXPECT_EQ(of_model("o"), Permission::none);
}

TEST_F(AccessTest, EachChangeIsCounted) {
  auto last = generation();
  const auto grows = [&] {
    const auto before = std::exchange(last, generation());
    return last > before;
  };
  const auto token =
      write([](db::Connection& c) { return create_token(c, "ada", "", std::nullopt); });
  EXPECT_TRUE(grows());
  run([&](auto& c) { return delete_token(c, token.info.token_id); });
  EXPECT_TRUE(grows());
  run([](auto& c) { return set_password(c, "ada", "other"); });
  EXPECT_TRUE(grows());
  run([](auto& c) { return grant_to_user(c, "ada", Resource::job, "*", Permission::use); });
  EXPECT_TRUE(grows());
  run([](auto& c) { return revoke_from_user(c, "ada", Resource::job, "*"); });
  EXPECT_TRUE(grows());
  EXPECT_FALSE(grows());
}

}  // namespace
}  // namespace slipway::store
