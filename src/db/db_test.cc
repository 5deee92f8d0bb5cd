#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <thread>

#include "base/file.h"
#include "db/connection.h"
#include "db/migrations.h"
#include "db/writer.h"

namespace slipway::db {
namespace {

class DatabaseTest : public testing::Test {
 protected:
  std::filesystem::path file() const { return folder_.path() / "test.db"; }
  Connection open() { return std::move(Connection::open(file(), Access::read_write)).value(); }
  int64_t count(Connection& connection, const std::string& table) {
    return connection.integer("SELECT count(*) FROM " + table).value().value();
  }

 private:
  TemporaryFolder folder_ = std::move(TemporaryFolder::make()).value();
};

TEST_F(DatabaseTest, BindsAndReadsEveryKindOfValue) {
  Connection connection = open();
  ASSERT_TRUE(connection.script("CREATE TABLE t (a, b, c, d, e)").ok());
  const std::string blob("\0\1\2", 3);
  ASSERT_TRUE(connection
                  .exec("INSERT INTO t VALUES (?, ?, ?, ?, ?)", int64_t{1} << 60, 0.1, "text",
                        Blob{blob}, std::optional<std::string>())
                  .ok());
  Cursor cursor = connection.query("SELECT * FROM t").value();
  ASSERT_TRUE(cursor.next().value());
  EXPECT_EQ(cursor.row().integer(0), int64_t{1} << 60);
  EXPECT_EQ(cursor.row().real(1), 0.1);
  EXPECT_EQ(cursor.row().text(2), "text");
  EXPECT_EQ(cursor.row().text(3), blob);
  EXPECT_FALSE(cursor.row().optional_text(4).has_value());
  EXPECT_FALSE(cursor.next().value());
}

TEST_F(DatabaseTest, NestedCursorsOfOneTextAreIndependent) {
  Connection connection = open();
  ASSERT_TRUE(connection.script("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)").ok());
  int n_pairs = 0;
  const auto walk = connection.for_each("SELECT a FROM t", [&](const Row&) {
    return connection.for_each("SELECT a FROM t", [&](const Row&) { n_pairs += 1; });
  });
  ASSERT_TRUE(walk.ok());
  EXPECT_EQ(n_pairs, 9);
}

TEST_F(DatabaseTest, MoreTextsThanTheCacheHoldsStillWork) {
  Connection connection = open();
  for (int64_t i = 0; i < 1000; ++i) {
    const auto value = connection.integer("SELECT " + std::to_string(i));
    ASSERT_EQ(value.value(), i);
  }
}

TEST_F(DatabaseTest, LikeDistinguishesCases) {
  Connection connection = open();
  EXPECT_EQ(connection.integer("SELECT 'Abc' LIKE 'a%'").value(), 0);
}

TEST_F(DatabaseTest, ErrorsCarryTheirCodes) {
  Connection connection = open();
  ASSERT_TRUE(connection
                  .script("CREATE TABLE t (a INTEGER PRIMARY KEY);"
                          "CREATE TABLE u (a INTEGER REFERENCES t (a)); INSERT INTO t VALUES (1)")
                  .ok());
  EXPECT_EQ(connection.exec("INSERT INTO t VALUES (1)").error().code,
            Code::resource_already_exists);
  EXPECT_EQ(connection.exec("INSERT INTO u VALUES (7)").error().code, Code::bad_request);
  EXPECT_EQ(connection.exec("SELECT nonsense").error().code, Code::internal_error);
}

TEST_F(DatabaseTest, FullDiskIsTemporarilyUnavailable) {
  Connection connection = open();
  ASSERT_TRUE(connection.script("CREATE TABLE t (a); PRAGMA max_page_count = 20").ok());
  const auto full = connection.exec("INSERT INTO t VALUES (zeroblob(1000000))");
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, Code::temporarily_unavailable);
  EXPECT_NE(full.error().message.find("the disk is full"), std::string::npos);
}

TEST_F(DatabaseTest, DamagedFileIsDataLoss) {
  ASSERT_TRUE(write_file(file(), std::string(8192, 'x')).ok());
  const auto opened = Connection::open(file(), Access::read_write);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::data_loss);
}

