-- wrk: every request takes the next "token path" line of the file that KEYBELL_PAIRS names.
local requests, count, at = {}, 0, 0

function init(_)
  for line in io.lines(os.getenv("KEYBELL_PAIRS")) do
    local token, path = line:match("^(%S+) (%S+)$")
    count = count + 1
    requests[count] = wrk.format("GET", path, { ["Authorization"] = "Bearer " .. token, ["Host"] = "127.0.0.1" })
  end
end

function request()
  at = at % count + 1
  return requests[at]
end
