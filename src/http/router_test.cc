#include "http/router.h"

#include <gtest/gtest.h>

#include "http/message.h"

namespace slipway::http {
namespace {

Router sample() {
  Router router;
  router.add("GET", "/health", 0);
  router.add("GET", "/models/<model_id>", 1);
  router.add("PATCH", "/models/<model_id>", 2);
  router.add("DELETE", "/models/<model_id>/tags/<key>", 3);
  router.add("GET", "/artifacts/<path:rest>", 4);
  router.add("GET", "/artifacts", 5);
  router.add("POST", "/models/search", 6);
  return router;
}

TEST(Router, FindsFixedParametersAndRest) {
  const auto router = sample();
  EXPECT_EQ(router.match("GET", "/health")->index, 0u);
  EXPECT_EQ(router.match("PATCH", "/models/m-1")->index, 2u);
  const auto tag = router.match("DELETE", "/models/m-1/tags/a%20b").value();
  EXPECT_EQ(tag.index, 3u);
  EXPECT_EQ(tag.params.at("model_id"), "m-1");
  EXPECT_EQ(tag.params.at("key"), "a b");
  const auto rest = router.match("GET", "/artifacts/0/run/a%2520b/c").value();
  EXPECT_EQ(rest.params.at("rest"), "0/run/a%20b/c");  // decoded once
  EXPECT_EQ(router.match("GET", "/artifacts")->index, 5u);
  EXPECT_EQ(router.match("POST", "/models/search")->index, 6u);
  EXPECT_EQ(router.match("GET", "/models/search")->index, 1u);  // a model of that name
}

TEST(Router, FixedWinsWhateverTheOrder) {
  Router router;
  router.add("GET", "/<path:rest>", 0);
  router.add("GET", "/a/<x>", 1);
  router.add("GET", "/<y>/b", 2);
  router.add("GET", "/a/b", 3);
  EXPECT_EQ(router.match("GET", "/a/b")->index, 3u);
  EXPECT_EQ(router.match("GET", "/%61/b")->index, 3u);
  EXPECT_EQ(router.match("GET", "/a/c")->index, 1u);
  EXPECT_EQ(router.match("GET", "/c/b")->index, 2u);
  EXPECT_EQ(router.match("GET", "/c/d/e")->index, 0u);
}

TEST(Router, ADecodedSlashStaysInItsParameter) {
  const auto router = sample();
  EXPECT_EQ(router.match("GET", "/models/a%2Fb")->params.at("model_id"), "a/b");
  EXPECT_EQ(router.match("GET", "/%2Fhealth").error().code, Code::endpoint_not_found);
  Router fixed;
  fixed.add("GET", "/a/b", 0);
  EXPECT_EQ(fixed.match("GET", "/a%2Fb").error().code, Code::endpoint_not_found);
}

TEST(Router, SaysWhyNothingFits) {
  const auto router = sample();
  EXPECT_EQ(router.match("GET", "/nothing").error().code, Code::endpoint_not_found);
  EXPECT_EQ(router.match("GET", "/models/").error().code, Code::endpoint_not_found);
  EXPECT_EQ(router.match("GET", "/artifacts/").error().code, Code::endpoint_not_found);
  const auto method = router.match("PUT", "/models/m-1").error();
  EXPECT_EQ(method.code, Code::bad_request);
  EXPECT_EQ(method.message, "method PUT is not allowed at '/models/m-1'; allowed: GET, PATCH");
  EXPECT_EQ(router.match("GET", "/models/%zz").error().code, Code::bad_request);
  EXPECT_EQ(router.match("GET", "/models/a%00b").error().code, Code::bad_request);
}

TEST(Router, HeadGoesWhereGetGoes) {
  const auto router = sample();
  EXPECT_EQ(router.match("HEAD", "/health")->index, 0u);
  EXPECT_EQ(router.match("HEAD", "/models/m-1")->index, 1u);
}

TEST(Request, QueryValuesAreDecodedInOrder) {
  Request request;
  request.query = "a=1&b=x%26y+z&a=%202&c&bad=%zz&&d=e=f";
  EXPECT_EQ(request.query_values("a"), (std::vector<std::string>{"1", " 2"}));
  EXPECT_EQ(request.query_value("b"), "x&y z");
  EXPECT_EQ(request.query_value("c"), "");
  EXPECT_EQ(request.query_value("bad"), "%zz");
  EXPECT_EQ(request.query_value("d"), "e=f");
  EXPECT_EQ(request.query_value("none"), std::nullopt);
}

TEST(Headers, NamesCompareWithoutCase) {
  Headers headers;
  headers.add("X-One", "1");
  headers.add("x-one", "2");
  EXPECT_EQ(*headers.find("X-ONE"), "1");
  headers.set("X-one", "3");
  EXPECT_EQ(headers.all().size(), 1u);
  EXPECT_EQ(headers.find("X-Two"), nullptr);
}

}  // namespace
}  // namespace slipway::http
