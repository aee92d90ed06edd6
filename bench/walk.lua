-- wrk -s walk.lua URL -- FILE HOST again|once
-- Sends the lines of FILE as bodies, one after the other: over and over, or each once and then no more.
local file, mode

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"

function init(args)
  file = assert(io.open(args[1], "r"))
  wrk.headers["Host"] = args[2]
  mode = args[3]
end

function request()
  local body = file:read("*l")
  if body == nil and mode == "again" then
    file:seek("set", 0)
    body = file:read("*l")
  end
  -- Nothing left: this ends the run before the answer to what is sent now is read.
  if body == nil then wrk.thread:stop() end
  return wrk.format(nil, nil, nil, body or "nothing_left=true")
end

function done(summary, latency)
  local failed = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format(
    '\nRESULT {"requests":%d,"micros":%d,"refused":%d,"failed":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, summary.errors.status, failed,
    latency:percentile(50), latency:percentile(99)))
end
