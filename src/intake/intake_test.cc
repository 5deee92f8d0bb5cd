#include <gtest/gtest.h>

#include "base/file.h"
#include "files/local_store.h"
#include "intake/import.h"
#include "intake/mlflow_database.h"
#include "intake/mlflow_folder.h"
#include "intake/mlflow_revisions.h"

namespace slipway::intake {
namespace {

class IntakeTest : public testing::Test {
 protected:
  std::filesystem::path write(std::string_view name, std::string_view bytes) {
    const auto path = folder.path() / name;
    EXPECT_TRUE(make_folder(path.parent_path()).ok());
    EXPECT_TRUE(write_file(path, bytes).ok());
    return path;
  }
  TemporaryFolder folder = TemporaryFolder::make().value();
};

TEST(RevisionsTest, OldAndNewOnesAreToldApart) {
  const auto first = mlflow_tables("97727af70f4d").value();
  EXPECT_FALSE(first.has_aliases || first.has_datasets || first.has_logged_models);
  const auto middle = mlflow_tables("400f98739977").value();
  EXPECT_TRUE(middle.has_aliases && middle.has_datasets && middle.has_logged_models);
  EXPECT_FALSE(middle.has_input_steps || middle.has_workspaces);
  const auto last = mlflow_tables("dc11669786a5").value();
  EXPECT_TRUE(last.has_workspaces && last.has_webhooks && last.has_input_steps);
  for (const auto* other : {"", "451aebb31d03", "ffffffffffff"}) {
    EXPECT_EQ(mlflow_tables(other).error().code, Code::not_implemented) << other;
  }
}

TEST_F(IntakeTest, OtherDatabasesAndFoldersAreRefused) {
  EXPECT_EQ(open_mlflow_database("sqlite:///nowhere.db").error().code,
            Code::resource_does_not_exist);
  const auto text = write("text.db", "no database at all, but long enough to be looked at");
  EXPECT_FALSE(open_mlflow_database(text.string()).ok());
  {
    auto conn = db::Connection::open(folder.path() / "other.db", db::Access::read_write).value();
    ASSERT_TRUE(conn.exec("CREATE TABLE alembic_version (version_num TEXT)").ok());
    ASSERT_TRUE(conn.exec("INSERT INTO alembic_version VALUES ('0123456789ab')").ok());
  }
  const auto other = open_mlflow_database((folder.path() / "other.db").string());
  EXPECT_EQ(other.error().code, Code::not_implemented);
  EXPECT_NE(other.error().message.find("mlflow db upgrade"), std::string::npos);
  EXPECT_FALSE(open_mlflow_folder(folder.path()).ok());
}

TEST_F(IntakeTest, AddressesOfFiles) {
  EXPECT_EQ(address_from_now_on("mlflow-artifacts:/1/a/artifacts", "x"),
            "mlflow-artifacts:/1/a/artifacts");
  EXPECT_EQ(address_from_now_on("mlflow-artifacts://host:5000/1/a", "x"), "mlflow-artifacts:/1/a");
  EXPECT_EQ(address_from_now_on("/tmp/mlruns/1/a/artifacts", "1/a/artifacts"),
            "mlflow-artifacts:/1/a/artifacts");
  EXPECT_EQ(address_from_now_on("file:///tmp/mlruns/1", "1"), "mlflow-artifacts:/1");
  EXPECT_EQ(address_from_now_on("s3://bucket/1/a", "1/a"), "s3://bucket/1/a");
}

TEST_F(IntakeTest, ArtifactsAreCopiedOnceAndNeverThroughLinks) {
  write("from/a.txt", "one");
  write("from/deep/b.txt", "two");
  write("secret", "secret");
  std::filesystem::create_symlink(folder.path() / "secret", folder.path() / "from/link");
  const auto store = files::LocalStore::open(folder.path() / "store").value();
  for (int i = 0; i < 2; ++i) {
    ArtifactTaker taker(*store, {});
    const auto address = taker.take((folder.path() / "from").string(), "0/r/artifacts");
    ASSERT_TRUE(address.ok()) << address.error().message;
    EXPECT_EQ(*address, "mlflow-artifacts:/0/r/artifacts");
    EXPECT_EQ(taker.counts().n_source_files, 2);
    EXPECT_EQ(taker.counts().n_files, 2);
  }
  const auto path = files::Path::parse("0/r/artifacts/deep/b.txt").value();
  EXPECT_EQ(store->read_whole(path, 100).value(), "two");
  EXPECT_FALSE(store->read(files::Path::parse("0/r/artifacts/link").value()).ok());
}

// A folder as MLflow's FileStore writes it, with a metric in a folder of its own, one logged twice,
// and values that are no numbers.
TEST_F(IntakeTest, AnMlrunsFolderIsImportedOnce) {
  write("mlruns/0/meta.yaml", "artifact_location: " + (folder.path() / "mlruns/0").string() +
                                  "\ncreation_time: 5\nexperiment_id: '0'\nlast_update_time: 6\n"
                                  "lifecycle_stage: active\nname: Renamed\n");
  const std::string run = "mlruns/0/0123456789abcdef0123456789abcdef/";
  write(run + "meta.yaml",
        "artifact_uri: " + (folder.path() / run / "artifacts").string() +
            "\nend_time: null\nexperiment_id: '0'\nlifecycle_stage: deleted\n"
            "run_id: 0123456789abcdef0123456789abcdef\nrun_name: 'null'\nstart_time: 7\n"
            "status: 3\nuser_id: ada\ndeleted_time: 9\n");
  write(run + "metrics/loss", "1 0.5 0\n2 nan 1\n2 nan 1\n3 inf 2\n");
  write(run + "metrics/a/b", "1 1e-3 4\n");
  write(run + "params/empty", "");
  write(run + "tags/note", "two\nlines");
  write(run + "artifacts/model/x.bin", std::string(10, '\0'));
  const auto store = store::Store::open(folder.path() / "data").value();
  const auto artifacts = files::LocalStore::open(folder.path() / "data/artifacts").value();
  for (int64_t i = 0; i < 2; ++i) {
    const auto source = open_mlflow_folder(folder.path() / "mlruns").value();
    const auto report = import_all(*source, *store, *artifacts, {});
    ASSERT_TRUE(report.ok()) << report.error().message;
    EXPECT_EQ(report->n_runs_before, i);
    for (const auto& row : report->rows) EXPECT_EQ(row.n_source, row.n_here) << row.kind;
    EXPECT_EQ(report->rows[3].n_here, 4);
  }
  const auto kept = store
                        ->read([](db::Connection& c) {
                          return store::get_run(c, "0123456789abcdef0123456789abcdef");
                        })
                        .value();
  EXPECT_EQ(kept.info.lifecycle_stage, store::LifecycleStage::deleted);
  EXPECT_EQ(kept.info.artifact_uri,
            "mlflow-artifacts:/0/0123456789abcdef0123456789abcdef/artifacts");
  EXPECT_EQ(kept.info.end_time_ms, std::nullopt);
  EXPECT_EQ(kept.metrics.size(), 2u);
}

}  // namespace
}  // namespace slipway::intake
