-- wrk script: log-batch of 100 metric points to the run whose id is in $RUN_ID; points never repeat.
local run_id = os.getenv("RUN_ID")
local thread_number = 0
function setup(thread)
  thread:set("number", thread_number)
  thread_number = thread_number + 1
end
local sent = 0
function request()
  sent = sent + 1
  local points = {}
  for i = 1, 100 do
    points[i] = string.format('{"key":"loss","value":%d.5,"timestamp":%d,"step":%d}', i,
                              1700000000000 + number, sent * 100 + i)
  end
  local body = '{"run_id":"' .. run_id .. '","metrics":[' .. table.concat(points, ",") .. "]}"
  return wrk.format("POST", "/api/2.0/mlflow/runs/log-batch",
                    {["Content-Type"] = "application/json"}, body)
end
