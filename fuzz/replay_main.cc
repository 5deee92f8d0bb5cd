// Runs a fuzz target without a fuzzer: over each file named, and over changed copies of it that
// are the same at every run.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size);

namespace {

constexpr int kCopies = 20;

bool run(const std::string& bytes) {
  return LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()) == 0;
}

// Changes a few bytes, drops a piece, or says a piece twice.
std::string changed(std::string bytes, std::mt19937& random) {
  if (bytes.empty()) return bytes;
  const auto place = [&] { return random() % bytes.size(); };
  switch (random() % 3) {
    case 0: bytes.erase(place(), random() % 16); break;
    case 1: bytes.insert(place(), bytes.substr(place(), random() % 16)); break;
    default:
      for (int i = 0; i < 3; ++i) bytes[place()] = static_cast<char>(random());
  }
  return bytes;
}

}  // namespace

int main(int n_args, char** args) {
  std::mt19937 random(1);
  int n_run = 0;
  for (int i = 1; i < n_args; ++i) {
    std::ifstream file(args[i], std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", args[i]);
      return 2;
    }
    std::string text = bytes;
    for (int copy = 0; copy <= kCopies; ++copy, ++n_run) {
      if (!run(text)) {
        std::fprintf(stderr, "%s, copy %d: the target refuses what it made of it\n", args[i], copy);
        return 1;
      }
      text = changed(bytes, random);
    }
  }
  std::printf("%d inputs\n", n_run);
  return n_run > 0 ? 0 : 2;
}
