-- Commits one segment's outcome for each of its models, once: everything or nothing.
-- KEYS  ledger (hash), epochs (sorted set), streams (set), results (stream), drops (stream),
--       sum (hash), stream (hash), failures (list), measures (hash), then `done` (bitmap) of each
--       of the models, and of each that wanted the segment
-- ARGV  the outcome as JSON (see Ledger._commit), the result's data or '', then for each model
--       what is known besides as JSON
-- Returns whether every model that wanted the segment has its outcome now, as 1 or 0.
local ledger, epochs, streams, results, drops, sum, stream, failures, measures = unpack(KEYS, 1, 9)
local it = cjson.decode(ARGV[1])
local over = it.epoch <= tonumber(redis.call('HGET', sum, 'through') or '-1')
local new = false
-- How many pictures were looked at in this window of time and the one before it, and could not be
-- decoded.
local function look()
  local known = redis.call('HMGET', stream, 'window', 'looked', 'spoilt')
  local last = tonumber(known[1] or '-1')
  if it.window > last then
    local looked, spoilt = 0, 0
    if it.window == last + 1 then looked, spoilt = known[2], known[3] end
    redis.call('HSET', stream, 'window', it.window, 'looked', 0, 'spoilt', 0,
      'lookedbefore', looked, 'spoiltbefore', spoilt)
    if tonumber(spoilt) == 0 then redis.call('HDEL', stream, 'spoiltsince') end
  end
  redis.call('HINCRBY', stream, 'looked', it.looked)
  if it.spoilt > 0 then
    redis.call('HINCRBY', stream, 'spoilt', it.spoilt)
    redis.call('HSETNX', stream, 'spoiltsince', it.moment)
  end
end
for i, model in ipairs(it.models) do
  local done = KEYS[9 + i]
  if not over and redis.call('SETBIT', done, it.bit, 1) == 0 then
    new = true
    redis.call('EXPIRE', done, it.remembered)
    for outcome, count in pairs(it.counts) do
      redis.call('HINCRBY', ledger, model .. ':' .. outcome, count)
    end
    for name, amount in pairs(it.measures) do
      redis.call('HINCRBYFLOAT', measures, model .. ':' .. name, amount)
    end
    if ARGV[2] ~= '' then
      redis.call('XADD', results, 'MAXLEN', '~', it.results, '*', 'data', ARGV[2], 'about', ARGV[2 + i])
    else
      redis.call('XADD', drops, 'MAXLEN', '~', it.results, '*', 'about', ARGV[2 + i])
    end
  end
end
if new then
  look()
  redis.call('SADD', streams, it.stream)
  if it.captured > tonumber(redis.call('HGET', ledger, 'captured') or '0') then
    redis.call('HSET', ledger, 'captured', it.captured)
  end
  if it.coldstart then
    redis.call('HSET', stream, 'coldstart', it.coldstart)
  end
  if it.failure then
    redis.call('LPUSH', failures, it.failure)
    redis.call('LTRIM', failures, 0, it.failures - 1)
  end
  if redis.call('ZADD', epochs, it.epoch, string.format('%.0f', it.epoch)) == 1 then
    fold(it.stream, epochs, sum, it.epochs)
  end
end
for i = 10 + #it.models, #KEYS do
  if redis.call('GETBIT', KEYS[i], it.bit) == 0 then
    return 0
  end
end
return 1
