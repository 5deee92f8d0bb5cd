#include "api/batch.h"

#include <simdjson.h>

#include "api/values.h"

namespace slipway::api {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kKeptBytes = 1u << 20;  // a thread keeps its parser's memory up to this body

// Each reader says whether the value was plain; what it had read before is then of no use.
bool read(ondemand::value value, std::string& out) {
  std::string_view text;
  if (value.get_string().get(text)) return false;
  out = text;
  return true;
}

bool read(ondemand::value value, int64_t& out) { return !value.get_int64().get(out); }
bool read(ondemand::value value, double& out) { return !value.get_double().get(out); }

template <typename Pair>
bool read(ondemand::object object, Pair& out) {
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key) || field.value().get(value)) return false;
    if (key == "key" && !read(value, out.key)) return false;
    if (key == "value" && !read(value, out.value)) return false;
  }
  return !out.key.empty();
}

bool read(ondemand::object object, store::Metric& out) {
  bool has_value = false;
  bool has_timestamp = false;
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key) || field.value().get(value)) return false;
    bool plain = true;
    if (key == "key") {
      plain = read(value, out.key);
    } else if (key == "value") {
      plain = has_value = read(value, out.value);
    } else if (key == "timestamp") {
      plain = has_timestamp = read(value, out.timestamp_ms);
    } else if (key == "step") {
      plain = read(value, out.step);
    } else if (key == "model_id") {
      plain = read(value, out.model_id);
    } else if (key == "dataset_name") {
      plain = read(value, out.dataset_name);
    } else if (key == "dataset_digest") {
      plain = read(value, out.dataset_digest);
    }
    if (!plain) return false;
  }
  return has_value && has_timestamp && !out.key.empty();
}

template <typename Item>
bool read(ondemand::value value, std::vector<Item>& out) {
  ondemand::array list;
  if (value.get_array().get(list)) return false;
  for (auto element : list) {
    ondemand::object object;
    if (element.get_object().get(object)) return false;
    if (!read(object, out.emplace_back())) return false;
  }
  return true;
}

bool read(ondemand::document& document, Batch& out) {
  ondemand::object object;
  if (document.get_object().get(object)) return false;
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key) || field.value().get(value)) return false;
    bool plain = true;
    if (key == "run_id") {
      plain = read(value, out.run_id);
    } else if (key == "metrics") {
      plain = out.metrics.empty() && read(value, out.metrics);
    } else if (key == "params") {
      plain = out.params.empty() && read(value, out.params);
    } else if (key == "tags") {
      plain = out.tags.empty() && read(value, out.tags);
    }
    if (!plain) return false;
  }
  const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  return !out.run_id.empty() && at_end;
}

}  // namespace

std::optional<Batch> read_plain_batch(std::string& body) {
  // the parser may read past the end, so the room must be there
  if (body.capacity() < body.size() + simdjson::SIMDJSON_PADDING) {
    body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  }
  thread_local ondemand::parser parser;
  ondemand::document document;
  if (parser.iterate(body.data(), body.size(), body.capacity()).get(document)) return std::nullopt;
  Batch batch;
  const bool plain = read(document, batch);
  if (parser.capacity() > kKeptBytes) parser = ondemand::parser();
  if (!plain) return std::nullopt;
  return batch;
}

Result<store::Metric> read_metric(const Fields& fields) {
  store::Metric metric;
  metric.key = TRY(fields.text("key"));
  metric.value = TRY(fields.number("value"));
  metric.timestamp_ms = TRY(fields.integer("timestamp"));
  metric.step = TRY(fields.integer_or("step", 0));
  metric.model_id = TRY(fields.text_or("model_id", ""));
  metric.dataset_name = TRY(fields.text_or("dataset_name", ""));
  metric.dataset_digest = TRY(fields.text_or("dataset_digest", ""));
  return metric;
}

namespace {

Result<Batch> read_batch(Call& call) {
  if (auto plain = read_plain_batch(call.request().body)) return *std::move(plain);
  const auto fields = TRY(call.fields());
  Batch batch;
  batch.run_id = TRY(fields.text("run_id"));
  const auto metrics = TRY(fields.items("metrics"));
  for (const auto& item : metrics) {
    auto metric = TRY(read_metric(item));
    batch.metrics.push_back(std::move(metric));
  }
  batch.params = TRY(read_params(fields));
  batch.tags = TRY(read_tags(fields));
  return batch;
}

}  // namespace

Result<const Batch*> batch_of(Call& call) {
  if (!call.batch_) {
    auto batch = TRY(read_batch(call));
    call.batch_ = std::make_shared<const Batch>(std::move(batch));
  }
  return call.batch_.get();
}

}  // namespace slipway::api
