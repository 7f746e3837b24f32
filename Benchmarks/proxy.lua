-- wrk: requests through the proxy of one key after another, as the lines of the file that KEYBELL_PAIRS names say:
-- "token path". KEYBELL_METHOD and KEYBELL_TARGET are what the exchange is asked.
local requests, count, at = {}, 0, 0

function init(_)
  for line in io.lines(os.getenv("KEYBELL_PAIRS")) do
    local token, path = line:match("^(%S+) (%S+)$")
    count = count + 1
    requests[count] = wrk.format(os.getenv("KEYBELL_METHOD"), path .. os.getenv("KEYBELL_TARGET"), {
      ["Authorization"] = "Bearer " .. token, ["Host"] = "127.0.0.1",
    })
  end
end

function request()
  at = at % count + 1
  return requests[at]
end
