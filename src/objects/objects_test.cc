// Saved objects: what is read of them, and what of hostile ones is refused.
#include <gtest/gtest.h>

#include <string>

#include "objects/compressed.h"
#include "objects/npy.h"
#include "objects/pickle.h"
#include "objects/read.h"
#include "objects/skops.h"

namespace slipway::objects {
namespace {

using std::string_literals::operator""s;

std::string pickle_error(const std::string& bytes) {
  const auto graph = read_pickle(bytes);
  return graph.ok() ? "" : graph.error().message;
}

// pickle.dumps({"a": [1, -2, 3.5, None, True], "b": ("x", b"y")}, 2), disassembled by pickletools
const std::string kPlain =
    "\x80\x02}q\0(X\x01\0\0\0aq\x01]q\x02(K\x01J\xfe\xff\xff\xffG@\x0c\0\0\0\0\0\0N\x88"
    "eX\x01\0\0\0bX\x01\0\0\0xC\x01y\x86u."s;

TEST(Pickle, ReadsPlainValues) {
  const auto graph = read_pickle(kPlain);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  const auto* list = find(*graph->root, "a");
  ASSERT_NE(list, nullptr);
  ASSERT_EQ(list->items.size(), 5u);
  EXPECT_EQ(list->items[1]->integer, -2);
  EXPECT_EQ(list->items[2]->real, 3.5);
  EXPECT_EQ(list->items[3]->kind, Kind::none);
  EXPECT_EQ(list->items[4]->integer, 1);
  const auto* pair = find(*graph->root, "b");
  ASSERT_NE(pair, nullptr);
  EXPECT_EQ(pair->items[1]->text, "y");
}

TEST(Pickle, EveryCutIsAnError) {
  for (size_t n = 0; n < kPlain.size(); ++n) {
    EXPECT_NE(pickle_error(kPlain.substr(0, n)), "") << n;
  }
}

TEST(Pickle, NamesWhatItDoesNotRead) {
  EXPECT_EQ(pickle_error("cos\nsystem\n(S'id'\ntR."),
            "the file names os.system, which is not on the list of classes that are read");
  EXPECT_EQ(pickle_error("\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R."s),
            "the file names posix.system, which is not on the list of classes that are read");
  EXPECT_EQ(pickle_error("c__builtin__\neval\n(S'1'\ntR."),
            "the file names builtins.eval, which is not on the list of classes that are read");
  EXPECT_NE(pickle_error("ccloudpickle.cloudpickle\n_make_function\n.")
                .find("Python code of its own (cloudpickle.cloudpickle._make_function)"),
            std::string::npos);
  EXPECT_EQ(read_pickle("cos\nsystem\n.").error().code, Code::permission_denied);
  EXPECT_NE(pickle_error("(i__main__\nEvil\n.").find("__main__.Evil"), std::string::npos);
}

TEST(Pickle, RefusesWhatDoesNotFit) {
  EXPECT_EQ(pickle_error("."), "pickle: a value is wanted where there is none (byte 1)");
  EXPECT_EQ(pickle_error("(NN0000."), "pickle: a value is wanted where there is none (byte 6)");
  EXPECT_EQ(pickle_error("t."), "pickle: a mark is wanted where there is none (byte 1)");
  EXPECT_EQ(pickle_error("Na."), "pickle: a value is wanted where there is none (byte 2)");
  EXPECT_EQ(pickle_error("NNa."), "pickle: items are put into what takes none: None (byte 3)");
  EXPECT_EQ(pickle_error("h\x07."), "pickle: a value is recalled that was not kept (byte 2)");
  EXPECT_EQ(pickle_error("NNR."), "pickle: arguments are not a tuple (byte 3)");
  EXPECT_EQ(pickle_error("N)R."), "pickle: what is called is None (byte 3)");
  EXPECT_EQ(pickle_error("NNb."), "pickle: a state is given to None (byte 3)");
  EXPECT_EQ(pickle_error("\x8e\xff\xff\xff\xff\xff\xff\xff\xff"s),
            "pickle: the file ends too early (byte 9)");
  EXPECT_EQ(pickle_error("Q."), "pickle: opcode 0x51 is not read (byte 1)");
}

TEST(Pickle, ACycleIsOnlyACycle) {
  const auto graph = read_pickle("]q\0h\0a."s);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph->root->items[0], graph->root);
}

TEST(Pickle, ManyValuesAreBounded) {
  const std::string lists(7'000'000, ']');
  EXPECT_EQ(pickle_error(lists), "pickle: more than 6000000 values (byte 6000001)");
  EXPECT_NE(pickle_error(std::string(9'000'000, '(')), "");
}

// An array's text is kept once and made an array many times.
TEST(Pickle, RepeatedArraysAreBounded) {
  std::string bytes = "cnumpy\ndtype\n(S'u1'\ntRq\1B"s;
  const uint32_t n = 1 << 20;
  bytes.append(reinterpret_cast<const char*>(&n), 4);
  bytes += std::string(n, 'x') + "q\2"s;
  for (int i = 0; i < 50; ++i) {
    bytes += "cnumpy.core.numeric\n_frombuffer\n(h\2h\1(J\0\0\x10\0tS'C'\ntR"s;
  }
  EXPECT_NE(pickle_error(bytes + ".").find("it holds more than its size can explain"),
            std::string::npos);
}

TEST(Pickle, ReadsAnArrayInEitherOrder) {
  const auto array_of = [](const std::string& order) {
    return "cnumpy\ndtype\n(S'u1'\ntRq\1cnumpy.core.numeric\n_frombuffer\n"
           "(C\6abcdefh\1(K\2K\3tS'"s +
           order + "'\ntR.";
  };
  for (const auto& [order, bytes] : {std::pair{"C", "abcdef"}, std::pair{"F", "acebdf"}}) {
    const auto graph = read_pickle(array_of(order));
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    ASSERT_EQ(graph->root->kind, Kind::array);
    EXPECT_EQ(graph->root->array->bytes, bytes);
  }
  auto wrong = array_of("C");
  wrong.replace(wrong.find("K\3"), 2, "K\4");
  EXPECT_NE(pickle_error(wrong).find("an array has 6 bytes where its shape and type need 8"),
            std::string::npos);
}

std::string npy(std::string header, const std::string& values) {
  header += '\n';
  std::string out("\x93NUMPY\x01\0", 8);
  out += static_cast<char>(header.size() & 255);
  out += static_cast<char>(header.size() >> 8);
  return out + header + values;
}

TEST(Npy, ReadsNumbersOfEveryByteOrder) {
  const auto array =
      read_npy(npy("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", "\1\2\xff\xfe"s));
  ASSERT_TRUE(array.ok()) << array.error().message;
  EXPECT_EQ(*integers(*array), (std::vector<int64_t>{258, -2}));
  const auto fields =
      read_npy(npy("{'descr': [('a', '<u2'), ('', '|V1'), ('b', '|i1')], 'fortran_order': False, "
                   "'shape': (2,)}",
                   "\1\0xy\2\0z\xff"s));
  ASSERT_TRUE(fields.ok()) << fields.error().message;
  EXPECT_EQ(*field_integers(*fields, "a"), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(*field_integers(*fields, "b"), (std::vector<int64_t>{'y', -1}));
  EXPECT_FALSE(field_integers(*fields, "c").ok());
}

TEST(Npy, RefusesDamagedOnes) {
  const auto error = [](const std::string& bytes) {
    const auto array = read_npy(bytes);
    return array.ok() ? "" : array.error().message;
  };
  const std::string whole =
      npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", "12345678");
  ASSERT_EQ(error(whole), "");
  for (size_t n = 0; n < whole.size(); ++n) EXPECT_NE(error(whole.substr(0, n)), "") << n;
  EXPECT_EQ(error(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999,)}", "")),
            "an array of more than 1099511627776 elements");
  EXPECT_EQ(error(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000)}", "")),
            "npy: it ends in its values");
  EXPECT_EQ(error(npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "12345678")),
            "an array of objects has no bytes");
  EXPECT_EQ(error(npy("{'descr': '<f7', 'fortran_order': False, 'shape': (1,)}", "1234567")),
            "numpy type '<f7' is not read");
}

