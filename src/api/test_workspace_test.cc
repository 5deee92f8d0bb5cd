#include "api/test_workspace.h"

#include <unistd.h>

#include "base/text.h"
#include "files/local_store.h"

namespace slipway::api {

TestWorkspace::TestWorkspace(Options options)
    : folder(TemporaryFolder::make().value()),
      store(store::Store::open(folder.path() / "data").value()),
      artifacts(files::LocalStore::open(folder.path() / "artifacts").value()),
      endpoints(*store, *artifacts, 3'600'000),
      workspace{*store, *artifacts, endpoints, std::move(options)},
      handler(make_handler(workspace)) {}

Reply TestWorkspace::call(std::string_view method, std::string_view target, std::string_view body,
                          const HeaderList& headers) {
  http::Request request;
  request.method = method;
  request.path = target.substr(0, target.find('?'));
  if (request.path.size() < target.size()) request.query = target.substr(request.path.size() + 1);
  request.body = body;
  for (const auto& [name, value] : headers) request.headers.add(name, value);
  if (!request.headers.find("Host")) request.headers.add("Host", "127.0.0.1:5000");
  if (body.starts_with('{') && !request.headers.find("Content-Type")) {
    request.headers.add("Content-Type", "application/json");
  }
  auto response = handler.answer(request);
  Reply reply{response.status, std::move(response.headers), std::move(response.body)};
  if (response.file) {
    reply.body.resize(response.file->size);
    const auto n = ::pread(response.file->fd, reply.body.data(), reply.body.size(),
                           static_cast<off_t>(response.file->offset));
    check(n == static_cast<ssize_t>(reply.body.size()), "the file is as long as was said");
    ::close(response.file->fd);
  }
  return reply;
}

Json Reply::json() const {
  auto parsed = parse_json(body);
  return parsed.ok() ? std::move(*parsed) : Json();
}

std::string Reply::at(std::string_view path) const {
  auto value = json();
  const Json* here = &value;
  for (const auto& name : split(path, '.')) {
    const auto index = to_integer(name);
    if (here->is_array() && index && static_cast<size_t>(*index) < here->get_array().size()) {
      here = &here->get_array()[static_cast<size_t>(*index)];
    } else {
      here = find(*here, name);
    }
    if (!here) return "(none)";
  }
  if (here->is_string()) return std::string(here->get_string().data(), here->get_string().size());
  return to_text(*here);
}

std::string Reply::header(std::string_view name) const {
  const auto* value = headers.find(name);
  return value ? *value : "";
}

}  // namespace slipway::api
