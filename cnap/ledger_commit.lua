-- Commits one segment's outcome for one model, once: everything or nothing.
-- KEYS  done (bitmap), ledger (hash), epochs (sorted set), streams (set), results (stream),
--       drops (stream), sum (hash)
-- ARGV  bit, epoch, stream, captured, expiry of `done`, results to keep, result or '',
--       what is known besides as JSON, epochs to keep, then pairs of ledger field and count
-- Returns 1 if it was committed now, 0 if it had been before or its epoch is long over.
if tonumber(ARGV[2]) <= tonumber(redis.call('HGET', KEYS[7], 'through') or '-1') then
  return 0
end
if redis.call('SETBIT', KEYS[1], ARGV[1], 1) == 1 then
  return 0
end
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('SADD', KEYS[4], ARGV[3])
if tonumber(ARGV[4]) > tonumber(redis.call('HGET', KEYS[2], 'captured') or '0') then
  redis.call('HSET', KEYS[2], 'captured', ARGV[4])
end
for i = 10, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[2], ARGV[i], ARGV[i + 1])
end
if ARGV[7] ~= '' then
  redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[6], '*', 'data', ARGV[7], 'about', ARGV[8])
else
  redis.call('XADD', KEYS[6], 'MAXLEN', '~', ARGV[6], '*', 'about', ARGV[8])
end
if redis.call('ZADD', KEYS[3], ARGV[2], ARGV[2]) == 1 then
  fold(ARGV[3], KEYS[3], KEYS[7], tonumber(ARGV[9]))
end
return 1
