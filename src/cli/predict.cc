#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/command_list.h"
#include "cli/progress.h"
#include "cli/worker_flags.h"
#include "client/artifacts.h"
#include "data/parquet.h"
#include "data/read.h"
#include "process/signals.h"
#include "serve/worker_model.h"
#include "train/metrics.h"

namespace slipway::cli {
namespace {

struct PredictFlags {
  std::string model_uri;
  std::string data_file;
  std::string out_file;
  std::string label;
  std::string columns;
  std::string types;
  std::string server_address;
  int64_t batch_rows = 65'536;
  Format format = Format::table;
  WorkerFlags workers;

  void declare(Flags& flags) {
    flags.text(model_uri, "-m,--model", "models:/NAME/STAGE, runs:/RUN_ID/model, or a folder",
               Need::required);
    flags.text(data_file, "--data", "Table to score", Need::required);
    flags.text(out_file, "--out", "Table to write: .parquet, .csv or .arrow", Need::required);
    flags.text(label, "--label", "A 0/1 column to measure the scores against");
    flags.text(columns, "--columns", "Columns to keep beside the scores: A,B,… [all]");
    flags.text(types, "--types", "Types of CSV columns, such as age=float64,id=string");
    flags.integer(batch_rows, "--batch-rows", "Rows scored at a time on each core", 1, 10'000'000);
    workers.declare_for_folder(flags);
    flags.server(server_address);
    flags.format(format);
  }
};

// Rows on their way to the output, with what is measured of them.
struct Scored {
  std::vector<float> labels;
  std::vector<double> scores;
  size_t n_rows = 0;
};

// A model in the hands of this command, and its folder: a worker may be started from it again.
struct Loaded {
  std::optional<client::LocalModel> fetched;
  std::shared_ptr<const models::Model> model;
};

Result<Loaded> load_model(const PredictFlags& options) {
  const auto uri = TRY(client::parse_model_uri(options.model_uri));
  Loaded loaded;
  std::filesystem::path folder = options.model_uri;
  if (uri.kind != client::ModelUri::Kind::folder) {
    auto server = TRY(client::Server::at(options.server_address));
    auto fetched = TRY(client::fetch_model(server, options.model_uri));
    loaded.fetched.emplace(std::move(fetched));
    folder = loaded.fetched->folder;
  }
  auto settings = options.workers.for_folder();
  settings.load.engines = models::LoadOptions::Engines::here;  // a crash ends this command alone
  auto opened = TRY(serve::open_model(folder, "model", settings));
  loaded.model = std::move(opened.model);
  return loaded;
}

// Columns for a table: a tensor a row becomes a column for each of its values, and what has no name
// is called `prediction`.
data::Batch as_columns(data::Batch scores) {
  data::Batch out;
  out.n_rows = scores.n_rows;
  const bool several = scores.columns.size() > 1;
  for (size_t c = 0; c < scores.columns.size(); ++c) {
    auto& column = scores.columns[c];
    auto name = column.name.empty() ? std::string("prediction") : column.name;
    if (column.name.empty() && several) name += fmt::format("_{}", c);
    const size_t width = column.width();
    if (column.shape.empty()) {
      column.name = name;
      out.columns.push_back(std::move(column));
      continue;
    }
    column.shape.clear();
    const data::Batch values{{std::move(column)}, out.n_rows * width};
    for (size_t i = 0; i < width; ++i) {
      std::vector<size_t> places(out.n_rows);
      for (size_t row = 0; row < places.size(); ++row) places[row] = row * width + i;
      auto part = values.take(places).columns[0];
      part.name = fmt::format("{}_{}", name, i);
      out.columns.push_back(std::move(part));
    }
  }
  return out;
}

// Score a table on all cores, a slice at a time each.
Result<data::Batch> score(const models::Model& model, const data::Table& table, size_t slice_rows,
                          size_t n_cores) {
  std::vector<std::string> names;
  for (const auto& spec : model.signature().inputs) {
    if (table.has(spec.name)) names.push_back(spec.name);
  }
  const size_t n_slices = std::max<size_t>(1, (table.n_rows() + slice_rows - 1) / slice_rows);
  std::vector<Result<data::Batch>> outcomes(n_slices, Result<data::Batch>(data::Batch()));
  std::atomic<size_t> next = 0;
  {
    std::vector<std::jthread> threads;
    for (size_t k = 0; k < std::min(n_cores, n_slices); ++k) {
      threads.emplace_back([&] {
        for (size_t i = next++; i < n_slices; i = next++) {
          const auto slice = table.slice(i * slice_rows, slice_rows);
          auto rows = names.empty() ? slice.batch() : slice.batch(names);
          outcomes[i] = rows.ok() ? model.predict(*rows) : Result<data::Batch>(rows.error());
        }
      });
    }
  }
  auto scores = TRY(std::move(outcomes[0]));
  for (size_t i = 1; i < n_slices; ++i) {
    const auto more = TRY(std::move(outcomes[i]));
    scores.append(more);
  }
  return scores;
}

Result<void> measure(const data::Table& table, const data::Batch& scores, const std::string& label,
                     Scored& scored) {
  scored.n_rows += table.n_rows();
  if (label.empty()) return {};
  const auto column = TRY(table.column(label));
  for (size_t row = 0; row < column.size(); ++row) {
    scored.labels.push_back(static_cast<float>(column.number_at(row)));
    scored.scores.push_back(scores.columns[0].number_at(row));
  }
  return {};
}

class Predictor {
 public:
  Predictor(const models::Model& model, const PredictFlags& options)
      : model_(model), options_(options) {}

