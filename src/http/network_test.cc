#include "http/network.h"

#include <gtest/gtest.h>

namespace slipway::http {
namespace {

TEST(NetworkTest, OnlyThePublicInternetIsPublic) {
  for (const std::string text :
       {"8.8.8.8", "1.1.1.1", "172.32.0.1", "192.169.0.1", "100.128.0.1", "2606:4700:4700::1111",
        "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_TRUE(is_public(*address)) << text;
  }
  for (const std::string text : {"127.0.0.1",
                                 "127.255.0.1",
                                 "10.1.2.3",
                                 "172.16.0.1",
                                 "172.31.255.255",
                                 "192.168.1.1",
                                 "169.254.169.254",
                                 "100.64.0.1",
                                 "0.0.0.0",
                                 "192.0.2.1",
                                 "198.18.0.1",
                                 "224.0.0.1",
                                 "255.255.255.255",
                                 "::",
                                 "::1",
                                 "fe80::1%lo",
                                 "fc00::1",
                                 "fd12::1",
                                 "ff02::1",
                                 "::ffff:127.0.0.1",
                                 "::ffff:169.254.169.254",
                                 "64:ff9b::a9fe:a9fe",
                                 "2002:7f00:1::1",
                                 "2001:db8::1",
                                 "::7f00:1"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_FALSE(is_public(*address)) << text;
  }
}

TEST(NetworkTest, ANetworkHoldsItsAddresses) {
  const auto network = parse_network("10.20.0.0/14");
  ASSERT_TRUE(network.ok());
  EXPECT_TRUE(network->contains(*parse_address("10.23.255.255")));
  EXPECT_TRUE(network->contains(*parse_address("::ffff:10.20.0.1")));
  EXPECT_FALSE(network->contains(*parse_address("10.24.0.0")));
  EXPECT_FALSE(network->contains(*parse_address("::1")));
  EXPECT_TRUE(parse_network("fd00::/8")->contains(*parse_address("fdff::1")));
  EXPECT_TRUE(parse_network("127.0.0.1")->contains(*parse_address("127.0.0.1")));
  EXPECT_FALSE(parse_network("127.0.0.1")->contains(*parse_address("127.0.0.2")));
  for (const std::string bad : {"", "host", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/-1",
                                "10.0.0.0/", "0x7f.1", "127.1"}) {
    EXPECT_FALSE(parse_network(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace slipway::http
