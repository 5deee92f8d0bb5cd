-- wrk script: score the body in the file $BODY; with $PAUSE_MS, each connection waits so long between
-- its requests. Ends with the latencies of all requests in µs: "LATENCY p50 p99 p99.5 max".
local file = assert(io.open(os.getenv("BODY"), "r"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
file:close()
local pause_ms = tonumber(os.getenv("PAUSE_MS") or "0")
if pause_ms > 0 then
  function delay() return math.random() * 2 * pause_ms end
end
function done(summary, latency, requests)
  io.write(string.format("LATENCY %d %d %d %d\n", latency:percentile(50), latency:percentile(99),
                         latency:percentile(99.5), latency.max))
end