  Result<Scored> run() {
    if (!options_.data_file.ends_with(".parquet") || !options_.out_file.ends_with(".parquet")) {
      return whole();
    }
    auto reader = TRY(data::ParquetReader::open(options_.data_file));
    auto writer = TRY(data::ParquetWriter::open(options_.out_file));
    Progress progress("rows", reader.n_rows());
    if (reader.n_rows() == 0) {
      const auto scored = TRY(one(reader.empty()));
      TRY(writer.append(scored));
    }
    while (true) {
      const auto table = TRY(reader.next(slice_rows() * n_cores_));
      if (!table) break;
      const auto scored = TRY(one(*table));
      TRY(writer.append(scored));
      progress.show(scored_.n_rows);
      if (process::interrupted()) return fail(Code::cancelled, "interrupted");
    }
    TRY(writer.commit());
    return std::move(scored_);
  }

 private:
  Result<Scored> whole() {
    data::ReadOptions read;
    read.csv.types = TRY(data::parse_types(options_.types));
    const auto table = TRY(data::read_table(options_.data_file, read));
    const auto scored = TRY(one(table));
    if (process::interrupted()) return fail(Code::cancelled, "interrupted");
    TRY(data::write_table(scored, options_.out_file));
    return std::move(scored_);
  }

  Result<data::Table> one(const data::Table& table) {
    // as many slices as cores, or of the size asked for where that gives more
    const size_t share = (table.n_rows() + n_cores_ - 1) / n_cores_;
    const size_t rows = std::clamp<size_t>(share, 1, slice_rows());
    auto scored = TRY(score(model_, table, rows, n_cores_));
    const auto scores = as_columns(std::move(scored));
    TRY(measure(table, scores, options_.label, scored_));
    if (options_.columns.empty()) return table.with_columns(scores);
    const auto kept = TRY(table.select(split(options_.columns, ',')));
    return kept.with_columns(scores);
  }

  size_t slice_rows() const { return static_cast<size_t>(options_.batch_rows); }

  const models::Model& model_;
  const PredictFlags& options_;
  const size_t n_cores_ = std::max(1u, std::thread::hardware_concurrency());
  Scored scored_;
};

}  // namespace

Result<int> predict(Invocation& call) {
  PredictFlags options;
  Flags flags(call);
  options.declare(flags);
  TRY(flags.parse());
  process::install_interrupt();
  const auto loaded = TRY(load_model(options));
  const Stopwatch clock;
  const auto scored = TRY(Predictor(*loaded.model, options).run());
  const double seconds = clock.seconds();
  const double rate = static_cast<double>(scored.n_rows) / seconds;
  JsonObject json;
  json["rows"] = scored.n_rows;
  json["seconds"] = seconds;
  json["rows_per_s"] = rate;
  json["out"] = options.out_file;
  std::string text = fmt::format("{} rows in {:.2f} s ({} rows/s)", grouped(scored.n_rows), seconds,
                                 grouped(static_cast<uint64_t>(rate)));
  if (!options.label.empty()) {
    const double auc = TRY(train::auc(scored.labels, std::span<const double>(scored.scores)));
    json["auc"] = auc;
    text += fmt::format(", AUC {:.4f}", auc);
  }
  if (options.format == Format::json) {
    print(Json(std::move(json)));
  } else {
    print_line(text);
    print_line("written to " + options.out_file);
  }
  return 0;
}

}  // namespace slipway::cli
