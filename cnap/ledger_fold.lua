-- Adds all but the newest `keep` epochs of a stream to one sum, so that nothing grows with its
-- restarts. What those left in flight was lost with their source: failed, interrupted.
local function fold(stream, epochs, sum, keep)
  for _, epoch in ipairs(redis.call('ZRANGE', epochs, 0, -keep - 1)) do
    local ledger = 'cnap:ledger:' .. stream .. ':' .. epoch
    local captured, models, counts = 0, {}, {}
    local entries = redis.call('HGETALL', ledger)
    for i = 1, #entries, 2 do
      local name, value = entries[i], entries[i + 1]
      local who, outcome = string.match(name, '^([^:]+):(.+)$')
      if name == 'captured' then
        captured = tonumber(value)
      elseif name == 'models' then
        for model in string.gmatch(value, '[^,]+') do models[model] = 0 end
      elseif who == '@source' then
        table.insert(counts, {false, 'dropped:' .. outcome, tonumber(value)})
      else
        models[who] = 0
        table.insert(counts, {who, outcome, tonumber(value)})
      end
    end
    for model in pairs(models) do
      local counted = 0
      for _, count in ipairs(counts) do
        if count[1] == model or not count[1] then
          counted = counted + count[3]
          redis.call('HINCRBY', sum, model .. ':' .. count[2], string.format('%.0f', count[3]))
        end
      end
      local left = string.format('%.0f', captured - counted)
      redis.call('HINCRBY', sum, model .. ':failed:interrupted', left)
      redis.call('HINCRBY', sum, model .. ':captured', string.format('%.0f', captured))
    end
    redis.call('HSET', sum, 'through', epoch)
    redis.call('ZREM', epochs, epoch)
    redis.call('DEL', ledger)
  end
end
