#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "files/local_store.h"
#include "files/path.h"

namespace slipway::files {
namespace {

namespace fs = std::filesystem;
using std::string;

string canonical(std::string_view text) {
  const auto path = Path::parse(text);
  return path.ok() ? "[" + path->text() + "]" : "refused";
}

TEST(PathTest, CanonicalForm) {
  EXPECT_EQ(canonical(""), "[]");
  EXPECT_EQ(canonical("a/b.txt"), "[a/b.txt]");
  EXPECT_EQ(canonical("a//b/./c/"), "[a/b/c]");
  EXPECT_EQ(canonical("100%.txt"), "[100%.txt]");
  EXPECT_EQ(canonical("a b/é:#?;x=1"), "[a b/é:#?;x=1]");
}

TEST(PathTest, ManyDotsAreAPlainName) {
  EXPECT_EQ(canonical("..../"), "[....]");
  EXPECT_EQ(canonical(".../...//"), "[.../...]");
  EXPECT_EQ(canonical("..a/b..c"), "[..a/b..c]");
}

// The shapes of published holes in servers of this kind.
TEST(PathTest, HostileShapesAreRefused) {
  const string nul("etc/passwd\0.jpg", 15);
  for (const string& text : {string("/path"),
                             string("/etc/passwd"),
                             nul,
                             string("etc/passwd%00.jpg"),
                             string("/file://etc/passwd"),
                             string("file://etc/passwd"),
                             string("file:etc"),
                             string("file://C:path"),
                             string("path/../to/file"),
                             string(".."),
                             string("../x"),
                             string("a/.."),
                             string("%2E%2E/x"),
                             string("%2e%2e%2fx"),
                             string("%2E%2E%2F%2E%2E%2Fx"),
                             string("%252E%252E%252Fx"),
                             string("%25252e%25252e%25252fx"),
                             string("..%2f..%2fx"),
                             string("..%5c..%5cx"),
                             string("%2%0952e%2e/x"),
                             string("%%32e%%32e/x"),
                             string("a\nb"),
                             string("a%0ab"),
                             string("..\\..\\path"),
                             string("C:\\path"),
                             string("C:path"),
                             string("c:/path"),
                             string("\\\\server\\share"),
                             string("\\\\?\\UNC\\x"),
                             string("http://host/x"),
                             string("s3://bucket/x"),
                             string("%2fetc/passwd"),
                             string("a\x80z"),
                             string("a\x7f")}) {
    EXPECT_EQ(canonical(text), "refused") << text;
  }
}

TEST(PathTest, LimitsAndMessage) {
  EXPECT_EQ(canonical(string(255, 'x')), "[" + string(255, 'x') + "]");
  EXPECT_EQ(canonical(string(256, 'x')), "refused");
  string deep;
  for (int i = 0; i < 65; ++i) deep += "d/";
  EXPECT_EQ(canonical(deep), "refused");
  const auto error = Path::parse("a/../b").error();
  EXPECT_EQ(error.code, Code::invalid_parameter_value);
  EXPECT_EQ(error.message, "Invalid path 'a/../b': '..' is not allowed");
}

TEST(PathTest, Parts) {
  const auto path = *Path::parse("a/b/c");
  EXPECT_EQ(path.name(), "c");
  EXPECT_EQ(path.parent().text(), "a/b");
  EXPECT_EQ(path.parent().parent().parent().text(), "");
  EXPECT_EQ(path.below("d/e")->text(), "a/b/c/d/e");
  EXPECT_FALSE(path.below("../x").ok());
  EXPECT_TRUE(path.is_within(*Path::parse("a/b")));
  EXPECT_FALSE(path.is_within(*Path::parse("a/bb")));
  EXPECT_FALSE(Path::parse("a/bb")->is_within(*Path::parse("a/b")));
}

class ArtifactStoreTest : public testing::Test {
 protected:
  fs::path root() const { return folder_.path() / "artifacts"; }
  Path at(std::string_view text) const { return *Path::parse(text); }
  string content(std::string_view path) const {
    const auto bytes = store_->read_whole(at(path), 1 << 20);
    return bytes.ok() ? *bytes : string(code_name(bytes.error().code));
  }
  string listing(std::string_view path) const {
    string out;
    const auto entries = store_->list(at(path));
    for (const auto& entry : *entries) {
      out += fmt::format("{}{}:{} ", entry.name, entry.is_dir ? "/" : "", entry.size_bytes);
    }
    return out;
  }
  size_t n_spooled() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(store_->spool_folder()), fs::directory_iterator()));
  }

  TemporaryFolder folder_ = TemporaryFolder::make().value();
  std::unique_ptr<LocalStore> store_ = LocalStore::open(root()).value();
};

