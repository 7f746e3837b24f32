-- wrk: posts BENCH_TOTAL numbered items, BENCH_BATCH in a request, each item once, and ends when all are answered. While
-- the last answers are still to come, it asks for what is not there. An item is BENCH_ITEM with its number for `{n}`.
local total, batch = tonumber(os.getenv("BENCH_TOTAL")), tonumber(os.getenv("BENCH_BATCH"))
local before, item, after = os.getenv("BENCH_BEFORE"), os.getenv("BENCH_ITEM"), os.getenv("BENCH_AFTER")
local path = os.getenv("BENCH_PATH")
local number, answered, filler = tonumber(os.getenv("BENCH_FIRST")), 0, nil
local last = number + total
local headers = { ["Content-Type"] = "application/json", ["Host"] = "127.0.0.1" }
local threads, is_looked_at = {}, false
refused = 0

function setup(thread) threads[#threads + 1] = thread end

function init(_)
  local token = os.getenv("BENCH_TOKEN")
  if token ~= "" then headers["Authorization"] = "Bearer " .. token end
  filler = wrk.format("GET", "/none", { ["Host"] = "127.0.0.1" })
end

function request()
  -- wrk asks once before it begins, to look at what it gets, and does not send it.
  if not is_looked_at then
    is_looked_at = true
    return filler
  end
  if number >= last then return filler end
  local items = {}
  while number < last and #items < batch do
    items[#items + 1] = item:gsub("{n}", number)
    number = number + 1
  end
  return wrk.format("POST", path, headers, before .. table.concat(items, ",") .. after)
end

function response(status)
  if status == 404 then return end
  if status >= 300 then refused = refused + 1 end
  answered = answered + 1
  if answered >= math.ceil(total / batch) then wrk.thread:stop() end
end

function done()
  for _, thread in ipairs(threads) do
    io.write("refused " .. thread:get("refused") .. "\n")
  end
end
