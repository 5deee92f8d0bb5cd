#include "db/connection.h"

#include <utility>

#include "db/postgres.h"
#include "db/sqlite.h"

namespace slipway::db {
namespace {

constexpr size_t kMaxStatements = 300;  // searches make texts without end; the rest are fixed

}  // namespace

Cursor::~Cursor() {
  if (statement_ == nullptr) return;
  statement_->reset();
  home_->n_used -= 1;
  home_->idle.push_back(std::move(statement_));
}

Result<Connection> Connection::open(Address address, Access access) {
  auto database = TRY(address.is_server() ? open_postgres(address, access)
                                          : open_sqlite(address.file(), access));
  return Connection(std::move(database), std::move(address));
}

void Connection::drop_unused_statement() {
  for (auto entry = statements_.begin(); entry != statements_.end(); ++entry) {
    if (entry->second.n_used > 0) continue;
    statements_.erase(entry);
    return;
  }
}

Result<Cursor> Connection::prepare(std::string_view sql) {
  auto entry = statements_.find(sql);
  if (entry == statements_.end()) {
    if (statements_.size() >= kMaxStatements) drop_unused_statement();
    entry = statements_.try_emplace(std::string(sql)).first;
  }
  CachedStatement& home = entry->second;
  std::unique_ptr<Statement> statement;
  if (home.idle.empty()) {
    statement = TRY(database_->prepare(sql));
  } else {
    statement = std::move(home.idle.back());
    home.idle.pop_back();
  }
  home.n_used += 1;
  return Cursor(std::move(statement), &home);
}

Result<Cursor> Connection::query_values(std::string_view sql, std::span<const Value> values) {
  Cursor cursor = TRY(prepare(sql));
  TRY(cursor.statement_->bind_all(values));
  return cursor;
}

Result<void> Connection::exec_values(std::string_view sql, std::span<const Value> values) {
  Cursor cursor = TRY(query_values(sql, values));
  while (TRY(cursor.next())) {
  }
  return {};
}

Result<void> Connection::exec_values_later(std::string_view sql, std::span<const Value> values) {
  Cursor cursor = TRY(query_values(sql, values));
  return cursor.statement_->send();
}

std::optional<int64_t> Connection::remembered(std::string_view text) const {
  const auto entry = keys_by_text_.find(text);
  if (entry == keys_by_text_.end()) return std::nullopt;
  return entry->second;
}

const std::string* Connection::remembered(int64_t key) const {
  const auto entry = texts_by_key_.find(key);
  return entry == texts_by_key_.end() ? nullptr : &entry->second;
}

void Connection::remember(int64_t key, std::string_view text) {
  constexpr size_t kMaxRemembered = 20'000;
  if (texts_by_key_.size() >= kMaxRemembered) forget();
  keys_by_text_.emplace(text, key);
  texts_by_key_.emplace(key, text);
}

void Connection::forget() {
  keys_by_text_.clear();
  texts_by_key_.clear();
}

}  // namespace slipway::db
