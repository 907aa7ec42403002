-- The entries of a log behind a position.
--
-- KEYS: the log. ARGV: the position's epoch and sequence number, how many entries at most.
-- Answers the log's last sequence number, then id and content of each entry; -1 when what follows the position is gone.

local log, after = KEYS[1], tonumber(ARGV[2])
local its = redis.call('HMGET', log, 'epoch', 'sequence')
local sequence = tonumber(its[2] or 0)
if its[1] ~= ARGV[1] or after > sequence then return { -1 } end

local answer = { sequence }
if after == sequence then return answer end
local entries = redis.call('XRANGE', log .. ':entries', (after + 1) .. '-0', '+', 'COUNT', ARGV[3])
for _, entry in ipairs(entries) do
  answer[#answer + 1] = entry[1]
  answer[#answer + 1] = entry[2][2]
end
-- The first one must begin right behind the position, or within it.
local last, count = string.match(answer[2] or '', '^(%d+)-(%d+)$')
if not last or last - count > after then return { -1 } end
return answer
