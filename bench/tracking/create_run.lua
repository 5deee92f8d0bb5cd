-- wrk script: create a run, then log 10 metrics and 10 parameters to it in one batch; so two requests a
-- run. Needs one connection a thread, as an answer must belong to the request before it.
local json_header = {["Content-Type"] = "application/json"}
local numbers = {}
for k = 0, 9 do
  numbers[#numbers + 1] = string.format('{"key":"m%d","value":%d.5,"timestamp":1,"step":0}', k, k)
end
local params = {}
for k = 0, 9 do params[#params + 1] = string.format('{"key":"p%d","value":"%d"}', k, k % 2) end
local rest = '","metrics":[' .. table.concat(numbers, ",") .. '],"params":[' ..
             table.concat(params, ",") .. "]}"
local run_id
function request()
  if not run_id then
    return wrk.format("POST", "/api/2.0/mlflow/runs/create", json_header,
                      '{"experiment_id":"0","start_time":1}')
  end
  local body = '{"run_id":"' .. run_id .. rest
  run_id = nil
  return wrk.format("POST", "/api/2.0/mlflow/runs/log-batch", json_header, body)
end
function response(status, headers, body)
  run_id = string.match(body, '"run_id":%s*"(%w+)"')
end
