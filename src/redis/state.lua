-- What a log knows about its present; begins one where there is none.
--
-- KEYS: the log. ARGV: the epoch of a new one, the server's run, how long logs are kept in milliseconds.
-- Answers its epoch, its last sequence number, its newest turn, and, if one runs, that turn's id, number and text so far.

local log = KEYS[1]
local its = redis.call('HMGET', log, 'epoch', 'sequence', 'newest', 'running', 'started', 'size')
local epoch, running, size = its[1], its[4] or '', tonumber(its[6] or 0)

local text = ''
if running ~= '' then text = redis.call('GET', log .. ':text') or '' end

-- A server that runs short of memory may have dropped any of the three: what is left is no log.
if not epoch or #text ~= size then
  redis.call('DEL', log, log .. ':entries', log .. ':text')
  redis.call('HSET', log, 'epoch', ARGV[1], 'run', ARGV[2], 'sequence', 0)
  redis.call('PEXPIRE', log, ARGV[3])
  return { ARGV[1], 0, 0 }
end
local answer = { epoch, tonumber(its[2]), tonumber(its[3] or 0) }
if running ~= '' then
  answer[4], answer[5], answer[6] = running, tonumber(its[5]), text
end
return answer
