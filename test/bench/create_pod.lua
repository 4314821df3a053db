-- wrk's script: creates Pods, each with a name of its own. BENCH_BODY is a file with the Pod, in which NAME stands for
-- the name; BENCH_NAME is what names begin with. BENCH_TOKEN says who creates them, BENCH_USER as whom.
-- Afterwards one line of JSON: how often which latency was seen, in microseconds.
local file = assert(io.open(os.getenv("BENCH_BODY"), "rb"))
local before, after = file:read("*a"):match("^(.*)NAME(.*)$")
file:close()
local name, count = os.getenv("BENCH_NAME"), 0
local headers = {["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")}
local user = os.getenv("BENCH_USER")
if user and user ~= "" then
  headers["Impersonate-User"] = user
  headers["Impersonate-Group"] = "system:serviceaccounts"
end

function request()
  count = count + 1
  return wrk.format("POST", nil, headers, before .. name .. count .. after)
end

function done(summary, latency)
  local e, seen = summary.errors, {}
  for i = 1, #latency do
    local microseconds, times = latency(i)
    seen[i] = string.format("[%d,%d]", microseconds, times)
  end
  io.write(string.format('{"requests":%d,"microseconds":%d,"errors":%d,"seen":[%s]}\n', summary.requests,
    summary.duration, e.connect + e.read + e.write + e.status + e.timeout, table.concat(seen, ",")))
end
