-- wrk script: 50 of 500 runs by metric and parameter, ordered by a metric.
local body = [[{"experiment_ids":["0"],"filter":"metrics.m0 > 0.1 and params.p0 = '1'",
"order_by":["metrics.m1 DESC"],"max_results":50}]]
request = function()
  return wrk.format("POST", "/api/2.0/mlflow/runs/search", {["Content-Type"] = "application/json"},
                    body)
end