// zip with one stored file, as Python's zipfile writes it
std::string zipped(const std::string& name, const std::string& content, uint32_t crc) {
  const auto number = [](uint64_t value, size_t n) {
    return std::string(reinterpret_cast<const char*>(&value), n);
  };
  const std::string sizes = number(crc, 4) + number(content.size(), 4) + number(content.size(), 4) +
                            number(name.size(), 2);
  const std::string local = "PK\3\4\x14\0\0\0\0\0\0\0\0\0"s + sizes + number(0, 2) + name + content;
  const std::string central =
      "PK\1\2\x14\0\x14\0\0\0\0\0\0\0\0\0"s + sizes + number(0, 2) + std::string(14, '\0') + name;
  const std::string end =
      "PK\5\6\0\0\0\0\1\0\1\0"s + number(central.size(), 4) + number(local.size(), 4) + "\0\0"s;
  return local + central + end;
}

TEST(Zip, ChecksWhatItUnpacks) {
  const auto bytes = zipped("a.txt", "hello", 0x3610a686);
  auto archive = ZipArchive::open(bytes);
  ASSERT_TRUE(archive.ok()) << archive.error().message;
  EXPECT_EQ(*archive->read("a.txt"), "hello");
  EXPECT_EQ(archive->read("b").error().code, Code::resource_does_not_exist);
  const auto wrong = zipped("a.txt", "hellO", 0x3610a686);
  EXPECT_EQ(ZipArchive::open(wrong)->read("a.txt").error().message,
            "zip: a file's checksum is wrong");
  for (size_t n = 0; n < bytes.size(); ++n) {
    auto cut = ZipArchive::open(std::string_view(bytes).substr(0, n));
    EXPECT_FALSE(cut.ok() && cut->read("a.txt").ok()) << n;
  }
}

TEST(Skops, RefusesWhatItDoesNotKnow) {
  const auto bytes = zipped("schema.json", "{}", 0x2de2ba43);
  EXPECT_FALSE(read_skops(bytes).ok());
  EXPECT_FALSE(read_skops("PK\5\6").ok());
  EXPECT_FALSE(read_saved_object("PK\3\4").ok());
  EXPECT_EQ(read_saved_object("BZh9").error().message,
            "the file is compressed by bz2; read are plain files, zlib and gzip");
  EXPECT_EQ(read_saved_object("\x78\x9c\x01\x02").error().message,
            "compressed data: damaged or cut off");
}

}  // namespace
}  // namespace slipway::objects
