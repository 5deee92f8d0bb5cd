-- wrk script: as search_runs.lua, but each request has a bound of its own.
local sent = 0
request = function()
  sent = sent + 1
  local body = string.format([[{"experiment_ids":["0"],"filter":"metrics.m0 > 0.%05d and params.p0 = '1'",
"order_by":["metrics.m1 DESC"],"max_results":50}]], sent * 7919 % 20000)
  return wrk.format("POST", "/api/2.0/mlflow/runs/search", {["Content-Type"] = "application/json"},
                    body)
end
