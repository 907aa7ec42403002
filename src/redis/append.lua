-- Appends what one process has to tell to the logs of its conversations, in order.
--
-- KEYS: for each entry, its log. ARGV: the writer, the number of its first entry, the server's run, the time in seconds, how long
-- a log is kept in milliseconds, how many entries it keeps, what the name of its channel ends with; then eight for each entry.
-- A log is a hash; beside it stand the entries (a stream) and the text of the turn that runs (JSON without its quotes).
-- An entry's id is the sequence number of its last event and how many events it has.
-- Answers for each entry: what became of it, the log's epoch, its last sequence number, and what was asked for.

local writer, first, run, now = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local retention, max_entries, channel_end = tonumber(ARGV[5]), ARGV[6], ARGV[7]

local DONE, REFUSED, LOST, FAILED = 1, 2, 3, 4
local KNOWN_TURNS = 64
local TOUCH_SECONDS = 60

local function begin_anew(log, epoch)
  redis.call('DEL', log, log .. ':entries', log .. ':text')
  redis.call('HSET', log, 'epoch', epoch, 'run', run, 'sequence', 0)
end

-- Turns so old are over: nobody tells of them any more.
local function forget_old_turns(log, oldest, number)
  if number - KNOWN_TURNS < oldest then return oldest end
  for old = oldest, number - KNOWN_TURNS do
    redis.call('HDEL', log, 'start:' .. old, 'attempt:' .. old)
  end
  return number - KNOWN_TURNS + 1
end

-- Whether events of this attempt are refused, because a later one or another process has gone on with the turn.
local function is_stale(state, attempt)
  if state == tostring(attempt) then return false end
  if state == 'ended' then return true end
  local seen, taken = string.match(state, '^(%d+)(!?)$')
  return tonumber(seen) > attempt or (taken == '!' and tonumber(seen) == attempt)
end