TEST_F(ArtifactStoreTest, PutReadListRemove) {
  ASSERT_TRUE(store_->put(at("0/run/artifacts/model/MLmodel"), "flavors: {}").ok());
  ASSERT_TRUE(store_->put(at("0/run/artifacts/plot.svg"), "<svg/>").ok());
  EXPECT_EQ(content("0/run/artifacts/plot.svg"), "<svg/>");
  EXPECT_EQ(listing("0/run/artifacts"), "model/:0 plot.svg:6 ");
  EXPECT_EQ(listing(""), "0/:0 ");
  EXPECT_EQ(listing("0/run/artifacts/plot.svg"), "");
  EXPECT_EQ(listing("nowhere"), "");
  ASSERT_TRUE(store_->remove(at("0/run/artifacts/model")).ok());
  ASSERT_TRUE(store_->remove(at("0/run/artifacts/model")).ok());
  EXPECT_EQ(listing("0/run/artifacts"), "plot.svg:6 ");
  EXPECT_EQ(n_spooled(), 0u);
  EXPECT_FALSE(store_->remove(Path()).ok());
}

TEST_F(ArtifactStoreTest, ManyGoAtOnce) {
  std::vector<Path> gone;
  for (int i = 0; i < 50; ++i) {
    const auto run = fmt::format("{}/run{}", i % 3, i);
    ASSERT_TRUE(store_->put(at(run + "/artifacts/model/MLmodel"), "x").ok());
    ASSERT_TRUE(store_->put(at(run + "/artifacts/plot.svg"), "x").ok());
    gone.push_back(at(run));
  }
  ASSERT_TRUE(store_->put(at("0/kept/artifacts/f"), "kept").ok());
  gone.push_back(at("0/run0"));  // twice
  gone.push_back(at("0/nothing"));
  gone.push_back(at("7/nowhere/at/all"));
  ASSERT_TRUE(store_->remove_all(gone).ok());
  EXPECT_EQ(listing("0"), "kept/:0 ");
  EXPECT_EQ(listing("1"), "");
  EXPECT_EQ(content("0/kept/artifacts/f"), "kept");
  EXPECT_EQ(n_spooled(), 0u);
  ASSERT_TRUE(store_->remove_all({}).ok());
  // what cannot go is said, the others are gone with all their files
  const std::vector<Path> some{at("0/kept"), Path()};
  EXPECT_EQ(store_->remove_all(some).error().code, Code::invalid_parameter_value);
  EXPECT_EQ(listing("0"), "");
  EXPECT_EQ(n_spooled(), 0u);
}

TEST_F(ArtifactStoreTest, ReplacingKeepsTheOpenFile) {
  ASSERT_TRUE(store_->put(at("f"), "old").ok());
  const auto open = store_->read(at("f")).value();
  ASSERT_TRUE(store_->put(at("f"), "newer").ok());
  char buffer[8] = {};
  EXPECT_EQ(pread(open.descriptor.get(), buffer, sizeof buffer, 0), 3);
  EXPECT_STREQ(buffer, "old");
  EXPECT_EQ(content("f"), "newer");
  EXPECT_NE(store_->read(at("f"))->etag, open.etag);
}

TEST_F(ArtifactStoreTest, PutOfASpooledFile) {
  const auto spooled = store_->spool_folder() / "body";
  std::ofstream(spooled) << "12345";
  ASSERT_TRUE(store_->put_file(at("a/b"), spooled).ok());
  EXPECT_EQ(content("a/b"), "12345");
  EXPECT_FALSE(fs::exists(spooled));
  EXPECT_FALSE(store_->put_file(at("a/c"), "/etc/passwd").ok());
  EXPECT_EQ(listing("a"), "b:5 ");
}

