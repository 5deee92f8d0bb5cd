#include "backup/backup.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "store/experiments.h"
#include "store/store.h"

namespace slipway::backup {
namespace {

namespace fs = std::filesystem;

class BackupTest : public testing::Test {
 protected:
  BackupTest() : store(store::Store::open(data).value()) { write("0/r/a.txt", "one"); }

  void write(const std::string& below, std::string_view bytes) {
    const auto path = data / "artifacts" / below;
    ASSERT_TRUE(make_folder(path.parent_path()).ok());
    ASSERT_TRUE(write_file(path, bytes).ok());
  }
  void make_experiment(const std::string& name) {
    const auto made =
        store->write([&](db::Connection& c) { return store::create_experiment(c, name, "", {}); });
    ASSERT_TRUE(made.ok());
  }
  Result<BackupReport> backup(int64_t n_kept = 0) {
    return make_backup({data, {}, Database::included, n_kept}, to);
  }

  TemporaryFolder folder = TemporaryFolder::make().value();
  fs::path data = folder.path() / "data";
  fs::path to = folder.path() / "backups";
  fs::path again = folder.path() / "again";
  std::unique_ptr<store::Store> store;
};

TEST_F(BackupTest, ARunningStoreComesBack) {
  make_experiment("before");
  write(".spool/half", "half");
  const auto made = backup();
  ASSERT_TRUE(made.ok()) << made.error().message;
  make_experiment("after");
  EXPECT_EQ(made->manifest.tables.at("experiments"), 2);
  EXPECT_EQ(made->n_copied, 1);
  const auto restored = restore_backup(to, again);
  ASSERT_TRUE(restored.ok()) << restored.error().message;
  EXPECT_EQ(read_file(again / "artifacts/0/r/a.txt").value(), "one");
  EXPECT_FALSE(fs::exists(again / "artifacts/.spool"));
  const auto opened = store::Store::open(again).value();
  const auto has = [&](const std::string& name) {
    return opened->read([&](db::Connection& c) { return store::get_experiment_by_name(c, name); })
        .ok();
  };
  EXPECT_TRUE(has("before"));
  EXPECT_FALSE(has("after"));
}

TEST_F(BackupTest, UnchangedFilesAreLinkedAndChangedOnesAreNot) {
  write("0/r/b.txt", "two");
  ASSERT_TRUE(backup().ok());
  write("0/r/b.txt", "TWO");
  const auto second = backup().value();
  EXPECT_EQ(second.n_linked, 1);
  EXPECT_EQ(second.n_copied, 1);
  ASSERT_TRUE(restore_backup(second.folder, again).ok());
  EXPECT_EQ(read_file(again / "artifacts/0/r/b.txt").value(), "TWO");
  const auto third = backup(2).value();
  EXPECT_EQ(third.n_removed, 1);
  ASSERT_TRUE(restore_backup(second.folder, folder.path() / "of second").ok());
}

TEST_F(BackupTest, WhatIsNotWholeIsRefused) {
  const auto made = backup().value();
  ASSERT_TRUE(make_folder(again / "x").ok());
  EXPECT_EQ(restore_backup(to, again).error().code, Code::resource_already_exists);
  fs::remove_all(again);
  const auto name = made.folder.string();
  fs::copy(made.folder, name + ".partial", fs::copy_options::recursive);
  EXPECT_EQ(restore_backup(name + ".partial", again).error().code, Code::resource_does_not_exist);
  EXPECT_EQ(restore_backup(folder.path() / "none", again).error().code,
            Code::resource_does_not_exist);
  for (const char* file : {"slipway.db", "artifacts/0/r/a.txt", "artifacts.jsonl"}) {
    const auto damaged = folder.path() / "damaged";
    fs::remove_all(damaged);
    fs::copy(made.folder, damaged, fs::copy_options::recursive);
    auto bytes = read_file(damaged / file).value();
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    ASSERT_TRUE(write_file(damaged / file, bytes).ok());
    EXPECT_EQ(restore_backup(damaged, again).error().code, Code::data_loss) << file;
    fs::remove(damaged / file);
    EXPECT_FALSE(restore_backup(damaged, again).ok()) << file;
    EXPECT_FALSE(fs::exists(again)) << file;
  }
}

TEST_F(BackupTest, NoDataFolder) {
  const auto made = make_backup({folder.path() / "none", {}, Database::included, 0}, to);
  EXPECT_EQ(made.error().code, Code::resource_does_not_exist);
  EXPECT_TRUE(fs::is_empty(to));
}

}  // namespace
}  // namespace slipway::backup