TEST_F(DatabaseTest, MigrationsRunOnceAndRefuseANewerDatabase) {
  Connection connection = open();
  const Migration first{1, "CREATE TABLE a (x)"};
  const Migration both[] = {first, {2, "CREATE TABLE b (x); INSERT INTO b VALUES (1)"}};
  ASSERT_TRUE(migrate(connection, {&first, 1}).ok());
  ASSERT_TRUE(migrate(connection, both).ok());
  ASSERT_TRUE(migrate(connection, both).ok());
  EXPECT_EQ(count(connection, "b"), 1);
  const auto refused = migrate(connection, {&first, 1});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::invalid_state);
  const std::vector<std::string> parts = {"version 2", "up to 1", file().string(), "newer Slipway"};
  for (const std::string& part : parts) {
    EXPECT_NE(refused.error().message.find(part), std::string::npos) << part;
  }
}

TEST_F(DatabaseTest, FailedMigrationChangesNothing) {
  Connection connection = open();
  const Migration broken[] = {{1, "CREATE TABLE a (x)"}, {2, "CREATE TABLE nonsense"}};
  EXPECT_FALSE(migrate(connection, broken).ok());
  EXPECT_FALSE(connection.exec("SELECT * FROM a").ok());
  EXPECT_FALSE(connection.in_transaction());
}

TEST_F(DatabaseTest, EightThreadsShareTheWriter) {
  ASSERT_TRUE(open().script("CREATE TABLE t (a INTEGER PRIMARY KEY)").ok());
  Writer writer(open());
  std::vector<std::thread> threads;
  std::atomic<int> n_failed = 0;
  for (int64_t thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int64_t i = 0; i < 50; ++i) {
        const int64_t key = thread * 50 + i;
        const auto given = writer.submit([&](Connection& c) -> Result<int64_t> {
          return c.insert("INSERT INTO t VALUES (?) RETURNING a", key);
        });
        if (!given.ok() || *given != key) n_failed += 1;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(n_failed, 0);
  Connection reader = open();
  EXPECT_EQ(count(reader, "t"), 400);
}

/// Submits `closures` while the writer is held up, so that they fall into one group.
std::vector<Result<void>> submit_as_group(
    Writer& writer, const std::vector<std::function<Result<void>(Connection&)>>& closures) {
  std::promise<void> release;
  std::atomic<bool> held = false;
  std::thread holder([&] {
    (void)writer.submit([&](Connection&) -> Result<void> {
      held = true;
      release.get_future().wait();
      return {};
    });
  });
  while (!held) std::this_thread::yield();
  std::vector<Result<void>> outcomes(closures.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < closures.size(); ++i) {
    threads.emplace_back([&, i] { outcomes[i] = writer.submit(closures[i]); });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  release.set_value();
  holder.join();
  for (auto& thread : threads) thread.join();
  return outcomes;
}

TEST_F(DatabaseTest, TheLogStaysShortThoughSomebodyAlwaysReads) {
  Connection connection = open();
  ASSERT_TRUE(connection.script("CREATE TABLE t (a); INSERT INTO t VALUES (0)").ok());
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      Connection reader = std::move(Connection::open(file(), Access::read_only)).value();
      while (!done) {
        const auto read = reader.for_each("SELECT a FROM t WHERE a = 0", [](const Row&) {
          std::this_thread::sleep_for(std::chrono::milliseconds(3));
        });
        EXPECT_TRUE(read.ok());
      }
    });
  }
  const std::string blob(1 << 20, 'x');
  uint64_t most_bytes = 0;
  for (int64_t i = 1; i <= 120; ++i) {  // of one place, so that the database stays small
    ASSERT_TRUE(connection.exec("DELETE FROM t WHERE a <> 0").ok());
    ASSERT_TRUE(connection.exec("INSERT INTO t VALUES (?)", Blob{blob}).ok());
    most_bytes =
        std::max<uint64_t>(most_bytes, std::filesystem::file_size(file().string() + "-wal"));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_LE(most_bytes, uint64_t{48} << 20);
}