TEST_F(ArtifactStoreTest, FileAndFolderCannotShareAName) {
  ASSERT_TRUE(store_->put(at("a/b"), "x").ok());
  EXPECT_EQ(store_->put(at("a"), "x").error().code, Code::invalid_parameter_value);
  EXPECT_EQ(store_->put(at("a/b/c"), "x").error().code, Code::invalid_parameter_value);
  EXPECT_EQ(store_->put(Path(), "x").error().code, Code::invalid_parameter_value);
  EXPECT_EQ(content("a"), "RESOURCE_DOES_NOT_EXIST");
  EXPECT_EQ(content("a/b"), "x");
  EXPECT_EQ(n_spooled(), 0u);
}

TEST_F(ArtifactStoreTest, NoLinkLeadsOut) {
  std::ofstream(folder_.path() / "secret") << "secret";
  fs::create_directory(folder_.path() / "outside");
  std::ofstream(folder_.path() / "outside" / "f") << "f";
  fs::create_symlink("../secret", root() / "file_link");
  fs::create_symlink("../outside", root() / "folder_link");
  fs::create_symlink("/etc", root() / "absolute_link");
  EXPECT_EQ(content("file_link"), "PERMISSION_DENIED");
  EXPECT_EQ(content("folder_link/f"), "PERMISSION_DENIED");
  EXPECT_EQ(content("absolute_link/passwd"), "PERMISSION_DENIED");
  EXPECT_FALSE(store_->put(at("folder_link/g"), "g").ok());
  EXPECT_FALSE(fs::exists(folder_.path() / "outside" / "g"));
  EXPECT_FALSE(store_->remove(at("folder_link/f")).ok());
  ASSERT_TRUE(store_->remove(at("folder_link")).ok());  // the link goes, what it names stays
  EXPECT_TRUE(fs::exists(folder_.path() / "outside" / "f"));
  EXPECT_EQ(listing(""), "");
  EXPECT_FALSE(store_->local_folder(at("absolute_link")).ok());
}

TEST_F(ArtifactStoreTest, DevicesAndPipesAreNotRead) {
  ASSERT_EQ(mkfifo((root() / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(content("pipe"), "PERMISSION_DENIED");
  EXPECT_EQ(listing(""), "");
}

TEST_F(ArtifactStoreTest, TheSpoolIsNotAnArtifact) {
  std::ofstream(store_->spool_folder() / "body") << "other's upload";
  EXPECT_EQ(content(".spool/body"), "RESOURCE_DOES_NOT_EXIST");
  EXPECT_EQ(listing(".spool"), "");
  EXPECT_FALSE(store_->put(at(".spool/x"), "x").ok());
  EXPECT_TRUE(store_->remove(at(".spool/body")).ok());
  EXPECT_TRUE(store_->remove(at(".spool")).ok());
  EXPECT_EQ(n_spooled(), 1u);
  ASSERT_TRUE(LocalStore::open(root()).ok());  // another server, while this one is at work
  EXPECT_EQ(n_spooled(), 1u);
  store_.reset();
  store_ = LocalStore::open(root()).value();  // what a crash left goes at the next start
  EXPECT_EQ(n_spooled(), 0u);
}

TEST_F(ArtifactStoreTest, WritersAndARemoverAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 40; ++i) {
        EXPECT_TRUE(store_->put(at(fmt::format("d/{}/f{}", t, i)), "x").ok());
        if (t == 0) {
          EXPECT_TRUE(store_->remove(at("d")).ok());
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(n_spooled(), 0u);
}

TEST_F(ArtifactStoreTest, AFullDiskLeavesNothingHalfWritten) {
  const auto small = folder_.path() / "small";
  fs::create_directory(small);
  if (mount("tmpfs", small.c_str(), "tmpfs", 0, "size=256k") != 0) {
    GTEST_SKIP() << "needs the right to mount a small disk";
  }
  {
    auto store = LocalStore::open(small).value();
    ASSERT_TRUE(store->put(at("kept"), "kept").ok());
    const auto put = store->put(at("kept"), string(1 << 20, 'x'));
    EXPECT_EQ(put.error().code, Code::temporarily_unavailable);
    EXPECT_NE(put.error().message.find("'kept'"), string::npos);
    EXPECT_EQ(*store->read_whole(at("kept"), 100), "kept");
    EXPECT_TRUE(store->put(at("other"), string(100'000, 'x')).ok());
  }
  umount2(small.c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace slipway::files
