-- wrk: each request asks about the next of 50 series.
local paths = {}
for i = 0, 49 do paths[i] = "/predict/bench-" .. i end
local n = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"timestamp": "1700600000", "value": 12.5}'
request = function()
  n = n + 1
  return wrk.format(nil, paths[n % 50])
end
