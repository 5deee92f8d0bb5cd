// api/file_response.h — a stored file as an HTTP answer: ranges, validators, a safe type.
#pragma once
#include <string>
#include <string_view>

#include "files/artifact_store.h"
#include "http/message.h"

namespace slipway::api {

/// Give the media type that a file of this name is sent with: text/plain for what people read,
/// images and documents by their ending, else application/octet-stream.
/// Source   as observed on mlflow 3.17.2.
std::string_view media_type(std::string_view name);

/// Answer a GET or HEAD with a file, or the part that its Range field asks for: 200, 206, 304 where
/// If-None-Match has it already, 416. Sent as an attachment, so no page of ours ever runs it.
http::Response file_response(const http::Request& request, files::File file, std::string_view name);

}  // namespace slipway::api
