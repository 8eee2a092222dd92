-- Takes what a source tells of its stream. Its totals only grow, so they may come in any order;
-- the state itself only gives way to a newer one.
-- KEYS  stream (hash), ledger (hash), epochs (sorted set), streams (set), sum (hash)
-- ARGV  epoch, revision, stream, epochs to keep, captured, models, then how many pairs of
--       ledger field and total follow, those, and then pairs of the state's fields and values
local epoch, revision = tonumber(ARGV[1]), tonumber(ARGV[2])
if epoch <= tonumber(redis.call('HGET', KEYS[5], 'through') or '-1') then
  return
end
local function raise(name, total)
  if tonumber(total) >= tonumber(redis.call('HGET', KEYS[2], name) or '0') then
    redis.call('HSET', KEYS[2], name, total)
  end
end
raise('captured', ARGV[5])
redis.call('HSET', KEYS[2], 'models', ARGV[6])
local last = 7 + 2 * tonumber(ARGV[7])
for i = 8, last, 2 do
  raise(ARGV[i], ARGV[i + 1])
end
redis.call('SADD', KEYS[4], ARGV[3])
if redis.call('ZADD', KEYS[3], ARGV[1], ARGV[1]) == 1 then
  fold(ARGV[3], KEYS[3], KEYS[5], tonumber(ARGV[4]))
end
local known = redis.call('HMGET', KEYS[1], 'epoch', 'revision', 'state')
local at, of = tonumber(known[1] or '-1'), tonumber(known[2] or '-1')
if epoch > at or (epoch == at and revision > of) then
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'revision', ARGV[2])
  for i = last + 1, #ARGV, 2 do
    if ARGV[i] == 'state' and ARGV[i + 1] == 'offline' and known[3] ~= 'offline' then
      redis.call('HINCRBY', KEYS[1], 'breaks', 1)
    end
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