local function append(log, at, nth)
  local kind, number, turn, attempt, count, payload, text, fresh = unpack(ARGV, at + 1, at + 8)
  number, attempt, count = tonumber(number), tonumber(attempt), tonumber(count)

  if kind == 'forget' then
    redis.call('DEL', log, log .. ':entries', log .. ':text')
    redis.call('PUBLISH', log .. channel_end, '- 0 0 ')
    return { DONE, '-', 0 }
  end

  local its = redis.call('HMGET', log, 'epoch', 'run', 'sequence', 'writer:' .. writer, 'newest', 'started', 'running', 'size',
    'oldest', 'touched', 'start:' .. number, 'attempt:' .. number, 'floor')
  local epoch, sequence, start, state = its[1], tonumber(its[3] or 0), its[11], its[12]
  local newest, started, running = tonumber(its[5] or 0), tonumber(its[6] or 0), its[7]
  local size, oldest, touched = tonumber(its[8] or 0), tonumber(its[9] or 0), tonumber(its[10] or 0)
  local floor = tonumber(its[13] or 0)
  -- What was lost when the server ended, nobody knows: a log does not outlive its run.
  local there = epoch and its[2] == run

  if there then
    -- Of what has been told before, the present is not the place.
    local told = { DONE, epoch, sequence, kind == 'announce' and '-' or nil }
    -- It was sent a second time because the answer did not come.
    if tonumber(its[4] or -1) >= nth then return told end
    if kind == 'announce' and (start or number < oldest) then return told end
    -- Whoever reads this log has read in the database what was said before it began; where the turn begins is still to be known.
    if kind == 'announce' and number < floor then
      redis.call('HSET', log, 'writer:' .. writer, nth, 'start:' .. number, state and '-' or sequence + 1)
      return { DONE, epoch, sequence, state and '-' or '=' }
    end
    if kind == 'end' and state == 'ended' then return { DONE, epoch, sequence } end
    if kind == 'start' and (number < oldest or (state and is_stale(state, attempt))) then return { REFUSED, epoch, sequence } end
    if kind == 'say' then
      if not state and number <= started then return { REFUSED, epoch, sequence } end
      if state and is_stale(state, attempt) then return { REFUSED, epoch, sequence } end
    end
  end
  local unknown = not there or not state or (state ~= 'ended' and tonumber(string.match(state, '%d+')) < attempt)
  if kind == 'say' and unknown then return { LOST, '', 0 } end
  -- Without its beginning the log may lack its text too, and what was told of a turn that seemed abandoned was refused: readers
  -- that are told of its end would miss it.
  local lacking = not there or (not state and number >= oldest) or (state and is_stale(state, attempt))
  if kind == 'end' and attempt >= 0 and lacking then return { LOST, '', 0 } end
  if kind == 'take' then
    if unknown then return { DONE, epoch or '', sequence } end
    if not is_stale(state, attempt) then redis.call('HSET', log, 'attempt:' .. number, attempt .. '!') end
    local shown = redis.call('GET', log .. ':text') or ''
    if running ~= turn or #shown ~= size then return { DONE, epoch, sequence } end
    return { DONE, epoch, sequence, shown }
  end

  local begins = not there or kind == 'reset'
  if begins then
    begin_anew(log, fresh)
    epoch, sequence, newest, started, running, size, touched = fresh, 0, 0, 0, false, 0, 0
    -- Of older turns nothing is there to be forgotten.
    oldest = math.max(0, number - KNOWN_TURNS + 1)
  end

  sequence = sequence + count
  local fields = { 'sequence', sequence, 'writer:' .. writer, nth }
  local function set(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  if begins then
    set('floor', kind == 'announce' and number or number + 1)
    set('oldest', oldest)
  end
  if turn ~= '' and number > newest then set('newest', number) end
  -- Of a turn that has begun already, what stands behind its message is not all there is.
  local position = not state
  if kind == 'announce' then set('start:' .. number, position and sequence or '-') end
  if kind == 'start' or kind == 'reset' then
    set('attempt:' .. number, attempt)
    if number >= started then
      set('started', number)
      set('running', turn)
      if size > 0 then redis.call('DEL', log .. ':text') end
      size = 0
      running = turn
      set('size', 0)
      set('oldest', forget_old_turns(log, oldest, number))
    end
  end
  if text ~= '' and running == turn then
    redis.call('APPEND', log .. ':text', text)
    if size == 0 then redis.call('PEXPIRE', log .. ':text', retention) end
    set('size', size + #text)
  end
  if kind == 'end' then
    set('attempt:' .. number, 'ended')
    if running == turn then
      redis.call('DEL', log .. ':text')
      set('running', '')
      set('size', 0)
    end
  end
  if count > 0 then
    redis.call('XADD', log .. ':entries', 'MAXLEN', '~', max_entries, sequence .. '-' .. count, 'e', payload)
  end
  local touch = kind == 'end' or now - touched > TOUCH_SECONDS
  if touch then set('touched', now) end
  redis.call('HSET', log, unpack(fields))
  if touch then
    for _, key in ipairs({ log, log .. ':entries', log .. ':text' }) do
      redis.call('PEXPIRE', key, retention + TOUCH_SECONDS * 1000)
    end
  end
  redis.call('PUBLISH', log .. channel_end, epoch .. ' ' .. sequence .. ' ' .. count .. ' ' .. payload)
  return { DONE, epoch, sequence, kind == 'announce' and not position and '-' or nil }
end

local answers = {}
for i, log in ipairs(KEYS) do
  local went, answer = pcall(append, log, 7 + (i - 1) * 8, first + i - 1)
  if not went then
    local reason = tostring(type(answer) == 'table' and answer.err or answer)
    -- One log that is broken keeps no other one waiting; a server that takes nothing at all is asked again later.
    if string.find(reason, '^%u+ ') and not string.find(reason, '^WRONGTYPE') then return redis.error_reply(reason) end
    answer = { FAILED, reason, 0 }
  end
  answers[i] = answer
end
return answers