TEST_F(DatabaseTest, FailingClosureIsUndoneAlone) {
  ASSERT_TRUE(open().script("CREATE TABLE t (a INTEGER PRIMARY KEY)").ok());
  Writer writer(open());
  auto good = [](int64_t key) {
    return [key](Connection& c) { return c.exec("INSERT INTO t VALUES (?)", key); };
  };
  auto bad = [](Connection& c) -> Result<void> {
    TRY(c.exec("INSERT INTO t VALUES (100)"));
    return fail(Code::invalid_parameter_value, "no");
  };
  auto throwing = [](Connection& c) -> Result<void> {
    TRY(c.exec("INSERT INTO t VALUES (101)"));
    throw std::bad_alloc();
  };
  const auto outcomes = submit_as_group(writer, {good(1), bad, good(2), throwing, good(3)});
  EXPECT_TRUE(outcomes[0].ok() && outcomes[2].ok() && outcomes[4].ok());
  EXPECT_EQ(outcomes[1].error().message, "no");
  EXPECT_EQ(outcomes[3].error().code, Code::internal_error);
  Connection reader = open();
  EXPECT_EQ(count(reader, "t"), 3);
}

TEST_F(DatabaseTest, WriterForgetsWhatItUndid) {
  ASSERT_TRUE(open().script("CREATE TABLE t (a INTEGER PRIMARY KEY)").ok());
  Writer writer(open());
  const auto failing = writer.submit([](Connection& c) -> Result<void> {
    c.remember(7, "seven");
    return fail(Code::invalid_parameter_value, "no");
  });
  EXPECT_FALSE(failing.ok());
  const auto known = writer.submit(
      [](Connection& c) -> Result<bool> { return c.remembered("seven").has_value(); });
  EXPECT_FALSE(*known);
}

TEST_F(DatabaseTest, FailedCommitFailsItsGroupAndTheWriterGoesOn) {
  ASSERT_TRUE(open()
                  .script("CREATE TABLE t (a INTEGER PRIMARY KEY);"
                          "CREATE TABLE u (a REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED)")
                  .ok());
  Writer writer(open());
  auto good = [](Connection& c) { return c.exec("INSERT INTO t VALUES (1)"); };
  auto poison = [](Connection& c) { return c.exec("INSERT INTO u VALUES (99)"); };
  const auto outcomes = submit_as_group(writer, {good, poison});
  EXPECT_FALSE(outcomes[0].ok());
  EXPECT_FALSE(outcomes[1].ok());
  Connection reader = open();
  EXPECT_EQ(count(reader, "t"), 0);
  EXPECT_TRUE(writer.submit(good).ok());
  EXPECT_EQ(count(reader, "t"), 1);
}

TEST_F(DatabaseTest, FullDiskInAGroupFailsItAndTheWriterGoesOn) {
  Connection setup = open();
  ASSERT_TRUE(setup.script("CREATE TABLE t (a)").ok());
  Connection limited = open();
  ASSERT_TRUE(limited.script("PRAGMA max_page_count = 30").ok());
  Writer writer(std::move(limited));
  auto small = [](Connection& c) { return c.exec("INSERT INTO t VALUES (1)"); };
  auto huge = [](Connection& c) { return c.exec("INSERT INTO t VALUES (zeroblob(1000000))"); };
  const auto outcomes = submit_as_group(writer, {huge});
  EXPECT_EQ(outcomes[0].error().code, Code::temporarily_unavailable);
  EXPECT_TRUE(writer.submit(small).ok());
  EXPECT_EQ(count(setup, "t"), 1);
}

}  // namespace
}  // namespace slipway::db
