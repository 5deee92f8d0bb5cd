#include <unistd.h>

#include "api/exposition.h"
#include "api/monitor.h"
#include "api/routes.h"
#include "api/scoring_metrics.h"
#include "base/file.h"
#include "base/text.h"
#include "serve/endpoints.h"
#include "store/run_index.h"

namespace slipway::api {
namespace {

void put_requests(Exposition& out, const Monitor& monitor) {
  const auto routes = monitor.traffic.counts();
  out.family("slipway_http_requests_total", "counter", "Requests answered, by route and status.");
  for (const auto& route : routes) {
    for (const auto& [status, n] : route.by_status) {
      const auto text = status == 0 ? "other" : std::to_string(status);
      out.sample({{"method", route.method}, {"route", route.path}, {"status", text}},
                 static_cast<double>(n));
    }
  }
  out.family("slipway_http_request_duration_seconds", "histogram",
             "Time in the handler, by route; reading the body and sending the answer come on top.");
  for (const auto& route : routes) {
    out.histogram({{"method", route.method}, {"route", route.path}}, route.seconds);
  }
}

void put_server(Exposition& out, const Monitor& monitor) {
  const int n_connections =
      monitor.n_connections.with([](const auto& count) { return count ? count() : 0; });
  out.family("slipway_http_connections", "gauge", "Connections open now.");
  out.sample(n_connections);
  out.family("slipway_http_requests_in_progress", "gauge", "Requests inside their handlers now.");
  out.sample(static_cast<double>(monitor.n_answering.load()));
  out.family("slipway_draining", "gauge", "1 once the server was asked to stop.");
  out.sample(monitor.draining ? 1 : 0);
  out.family("slipway_build_info", "gauge", "Always 1; its label tells the version.");
  out.sample({{"version", monitor.version}}, 1);
}

void put_search(Exposition& out, const Workspace& workspace) {
  const auto use = workspace.store.run_index().use();
  out.family("slipway_run_index_bytes", "gauge", "Memory of the columns that searches use.");
  out.sample(static_cast<double>(use.size_bytes));
  out.family("slipway_run_index_runs", "gauge", "Runs that have columns in memory.");
  out.sample(static_cast<double>(use.n_runs));
  out.family("slipway_run_index_columns", "gauge", "Columns in memory, of all experiments.");
  out.sample(static_cast<double>(use.n_columns));
  out.family("slipway_run_texts_bytes", "gauge", "Memory of runs kept as JSON for searches.");
  out.sample(static_cast<double>(workspace.run_texts->size_bytes()));
}

void put_store(Exposition& out, store::Store& store) {
  const auto& writer = store.writer_counts();
  out.family("slipway_store_writes_waiting", "gauge", "Writes queued or being committed.");
  out.sample(static_cast<double>(writer.n_waiting.load()));
  out.family("slipway_store_group_size", "histogram", "Writes that were committed together.");
  out.histogram({}, writer.group_size.counts());
  out.family("slipway_store_commit_duration_seconds", "histogram",
             "Time to run and commit a group of writes.");
  out.histogram({}, writer.commit_seconds.counts());
  out.family("slipway_store_failed_groups_total", "counter",
             "Groups of writes that could not be committed.");
  out.sample(static_cast<double>(writer.n_failed_groups.load()));
  out.family("slipway_store_readers", "gauge", "Read transactions open now.");
  out.sample(static_cast<double>(store.n_readers()));
  out.family("slipway_store_size_bytes", "gauge", "Bytes of the database on disk.");
  out.sample(static_cast<double>(store.size_bytes()));
}

// Field `number` (from 1, as proc(5) counts) of /proc/self/stat; what is in brackets may hold
// blanks.
double stat_field(std::string_view stat, size_t number) {
  const auto fields = split(trim(stat.substr(stat.rfind(')') + 1)), ' ');
  return number - 3 < fields.size() ? to_number(fields[number - 3]).value_or(0) : 0;
}

double boot_time_s() {
  const auto stat = read_file("/proc/stat");
  if (!stat.ok()) return 0;
  const auto at = stat->find("\nbtime ");
  if (at == stat->npos) return 0;
  const auto end = stat->find('\n', at + 1);
  return to_number(stat->substr(at + 7, end - at - 7)).value_or(0);
}

// The names are those that every Prometheus client library gives.
void put_process(Exposition& out) {
  const auto stat = read_file("/proc/self/stat");
  if (!stat.ok()) return;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  out.family("process_cpu_seconds_total", "counter", "Processor time spent.");
  out.sample((stat_field(*stat, 14) + stat_field(*stat, 15)) / ticks);
  out.family("process_resident_memory_bytes", "gauge", "Memory in use.");
  out.sample(stat_field(*stat, 24) * page);
  out.family("process_virtual_memory_bytes", "gauge", "Address space in use.");
  out.sample(stat_field(*stat, 23));
  out.family("process_threads", "gauge", "Threads.");
  out.sample(stat_field(*stat, 20));
  out.family("process_start_time_seconds", "gauge", "When the process began, since 1970 UTC.");
  out.sample(boot_time_s() + stat_field(*stat, 22) / ticks);
}

Result<http::Response> metrics(Call&, Workspace& workspace) {
  Exposition out;
  put_requests(out, *workspace.monitor);
  put_server(out, *workspace.monitor);
  put_store(out, workspace.store);
  put_search(out, workspace);
  put_scoring(out, *workspace.endpoints.snapshot());
  put_split_scoring(out, *workspace.endpoints.splits().snapshot(), "");
  put_process(out);
  return http::respond(200, out.take(), Exposition::kContentType);
}

constexpr Route kRoutes[] = {
    {"GET", "/metrics", metrics, Needs::known_user},
};
static_assert(all_guarded(kRoutes));

}  // namespace

std::span<const Route> prometheus_routes() { return kRoutes; }

}  // namespace slipway::api
