#include "serve/payload_files.h"

#include <algorithm>
#include <system_error>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "data/parquet.h"

namespace slipway::serve {
namespace {

namespace fs = std::filesystem;

// The number in "part-000012.parquet" or "day-000012.parquet"; 0 where it is no such name.
int64_t number_in(const std::string& name, std::string_view kind) {
  constexpr std::string_view kEnding = ".parquet";
  if (!name.starts_with(kind) || !name.ends_with(kEnding)) return 0;
  const auto digits =
      std::string_view(name).substr(kind.size(), name.size() - kind.size() - kEnding.size());
  return to_integer(digits).value_or(0);
}

struct DayFiles {
  std::vector<std::pair<int64_t, fs::path>> parts;  // in order
  int64_t n_joined = 0;                             // the last part that a day's file has in it
};

DayFiles files_of(const fs::path& day) {
  DayFiles files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(day, ignored)) {
    const auto name = entry.path().filename().string();
    const auto number = number_in(name, "part-");
    if (number > 0) files.parts.emplace_back(number, entry.path());
    files.n_joined = std::max(files.n_joined, number_in(name, "day-"));
  }
  std::ranges::sort(files.parts);
  return files;
}

data::Batch batch_of(const std::vector<Payload>& payloads) {
  data::Column time{"time", data::Type::timestamp, std::vector<int64_t>(), {}};
  std::vector<int64_t> statuses;
  std::vector<double> seconds;
  data::Column texts[] = {
      data::string_column("model", {}),   data::string_column("version", {}),
      data::string_column("user", {}),    data::string_column("content_type", {}),
      data::string_column("request", {}), data::string_column("response", {})};
  texts[4].type = data::Type::binary;
  texts[5].type = data::Type::binary;
  for (const auto& payload : payloads) {
    std::get<std::vector<int64_t>>(time.values).push_back(payload.time_ms * 1000);
    statuses.push_back(payload.status);
    seconds.push_back(payload.seconds);
    const std::string_view row[] = {payload.model,        payload.version, payload.user,
                                    payload.content_type, payload.request, payload.response};
    for (size_t i = 0; i < std::size(row); ++i) {
      std::get<data::Strings>(texts[i].values).push_back(row[i]);
    }
  }
  data::Batch batch;
  batch.n_rows = payloads.size();
  batch.columns = {std::move(time), data::int64_column("status", std::move(statuses)),
                   data::float64_column("seconds", std::move(seconds))};
  for (auto& column : texts) batch.columns.push_back(std::move(column));
  return batch;
}

Result<void> copy_rows(const fs::path& part, data::ParquetWriter& writer) {
  constexpr size_t kRows = 1024;  // of up to 2 MB each
  auto reader = TRY(data::ParquetReader::open(part));
  while (true) {
    const auto rows = TRY(reader.next(kRows));
    if (!rows) return {};
    TRY(writer.append(*rows));
  }
}

}  // namespace

Result<void> write_part(const fs::path& day, const std::vector<Payload>& payloads) {
  TRY(make_folder(day));
  const auto files = files_of(day);
  const int64_t last = files.parts.empty() ? 0 : files.parts.back().first;
  const auto name = fmt::format("part-{:06}.parquet", std::max(last, files.n_joined) + 1);
  const auto table = TRY(data::Table::from_batch(batch_of(payloads)));
  return data::write_parquet(table, day / name);
}

Result<void> join_parts(const fs::path& day) {
  auto files = files_of(day);
  std::error_code ignored;
  std::erase_if(files.parts, [&](const auto& part) {
    const bool joined = part.first <= files.n_joined;
    if (joined) fs::remove(part.second, ignored);
    return joined;
  });
  if (files.parts.empty()) return {};
  const auto path = day / fmt::format("day-{:06}.parquet", files.parts.back().first);
  auto writer = TRY(data::ParquetWriter::open(path));
  for (const auto& [number, part] : files.parts) TRY(copy_rows(part, writer));
  TRY(writer.commit());
  for (const auto& [number, part] : files.parts) fs::remove(part, ignored);
  return {};
}

void join_days_before(const fs::path& folder, std::string_view today) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with("date=") || name.substr(5) >= today) continue;
    if (const auto joined = join_parts(entry.path()); !joined.ok()) {
      log_line(Level::warning, "payload log: parts of a day stay apart",
               {{"day", name}, {"why", joined.error().message}});
    }
  }
}

}  // namespace slipway::serve
