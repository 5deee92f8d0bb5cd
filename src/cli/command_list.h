// cli/command_list.h — the functions behind the table in commands.cc, one a command.
#pragma once
#include "base/clock.h"
#include "cli/flags.h"
#include "cli/output.h"

namespace slipway::cli {

Result<int> server(Invocation& call);
Result<int> serve_model(Invocation& call);
Result<int> data_schema(Invocation& call);
Result<int> data_head(Invocation& call);
Result<int> data_profile(Invocation& call);
Result<int> data_prepare(Invocation& call);
Result<int> data_convert(Invocation& call);
Result<int> train_model(Invocation& call);
Result<int> tune_model(Invocation& call);
Result<int> trial(Invocation& call);
Result<int> predict(Invocation& call);
Result<int> experiments_list(Invocation& call);
Result<int> experiments_search(Invocation& call);
Result<int> experiments_get(Invocation& call);
Result<int> experiments_create(Invocation& call);
Result<int> experiments_rename(Invocation& call);
Result<int> experiments_tag(Invocation& call);
Result<int> experiments_untag(Invocation& call);
Result<int> experiments_delete(Invocation& call);
Result<int> experiments_restore(Invocation& call);
Result<int> runs_create(Invocation& call);
Result<int> runs_log_param(Invocation& call);
Result<int> runs_log_metric(Invocation& call);
Result<int> runs_tag(Invocation& call);
Result<int> runs_untag(Invocation& call);
Result<int> runs_rename(Invocation& call);
Result<int> runs_end(Invocation& call);
Result<int> runs_delete(Invocation& call);
Result<int> runs_restore(Invocation& call);
Result<int> runs_list(Invocation& call);
Result<int> runs_search(Invocation& call);
Result<int> runs_get(Invocation& call);
Result<int> runs_compare(Invocation& call);
Result<int> runs_history(Invocation& call);
Result<int> models_list(Invocation& call);
Result<int> models_search(Invocation& call);
Result<int> models_get(Invocation& call);
Result<int> models_versions(Invocation& call);
Result<int> models_create(Invocation& call);
Result<int> models_register(Invocation& call);
Result<int> models_rename(Invocation& call);
Result<int> models_describe(Invocation& call);
Result<int> models_tag(Invocation& call);
Result<int> models_untag(Invocation& call);
Result<int> models_transition(Invocation& call);
Result<int> models_alias(Invocation& call);
Result<int> models_unalias(Invocation& call);
Result<int> models_delete(Invocation& call);
Result<int> artifacts_list(Invocation& call);
Result<int> artifacts_download(Invocation& call);
Result<int> artifacts_upload(Invocation& call);
Result<int> artifacts_delete(Invocation& call);
Result<int> endpoints_enable(Invocation& call);
Result<int> endpoints_disable(Invocation& call);
Result<int> endpoints_list(Invocation& call);
Result<int> endpoints_create(Invocation& call);
Result<int> endpoints_update(Invocation& call);
Result<int> endpoints_get(Invocation& call);
Result<int> endpoints_delete(Invocation& call);
Result<int> endpoints_events(Invocation& call);
Result<int> endpoints_logs(Invocation& call);
Result<int> tokens_create(Invocation& call);
Result<int> tokens_list(Invocation& call);
Result<int> tokens_delete(Invocation& call);
Result<int> users_create(Invocation& call);
Result<int> users_list(Invocation& call);
Result<int> users_whoami(Invocation& call);
Result<int> users_delete(Invocation& call);
Result<int> users_set_password(Invocation& call);
Result<int> users_set_admin(Invocation& call);
Result<int> groups_create(Invocation& call);
Result<int> groups_list(Invocation& call);
Result<int> groups_rename(Invocation& call);
Result<int> groups_describe(Invocation& call);
Result<int> groups_delete(Invocation& call);
Result<int> groups_add(Invocation& call);
Result<int> groups_remove(Invocation& call);
Result<int> permissions_grant(Invocation& call);
Result<int> permissions_revoke(Invocation& call);
Result<int> permissions_list(Invocation& call);
Result<int> permissions_check(Invocation& call);
Result<int> backup_folder(Invocation& call);
Result<int> restore_folder(Invocation& call);
Result<int> import_mlflow(Invocation& call);
Result<int> gc(Invocation& call);
Result<int> tour(Invocation& call);
Result<int> version(Invocation& call);
Result<int> doctor(Invocation& call);

}  // namespace slipway::cli
