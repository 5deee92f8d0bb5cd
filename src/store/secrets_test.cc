#include "store/secrets.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

namespace slipway::store {
namespace {

const std::string kOneKey(64, 'a');
const std::string kOtherKey(64, 'B');

class SecretsTest : public testing::Test {
 protected:
  std::unique_ptr<Secrets> open(std::string_view given = "") const {
    return std::move(Secrets::open(folder_.path(), given)).value();
  }
  Code code_of(std::string_view given) const {
    const auto opened = Secrets::open(folder_.path(), given);
    EXPECT_FALSE(opened.ok());
    return opened.ok() ? Code::internal_error : opened.error().code;
  }
  std::filesystem::path file() const { return folder_.path() / "secrets.key"; }

  TemporaryFolder folder_ = TemporaryFolder::make().value();
};

TEST_F(SecretsTest, OpensWhatItSealedAndNowhereElse) {
  const auto secrets = open(kOneKey);
  const auto sealed = secrets->seal("a secret", "webhook 1").value();
  EXPECT_EQ(sealed.text.find("secret"), std::string::npos);
  EXPECT_NE(sealed.text, secrets->seal("a secret", "webhook 1")->text) << "a nonce of its own";
  EXPECT_EQ(secrets->unseal(sealed, "webhook 1").value(), "a secret");
  EXPECT_EQ(secrets->unseal(sealed, "webhook 2").error().code, Code::data_loss);
  EXPECT_EQ(open(kOtherKey)->unseal(sealed, "webhook 1").error().code, Code::resource_conflict);
  EXPECT_EQ(secrets->unseal({"", "as it is"}, "webhook 1").value(), "as it is");
  EXPECT_TRUE(secrets->seal("", "webhook 1")->is_plain());
}

TEST_F(SecretsTest, AnyChangeIsNoticed) {
  const auto secrets = open(kOneKey);
  const auto sealed = secrets->seal("a secret", "p").value();
  auto bytes = base64_decode(sealed.text.substr(2)).value();
  ASSERT_EQ(bytes.size(), 12u + 8 + 16);
  for (char& byte : bytes) {
    byte = static_cast<char>(byte ^ 1);
    const Sealed changed{sealed.key_id, "1:" + base64_encode(bytes)};
    EXPECT_EQ(secrets->unseal(changed, "p").error().code, Code::data_loss);
    byte = static_cast<char>(byte ^ 1);
  }
  for (const auto* broken : {"1:", "1:AAAA", "1:no base64!"}) {
    EXPECT_EQ(secrets->unseal({sealed.key_id, broken}, "p").error().code, Code::data_loss);
  }
  const Sealed newer{sealed.key_id, "2:" + base64_encode(bytes)};
  EXPECT_EQ(secrets->unseal(newer, "p").error().code, Code::not_implemented);
}

// Source   AESGCM of Python's cryptography 50.0.2: key 32 times 0xaa, nonce 12 times 0, text
//          "a secret", additional data "webhook 1".
TEST_F(SecretsTest, TheBytesAreThoseOfTheFormat) {
  const Sealed sealed{"b765392410f547db", "1:AAAAAAAAAAAAAAAA0I12Uc/PSlf6ebIDhfzCRNjP0ZhdzYXL"};
  EXPECT_EQ(open(kOneKey)->unseal(sealed, "webhook 1").value(), "a secret");
}

TEST_F(SecretsTest, AKeyFileIsMadeOnceAndForItsOwner) {
  const auto secrets = open();
  EXPECT_FALSE(secrets->has_key());
  EXPECT_EQ(secrets->seal("s", "p").error().code, Code::invalid_state);
  EXPECT_FALSE(std::filesystem::exists(file()));
  ASSERT_TRUE(secrets->make_key().ok());
  struct stat about{};
  ASSERT_EQ(::stat(file().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  const auto bytes = read_file(file()).value();
  EXPECT_EQ(bytes.size(), 65u);
  ASSERT_TRUE(secrets->make_key().ok());
  EXPECT_EQ(read_file(file()).value(), bytes);
  const auto sealed = secrets->seal("s", "p").value();
  EXPECT_EQ(open()->unseal(sealed, "p").value(), "s");
}

TEST_F(SecretsTest, AnotherServersKeyInTheFolderIsTaken) {
  const auto first = open();
  const auto second = open();
  ASSERT_TRUE(first->make_key().ok());
  ASSERT_TRUE(second->make_key().ok());
  EXPECT_EQ(first->key_ids(), second->key_ids());
}

TEST_F(SecretsTest, SeveralKeysOpenAndTheFirstSeals) {
  const auto old_sealed = open(kOtherKey)->seal("s", "p").value();
  const auto both = open(kOneKey + ",\n" + kOtherKey + "\n");
  EXPECT_EQ(both->key_ids().size(), 2u);
  EXPECT_EQ(both->unseal(old_sealed, "p").value(), "s");
  EXPECT_EQ(both->seal("s", "p")->key_id, open(kOneKey)->key_ids().front());
  EXPECT_TRUE(both->has_key(old_sealed.key_id));
}

TEST_F(SecretsTest, WhatIsNoKeyIsRefusedAndNotTold) {
  for (const auto& wrong : {std::string("secret"), std::string(63, 'a'), std::string(64, 'g'),
                            kOneKey + kOneKey, kOneKey + ",x"}) {
    const auto opened = Secrets::open(folder_.path(), wrong);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, Code::invalid_parameter_value);
    EXPECT_EQ(opened.error().message.find(wrong), std::string::npos);
  }
  ASSERT_TRUE(write_file(file(), "\n").ok());
  EXPECT_EQ(code_of(""), Code::invalid_parameter_value);
}

}  // namespace
}  // namespace slipway::store
