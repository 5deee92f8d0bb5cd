#include <cmath>
#include <limits>

#include "base/json.h"
#include "base/text.h"
#include "store/logged_models.h"
#include "store/test_store.h"

namespace slipway::store {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string tag_of(const store::Run& run, const std::string& key) {
  for (const Tag& tag : run.tags) {
    if (tag.key == key) return tag.value;
  }
  return "(none)";
}

class RunTest : public StoreTest {
 protected:
  std::string id_ = new_run();

  Error batch_error(const std::vector<Metric>& metrics, const std::vector<Param>& params,
                    const std::vector<Tag>& tags) {
    return write_error([&](db::Connection& c) { return log_batch(c, id_, metrics, params, tags); });
  }
  double latest(const std::string& key) {
    const auto found = run(id_);
    for (const Metric& metric : found.metrics) {
      if (metric.key == key) return metric.value;
    }
    ADD_FAILURE() << "no metric " << key;
    return 0;
  }
  std::vector<MetricPoint> history(const std::string& key) { return history_of(id_, key); }
};

TEST_F(RunTest, NewRunIsRunningUnderAnInventedName) {
  const auto found = run(id_);
  EXPECT_EQ(found.info.run_id.size(), 32u);
  EXPECT_EQ(found.info.status, RunStatus::running);
  EXPECT_EQ(found.info.artifact_uri, "mlflow-artifacts:/0/" + id_ + "/artifacts");
  EXPECT_EQ(split(found.info.run_name, '-').size(), 3u);
  EXPECT_EQ(tag_of(found, "mlflow.runName"), found.info.run_name);
}

TEST_F(RunTest, NameAndItsTagStayEqual) {
  NewRun request;
  request.experiment_id = "0";
  request.run_name = "a";
  request.tags = {{"mlflow.runName", "b"}};
  EXPECT_EQ(write_error([&](db::Connection& c) { return create_run(c, request); }).code,
            Code::invalid_parameter_value);
  RunUpdate update;
  update.run_name = "renamed";
  update.status = RunStatus::finished;
  update.end_time_ms = 5;
  const RunInfo info = write([&](db::Connection& c) { return update_run(c, id_, update); });
  EXPECT_EQ(info.run_name, "renamed");
  EXPECT_EQ(info.status, RunStatus::finished);
  EXPECT_EQ(info.end_time_ms, 5);
  EXPECT_EQ(tag_of(run(id_), "mlflow.runName"), "renamed");
  log(id_, {}, {}, {{"mlflow.runName", "by tag"}});
  EXPECT_EQ(run(id_).info.run_name, "by tag");
}

TEST_F(RunTest, LatestMetricIsTheGreatestByStepTimeAndValue) {
  log(id_, {point("loss", 0.5, 20, 2)});
  log(id_, {point("loss", 0.7, 30, 1)});
  EXPECT_EQ(latest("loss"), 0.5);
  log(id_, {point("loss", 0.9, 20, 2), point("loss", 0.8, 20, 2)});
  EXPECT_EQ(latest("loss"), 0.9);
  log(id_, {point("loss", 0.1, 21, 2)});
  EXPECT_EQ(latest("loss"), 0.1);
  log(id_, {point("negative", 1, 0, -5), point("negative", 2, 0, -6)});
  EXPECT_EQ(latest("negative"), 1);
}

TEST_F(RunTest, NanComparesAsZeroAndInfinityIsClamped) {
  log(id_, {point("up", 3.0), point("down", -1.0)});
  log(id_, {point("up", kNan), point("down", kNan)});
  EXPECT_EQ(latest("up"), 3.0);
  EXPECT_TRUE(std::isnan(latest("down")));
  log(id_, {point("big", kInfinity), point("small", -kInfinity)});
  EXPECT_EQ(latest("big"), std::numeric_limits<double>::max());
  EXPECT_EQ(latest("small"), -std::numeric_limits<double>::max());
  ASSERT_EQ(history("up").size(), 2u);
  EXPECT_TRUE(std::isnan(history("up")[0].value));
}

TEST_F(RunTest, HistoryIsASetInOrderOfTimeStepAndValue) {
  log(id_, {point("a", 1, 5, 1), point("b", 9, 5, 1), point("a", 0, 5, 1)});
  log(id_, {point("a", 1, 5, 1), point("a", 7, 3, 9), point("a", 2, 5, -1)});
  std::vector<double> values;
  for (const MetricPoint& found : history("a")) values.push_back(found.value);
  EXPECT_EQ(values, (std::vector<double>{7, 2, 0, 1}));
  EXPECT_TRUE(history("unknown").empty());
}

TEST_F(RunTest, ParamsAreInsertOnly) {
  log(id_, {}, {{"p", "1"}, {"empty", ""}});
  log(id_, {}, {{"p", "1"}});
  const Error one = write_error([&](db::Connection& c) { return log_param(c, id_, {"p", "2"}); });
  EXPECT_EQ(one.code, Code::invalid_parameter_value);
  EXPECT_EQ(one.message,
            "Changing param values is not allowed. Param with key='p' was already logged with "
            "value='1' for run ID='" +
                id_ + "'. Attempted logging new value '2'.");
  const Error batch = batch_error({}, {{"new", "x"}, {"p", "2"}}, {});
  EXPECT_EQ(batch.message,
            "Changing param values is not allowed. Params were already logged='[{'key': 'p', "
            "'old_value': '1', 'new_value': '2'}]' for run ID='" +
                id_ + "'.");
  EXPECT_NE(batch_error({}, {{"d", "1"}, {"d", "1"}}, {})
                .message.find("Duplicate parameter keys have been submitted: ['d']"),
            std::string::npos);
}

TEST_F(RunTest, BatchIsStoredWholeOrNotAtAll) {
  log(id_, {}, {{"p", "1"}});
  batch_error({point("m", 1)}, {{"new", "x"}, {"p", "2"}}, {{"t", "v"}});
  batch_error({point("m", 1), point("bad$name", 1)}, {{"new", "x"}}, {});
  const auto found = run(id_);
  EXPECT_EQ(found.params.size(), 1u);
  EXPECT_TRUE(found.metrics.empty());
  EXPECT_EQ(tag_of(found, "t"), "(none)");
  EXPECT_TRUE(history("m").empty());
}

TEST_F(RunTest, BatchLimitsAndNamesAreKept) {
  const std::vector<Param> many(101, Param{"p", "v"});
  EXPECT_EQ(batch_error({}, many, {}).message,
            "A batch logging request can contain at most 100 params. Got 101 params. Please split "
            "up params across multiple requests and try again.");
  EXPECT_EQ(batch_error({point("a$b", 1)}, {}, {}).message,
            "Invalid value \"a$b\" for parameter 'metrics[0].name' supplied: Names may only "
            "contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), "
            "colon(:) and slashes (/).");
  EXPECT_NE(batch_error({point("a//b", 1)}, {}, {}).message.find("would resolve to 'a/b'"),
            std::string::npos);
  for (const std::string name : {"..", "../a", "/a", ".", "a/",
                                 "a\xE2\x86\x92"
                                 "b",
                                 "a\n"}) {
    EXPECT_EQ(batch_error({point(name, 1)}, {}, {}).code, Code::invalid_parameter_value) << name;
  }
  EXPECT_EQ(batch_error({point(std::string(251, 'k'), 1)}, {}, {}).message,
            "'Metric name' exceeds the maximum length of 250 characters");
  EXPECT_EQ(batch_error({point("m", 1, -1)}, {}, {}).code, Code::invalid_parameter_value);
  log(id_, {point("caf\xC3\xA9/x.y-z: 1", 1)}, {{"long", std::string(6001, 'v')}},
      {{"long", std::string(8001, 'v')}});
  EXPECT_EQ(run(id_).params.at(0).value.size(), 6000u);
  EXPECT_EQ(tag_of(run(id_), "long").size(), 8000u);
}

TEST_F(RunTest, TagsAreReplacedAndDeleted) {
  log(id_, {}, {}, {{"t", "1"}, {"t", "2"}});
  EXPECT_EQ(tag_of(run(id_), "t"), "2");
  EXPECT_TRUE(store().write([&](db::Connection& c) { return delete_run_tag(c, id_, "t"); }).ok());
  const Error gone = write_error([&](db::Connection& c) { return delete_run_tag(c, id_, "t"); });
  EXPECT_EQ(gone.code, Code::resource_does_not_exist);
}

TEST_F(RunTest, DeletedRunCanBeReadButNotWritten) {
  auto remove = [&](db::Connection& c) { return delete_run(c, id_); };
  EXPECT_TRUE(store().write(remove).ok() && store().write(remove).ok());
  EXPECT_EQ(run(id_).info.lifecycle_stage, LifecycleStage::deleted);
  EXPECT_EQ(batch_error({}, {{"p", "1"}}, {}).message,
            "The run " + id_ + " must be in the 'active' state. Current state is deleted.");
  auto restore = [&](db::Connection& c) { return restore_run(c, id_); };
  EXPECT_TRUE(store().write(restore).ok() && store().write(restore).ok());
  log(id_, {}, {{"p", "1"}});
}

TEST_F(RunTest, UnknownRunAndBadIdHaveTheirErrors) {
  const std::string unknown(32, '0');
  EXPECT_EQ(read_error([&](db::Connection& c) { return get_run(c, unknown); }).message,
            "Run with id=" + unknown + " not found");
  EXPECT_EQ(read_error([&](db::Connection& c) { return get_run(c, "a/b"); }).message,
            "Run with id=a/b not found");
  EXPECT_EQ(write_error([&](db::Connection& c) { return log_batch(c, "a/b", {}, {}, {}); }).message,
            "Invalid value \"a/b\" for parameter 'run_id' supplied.");
}

TEST_F(RunTest, InputsAndOutputsAreKept) {
  NewLoggedModel request;
  request.experiment_id = "0";
  const LoggedModel model =
      write([&](db::Connection& c) { return create_logged_model(c, request); });
  const DatasetInput input{{"flights", "d1", "local", "s", "{}", ""},
                           {{"mlflow.data.context", "training"}}};
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(
        store()
            .write([&](db::Connection& c) { return log_inputs(c, id_, {input}, {model.model_id}); })
            .ok());
  }
  ASSERT_TRUE(
      store()
          .write([&](db::Connection& c) { return log_outputs(c, id_, {{model.model_id, 3}}); })
          .ok());
  const auto found = run(id_);
  ASSERT_EQ(found.dataset_inputs.size(), 1u);
  EXPECT_EQ(found.dataset_inputs[0].dataset.name, "flights");
  EXPECT_EQ(found.dataset_inputs[0].tags.at(0).value, "training");
  EXPECT_EQ(found.model_inputs, std::vector<std::string>{model.model_id});
  EXPECT_EQ(found.model_outputs.at(0).step, 3);
  const auto datasets = read([](db::Connection& c) { return search_datasets(c, {"0"}); });
  ASSERT_EQ(datasets.size(), 1u);
  EXPECT_EQ(datasets[0].context, "training");
  DatasetInput long_digest = input;
  long_digest.dataset.digest = std::string(37, 'd');
  EXPECT_EQ(
      write_error([&](db::Connection& c) { return log_inputs(c, id_, {long_digest}, {}); }).message,
      "'digest' exceeds the maximum length of 36 characters");
}

TEST_F(RunTest, LegacyModelsAreAppendedToTheirTag) {
  const std::string json = R"({"artifact_path": "m", "flavors": {}, "run_id": "r",)"
                           R"( "utc_time_created": "t"})";
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(
        store().write([&](db::Connection& c) { return log_legacy_model(c, id_, json); }).ok());
  }
  const auto models = parse_json(tag_of(run(id_), "mlflow.log-model.history"));
  EXPECT_EQ(models->as_array().size(), 2u);
  EXPECT_EQ(write_error([&](db::Connection& c) { return log_legacy_model(c, id_, "{}"); }).code,
            Code::invalid_parameter_value);
}

}  // namespace
}  // namespace slipway::store
