#include "train/matrix_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/file.h"
#include "base/id.h"

namespace slipway::train {
namespace {

static_assert(std::endian::native == std::endian::little, "the file holds memory as it is");

constexpr uint32_t kVersion = 1;
constexpr size_t kAlignment = 64;

struct Header {
  char magic[8] = {'S', 'L', 'W', 'M', 'A', 'T', 'R', 'X'};
  uint32_t version = kVersion;
  uint32_t n_columns = 0;
  uint64_t n_train = 0;
  uint64_t n_validation = 0;
  uint64_t json_bytes = 0;
  char digest[16] = {};
};
static_assert(sizeof(Header) == 56);

std::string digest_of(const Header& header, std::string_view json) {
  Digest digest;
  digest.add({reinterpret_cast<const char*>(&header), offsetof(Header, digest)});
  digest.add(json);
  return digest.hex();
}

size_t aligned(size_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

/// Where each block begins, and where the file ends; sizes are multiplied with care.
struct Layout {
  size_t begin[4] = {};   // training matrix and labels, validation matrix and labels
  size_t floats[4] = {};  // how many numbers each holds
  size_t size_bytes = 0;

  /// False where the numbers in the header cannot be.
  static bool make(const Header& header, Layout& out) {
    constexpr uint64_t kMost = uint64_t{1} << 40;
    const uint64_t n_rows[2] = {header.n_train, header.n_validation};
    if (n_rows[0] > kMost || n_rows[1] > kMost || header.json_bytes > kMost) return false;
    size_t offset = sizeof(Header) + header.json_bytes;
    for (int block = 0; block < 4; ++block) {
      uint64_t floats = n_rows[block / 2];
      if (block % 2 == 0 && __builtin_mul_overflow(floats, header.n_columns, &floats)) return false;
      if (floats > kMost) return false;
      out.begin[block] = aligned(offset);
      out.floats[block] = floats;
      offset = out.begin[block] + floats * sizeof(float);
    }
    out.size_bytes = offset;
    return true;
  }
};

std::vector<std::string> texts(const JsonArray& array) {
  std::vector<std::string> out;
  for (const auto& item : array) out.emplace_back(item.is_string() ? item.get_string() : "");
  return out;
}

}  // namespace

Result<void> write_matrix_file(const std::filesystem::path& path, const TrainingData& data,
                               const JsonObject& note) {
  TRY(check_data(data));
  JsonArray names, types;
  for (const auto& name : data.names) names.emplace_back(name);
  for (const auto& type : data.types) types.emplace_back(type);
  const auto json =
      to_text(JsonObject{{"names", std::move(names)}, {"types", std::move(types)}, {"note", note}});
  Header header;
  header.n_columns = static_cast<uint32_t>(data.train.rows.n_columns);
  header.n_train = data.train.rows.n_rows;
  header.n_validation = data.validation.rows.n_rows;
  header.json_bytes = json.size();
  std::memcpy(header.digest, digest_of(header, json).data(), sizeof(header.digest));
  Layout layout;
  if (!Layout::make(header, layout)) {
    return fail(Code::invalid_parameter_value, "{} and {} rows of {} columns are too many",
                header.n_train, header.n_validation, header.n_columns);
  }
  std::string bytes(layout.size_bytes, '\0');
  std::memcpy(bytes.data(), &header, sizeof(header));
  std::memcpy(bytes.data() + sizeof(header), json.data(), json.size());
  const float* const blocks[4] = {data.train.rows.values, data.train.labels.data(),
                                  data.validation.rows.values, data.validation.labels.data()};
  for (int block = 0; block < 4; ++block) {
    if (layout.floats[block] == 0) continue;
    std::memcpy(bytes.data() + layout.begin[block], blocks[block],
                layout.floats[block] * sizeof(float));
  }
  return write_file(path, bytes);
}

Result<MatrixFile> MatrixFile::open(const std::filesystem::path& path) {
  MatrixFile out;
  TRY(out.read(path));
  return out;
}

Result<void> MatrixFile::read(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return errno_error(errno, "open", path);
  struct stat status{};
  if (::fstat(descriptor, &status) == 0 && status.st_size > 0) {
    size_bytes_ = static_cast<size_t>(status.st_size);
    bytes_ = ::mmap(nullptr, size_bytes_, PROT_READ, MAP_PRIVATE, descriptor, 0);
  }
  const int error_number = errno;
  ::close(descriptor);
  if (bytes_ == MAP_FAILED) {
    bytes_ = nullptr;
    return errno_error(error_number, "map", path);
  }
  const auto damaged = [&](std::string_view why) {
    return fail(Code::invalid_parameter_value, "{} is no prepared data: {}", path.string(), why);
  };
  Header header;
  if (size_bytes_ < sizeof(header)) return damaged("it is too short");
  std::memcpy(&header, bytes_, sizeof(header));
  if (std::memcmp(header.magic, Header().magic, sizeof(header.magic)) != 0) {
    return damaged("it does not begin with SLWMATRX");
  }
  if (header.version != kVersion) {
    return damaged(fmt::format("it has version {}; {} is read", header.version, kVersion));
  }
  Layout layout;
  if (!Layout::make(header, layout) || layout.size_bytes != size_bytes_) {
    return damaged(fmt::format("its {} bytes do not fit its header", size_bytes_));
  }
  const auto* bytes = static_cast<const char*>(bytes_);
  const std::string_view json(bytes + sizeof(header), header.json_bytes);
  if (digest_of(header, json) != std::string_view(header.digest, sizeof(header.digest))) {
    return damaged("its digest does not fit");
  }
  const auto parsed = TRY(parse_json(json));
  const auto* names = TRY(array_member(parsed, "names"));
  const auto* types = TRY(array_member(parsed, "types"));
  names_ = texts(*names);
  types_ = texts(*types);
  if (const auto* note = find(parsed, "note"); note != nullptr && note->is_object()) {
    note_ = note->get_object();
  }
  const auto block = [&](int i) { return reinterpret_cast<const float*>(bytes + layout.begin[i]); };
  data_.train = {{block(0), header.n_train, header.n_columns}, {block(1), header.n_train}};
  data_.validation = {{block(2), header.n_validation, header.n_columns},
                      {block(3), header.n_validation}};
  data_.names = names_;
  data_.types = types_;
  return check_data(data_);
}

MatrixFile::~MatrixFile() {
  if (bytes_ != nullptr) ::munmap(bytes_, size_bytes_);
}

void MatrixFile::swap(MatrixFile& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_bytes_, other.size_bytes_);
  std::swap(names_, other.names_);
  std::swap(types_, other.types_);
  std::swap(note_, other.note_);
  std::swap(data_, other.data_);  // its spans are into vectors' heap storage, which moves along
}

}  // namespace slipway::train
