// Times one tree model in this process: ours, and XGBoost or LightGBM by their C functions.
//
//   trees_speed xgboost|lightgbm MODEL ROWS N_FEATURES LIBRARY
//   trees_speed catboost MODEL ROWS N_FEATURES   ours alone: its wheel has no C functions; the
//                                                first 1,000 rows' values go to MODEL.scores
//
// ROWS is float64, row after row. Prints JSON: for each way and number of rows the nanoseconds of
// processor time of a call, the median of many; the seconds to load; and whether both gave the same
// bits. One thread.
#include <dlfcn.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/file.h"
#include "models/catboost_model.h"
#include "models/lightgbm_model.h"
#include "models/xgboost_model.h"

namespace {

using namespace slipway;

constexpr size_t kCounts[] = {1, 100, 100'000};

double now_ns() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// Nanoseconds of a call of `predict(first row)`: the median over passes, each over other rows.
template <typename Predict>
double median_ns(size_t n_rows, size_t n_all, const Predict& predict) {
  const double first = now_ns();
  predict(0);
  const double once = std::max(now_ns() - first, 1.0);
  const auto fit = static_cast<size_t>(std::clamp(1e8 / once, 1.0, 1000.0));
  const size_t n_starts = std::min(n_all / n_rows, fit);
  std::vector<double> passes;
  const double begin = now_ns();
  while (passes.size() < 5 || (now_ns() - begin < 1e9 && passes.size() < 1001)) {
    const double start = now_ns();
    for (size_t i = 0; i < n_starts; ++i) predict(i * n_rows);
    passes.push_back((now_ns() - start) / static_cast<double>(n_starts));
  }
  std::ranges::nth_element(passes, passes.begin() + static_cast<ptrdiff_t>(passes.size() / 2));
  return passes[passes.size() / 2];
}

template <typename Function>
Function find(void* library, const char* name) {
  void* found = dlsym(library, name);
  check(found != nullptr, "the library has the function");
  Function out;
  std::memcpy(&out, &found, sizeof(out));
  return out;
}

struct Input {
  std::string model;
  std::string model_path;
  std::vector<double> rows;
  size_t n_features;
  size_t n_rows() const { return rows.size() / n_features; }
};

void print_times(const char* way, const Input& input, const auto& predict) {
  std::printf("\"%s\": {", way);
  for (const size_t n : kCounts) {
    if (n > input.n_rows()) continue;
    const double ns = median_ns(n, input.n_rows(), [&](size_t first) { predict(first, n); });
    std::printf("%s\"%zu\": %.1f", n == kCounts[0] ? "" : ", ", n, ns);
  }
  std::printf("}, ");
}

template <typename Model>
Model load(const Input& input) {
  const double start = now_ns();
  auto model = Model::parse(input.model);
  check(model.ok(), "the model can be read");
  std::printf("\"load_s\": %.4f, \"trees\": %zu, \"nodes\": %zu, ", (now_ns() - start) / 1e9,
              model->n_trees(), model->n_nodes());
  return std::move(model).value();
}

void time_xgboost(const Input& input, void* library) {
  const auto model = load<models::XgboostModel>(input);
  const std::vector<float> rows(input.rows.begin(), input.rows.end());
  const size_t width = input.n_features;
  print_times("slipway", input, [&](size_t first, size_t n) {
    const auto scores = model.predict({rows.data() + first * width, n, width});
    check(scores.ok(), "rows fit");
  });
  using Handle = void*;
  const auto create = find<int (*)(const Handle*, uint64_t, Handle*)>(library, "XGBoosterCreate");
  const auto read =
      find<int (*)(Handle, const void*, uint64_t)>(library, "XGBoosterLoadModelFromBuffer");
  const auto set = find<int (*)(Handle, const char*, const char*)>(library, "XGBoosterSetParam");
  const auto score = find<int (*)(Handle, const char*, const char*, Handle, const uint64_t**,
                                  uint64_t*, const float**)>(library, "XGBoosterPredictFromDense");
  Handle booster = nullptr;
  check(create(nullptr, 0, &booster) == 0, "a booster");
  const double start = now_ns();
  check(read(booster, input.model.data(), input.model.size()) == 0, "XGBoost reads it");
  std::printf("\"peer_load_s\": %.4f, ", (now_ns() - start) / 1e9);
  set(booster, "nthread", "1");
  const char* config =
      "{\"type\": 0, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": 0, "
      "\"strict_shape\": false, \"missing\": NaN, \"cache_id\": 0}";
  const float* result = nullptr;
  uint64_t size = 0;
  const auto predict = [&](size_t first, size_t n) {
    char array[200];
    std::snprintf(array, sizeof array,
                  "{\"data\": [%zu, true], \"shape\": [%zu, %zu], \"typestr\": \"<f4\", "
                  "\"version\": 3}",
                  reinterpret_cast<size_t>(rows.data() + first * width), n, width);
    const uint64_t* shape = nullptr;
    uint64_t n_dimensions = 0;
    check(score(booster, array, config, nullptr, &shape, &n_dimensions, &result) == 0, "scores");
    size = n;
    for (uint64_t i = 1; i < n_dimensions; ++i) size *= shape[i];
  };
  print_times("library", input, predict);
  predict(0, std::min<size_t>(input.n_rows(), 1000));
  const auto ours = model.predict({rows.data(), std::min<size_t>(input.n_rows(), 1000), width});
  const bool same = ours->size() == size && std::memcmp(ours->data(), result, size * 4) == 0;
  std::printf("\"same\": %s", same ? "true" : "false");
}

void time_catboost(const Input& input) {
  const double start = now_ns();
  const auto model = models::CatboostModel::parse(input.model);
  check(model.ok() && model->n_columns() == input.n_features, "the model can be read");
  std::printf("\"load_s\": %.4f, \"trees\": %zu, ", (now_ns() - start) / 1e9, model->n_trees());
  const std::vector<float> rows(input.rows.begin(), input.rows.end());
  const size_t width = input.n_features;
  print_times("slipway", input,
              [&](size_t first, size_t n) { (void)model->predict(&rows[first * width], n); });
  const auto scores = model->predict(rows.data(), std::min<size_t>(input.n_rows(), 1000));
  std::FILE* file = std::fopen((input.model_path + ".scores").c_str(), "wb");
  check(file != nullptr, "the scores can be written");
  std::fwrite(scores.data(), sizeof(double), scores.size(), file);
  std::fclose(file);
  std::printf("\"outputs\": %zu", model->n_outputs());
}

void time_lightgbm(const Input& input, void* library) {
  const auto model = load<models::LightgbmModel>(input);
  const auto& rows = input.rows;
  const size_t width = input.n_features;
  print_times("slipway", input, [&](size_t first, size_t n) {
    const auto scores = model.predict({rows.data() + first * width, n, width});
    check(scores.ok(), "rows fit");
  });
  using Handle = void*;
  const auto read =
      find<int (*)(const char*, int*, Handle*)>(library, "LGBM_BoosterLoadModelFromString");
  const auto prepare = find<int (*)(Handle, int, int, int, int, int32_t, const char*, Handle*)>(
      library, "LGBM_BoosterPredictForMatSingleRowFastInit");
  const auto fast = find<int (*)(Handle, const void*, int64_t*, double*)>(
      library, "LGBM_BoosterPredictForMatSingleRowFast");
  const auto score =
      find<int (*)(Handle, const void*, int, int32_t, int32_t, int, int, int, int, const char*,
                   int64_t*, double*)>(library, "LGBM_BoosterPredictForMat");
  Handle booster = nullptr;
  Handle single = nullptr;
  int n_iterations = 0;
  const double start = now_ns();
  check(read(input.model.c_str(), &n_iterations, &booster) == 0, "LightGBM reads it");
  std::printf("\"peer_load_s\": %.4f, ", (now_ns() - start) / 1e9);
  constexpr int kFloat64 = 1;
  const char* options = "num_threads=1 verbosity=-1";
  check(prepare(booster, 0, 0, 0, kFloat64, static_cast<int32_t>(width), options, &single) == 0,
        "the fast form");
  std::vector<double> result(input.n_rows() * model.n_outputs());
  int64_t size = 0;
  const auto predict = [&](size_t first, size_t n) {
    const double* from = rows.data() + first * width;
    const int failed =
        n == 1 ? fast(single, from, &size, result.data())
               : score(booster, from, kFloat64, static_cast<int32_t>(n),
                       static_cast<int32_t>(width), 1, 0, 0, 0, options, &size, result.data());
    check(failed == 0, "scores");
  };
  print_times("library", input, predict);
  const size_t n = std::min<size_t>(input.n_rows(), 1000);
  predict(0, n);
  const auto ours = model.predict({rows.data(), n, width});
  const bool same = std::memcmp(ours->data(), result.data(), ours->size() * 8) == 0;
  std::printf("\"same\": %s", same ? "true" : "false");
}

}  // namespace

int main(int n_arguments, char** arguments) {
  const std::string kind = n_arguments > 1 ? arguments[1] : "";
  check(n_arguments == (kind == "catboost" ? 5 : 6),
        "trees_speed xgboost|lightgbm|catboost MODEL ROWS N_FEATURES [LIBRARY]");
  auto model = read_file(arguments[2], size_t{1} << 31);
  const auto raw = read_file(arguments[3], size_t{1} << 31);
  check(model.ok() && raw.ok(), "model and rows are there");
  Input input{std::move(*model), arguments[2], std::vector<double>(raw->size() / 8),
              std::stoul(arguments[4])};
  std::memcpy(input.rows.data(), raw->data(), input.rows.size() * 8);
  if (kind == "catboost") {
    std::printf("{");
    time_catboost(input);
    std::printf("}\n");
    return 0;
  }
  void* library = dlopen(arguments[5], RTLD_NOW);
  check(library != nullptr, "the library can be opened");
  std::printf("{");
  kind == "xgboost" ? time_xgboost(input, library) : time_lightgbm(input, library);
  std::printf("}\n");
  return 0;
}
