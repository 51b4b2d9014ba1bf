-- wrk: each request asks about the next of 50 series, below the path of the base URL. KEY in the environment is the API
-- key. The last line that is printed has what benchmarks/load/wrk.py reads; times are in microseconds.
local requests, n = {}, -1
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["x-api-key"] = os.getenv("KEY")
wrk.body = '{"timestamp": "1700600000", "value": 103.5}'

function init()
  local base = wrk.path:gsub("/$", "")
  for i = 0, 49 do requests[i] = wrk.format(nil, base .. "/predict/bench-" .. i) end
end

function request()
  n = n + 1
  return requests[n % 50]
end

function done(summary, latency)
  local e = summary.errors
  print(string.format(
    "RESULT %d %d %.0f %.0f %.0f status=%d connect=%d read=%d write=%d timeout=%d",
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99),
    e.status, e.connect, e.read, e.write, e.timeout))
end
