// api/artifact_direct.h — requests for addresses by which a client reaches the object store itself.
#pragma once
#include "api/call.h"
#include "api/workspace.h"
#include "base/json.h"
#include "base/result.h"

namespace slipway::api {

// Handlers of routes in artifact_proxy.cc and artifacts.cc, which say what their callers need.
// Errors of all   not_implemented: the artifacts lie on the server's own disk, or clients are to go
//                 through the server.
// Source   members and messages as in mlflow 3.17.2.

/// An upload of the file named like `path`'s last part, in the folder of the address.
Result<Json> create_upload(const Call& call, Workspace& workspace);
Result<Json> complete_upload(const Call& call, Workspace& workspace);
Result<Json> abort_upload(const Call& call, Workspace& workspace);

/// A download of the file of the address.
Result<Json> presign_download(const Call& call, Workspace& workspace);

/// A download or upload of a file of a run or a logged model.
Result<Json> presign_download_of(const Call& call, Workspace& workspace);
Result<Json> presign_upload_of(const Call& call, Workspace& workspace);

}  // namespace slipway::api
