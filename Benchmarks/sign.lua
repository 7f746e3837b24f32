-- wrk: every request asks one of the keys for a signature, as the next line of the file that KEYBELL_PAIRS names says.
local requests, count, at = {}, 0, 0
local body = '{"method":"GET","host":"spot","path":"/api/v3/account","query":[["omitZeroBalances","true"]]}'

function init(_)
  for line in io.lines(os.getenv("KEYBELL_PAIRS")) do
    local token, path = line:match("^(%S+) (%S+)$")
    count = count + 1
    requests[count] = wrk.format("POST", path, {
      ["Authorization"] = "Bearer " .. token, ["Host"] = "127.0.0.1", ["Content-Type"] = "application/json",
    }, body)
  end
end

function request()
  at = at % count + 1
  return requests[at]
end
