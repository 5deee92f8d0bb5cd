// db/postgres_values.h — numbers in PostgreSQL's binary form.
#pragma once
#include <libpq-fe.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace slipway::db {

/// Types by their numbers in every PostgreSQL. Source: pg_type.dat
inline constexpr Oid kBoolType = 16;
inline constexpr Oid kBytesType = 17;
inline constexpr Oid kInt8Type = 20;
inline constexpr Oid kInt2Type = 21;
inline constexpr Oid kInt4Type = 23;
inline constexpr Oid kTextType = 25;
inline constexpr Oid kFloat4Type = 700;
inline constexpr Oid kFloat8Type = 701;
inline constexpr Oid kNumericType = 1700;

/// Write a number as eight bytes, the highest first.
std::string integer_bytes(int64_t value);
std::string real_bytes(double value);

/// Read a cell of any type above as a number; texts as they read, 0 where they are none.
int64_t integer_of(std::string_view cell, Oid type);
double real_of(std::string_view cell, Oid type);

/// Tell whether a cell of this type is a number, so that its bytes are not its text.
bool is_number(Oid type);

}  // namespace slipway::db
