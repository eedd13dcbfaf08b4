//! What Redis does in one step each: Lua, with the keys below `vsps:`.
//!
//! ```text
//! vsps:meta        hash: run (names this content), server (the process of Redis that has it), fleet (see Fleet), key (sign
//!                  ids); ends 30 s after the last replica
//! vsps:ordinal     the number of the last session
//! vsps:position    the number of changes; the channel `vsps:changes` has each as "POSITION ORDINAL", rules as 0
//! vsps:index       sorted set of ordinals, by the time in ms at which they end
//! vsps:s:N         hash of session N: record, created, started, hosts, usage, ns, by (the replica with its last requests),
//!                  run (in which the replica with its last requests wrote it)
//! vsps:l:N         list of its commands, each "MS JSON"
//! vsps:e:N         session N was ended by a request; kept for a while
//! vsps:rules       hash: version, text, run (in which they were replaced)
//! vsps:ns:NAME     sorted set as vsps:index, of a namespace with a quota; vsps:rate:NAME:SECOND counts its new sessions
//! ```
//!
//! Keys are made from arguments, so a Redis Cluster is not supported.

use redis::Script;

const TIME: &str = "local t = redis.call('TIME')\n\
    local now = t[1] * 1000 + math.floor(t[2] / 1000)\n";

/// Keeps session n, which has the hash s, for `left` ms, or longer.
const KEEP: &str = "local function keep(n, left, ns)\n\
    if redis.call('PTTL', 'vsps:s:' .. n) >= left then return end\n\
    redis.call('PEXPIRE', 'vsps:s:' .. n, left)\n\
    redis.call('PEXPIRE', 'vsps:l:' .. n, left)\n\
    redis.call('ZADD', 'vsps:index', now + left, n)\n\
    if ns and ns ~= '' then\n\
    redis.call('ZADD', 'vsps:ns:' .. ns, now + left, n)\n\
    if redis.call('PTTL', 'vsps:ns:' .. ns) < left then redis.call('PEXPIRE', 'vsps:ns:' .. ns, left) end\n\
    end\n\
    end\n";

/// Whether `name` is the present run: in another one, the numbers of sessions are those of others.
const RUN: &str = "local function present(name)\n\
    return redis.call('HGET', 'vsps:meta', 'run') == name\n\
    end\n";

const STATE: &str = "local function state(run)\n\
    local m = redis.call('HMGET', 'vsps:meta', 'fleet', 'key')\n\
    local p = redis.call('GET', 'vsps:position') or '0'\n\
    return {run or '', m[1] or '', m[2] or '', p, tostring(now)}\n\
    end\n";

/// The name of this process of Redis; empty if it must not be read. Another process may have older data: those of its last
/// snapshot, or of a replica of Redis.
const SERVER: &str = "local function server()\n\
    local info = redis.pcall('INFO', 'server')\n\
    return type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''\n\
    end\n";

/// Counts a change of session n (0 = of the rules), and tells the replicas.
const CHANGED: &str = "local function changed(n)\n\
    local p = redis.call('INCR', 'vsps:position')\n\
    redis.call('PUBLISH', 'vsps:changes', p .. ' ' .. n)\n\
    end\n";

/// fleet, new run, new key, lowest ordinal, ttl in ms, keys that sign ids (may be empty), lowest number of changes. At most
/// four keys are kept. Further keys are taken over while no session was started: later, another session could have the
/// number in an id.
const JOIN: &str = "local id = server()\n\
    if redis.call('EXISTS', 'vsps:meta') == 0 then\n\
    redis.call('HSET', 'vsps:meta', 'fleet', ARGV[1], 'run', ARGV[2], 'key', ARGV[6] ~= '' and ARGV[6] or ARGV[3])\n\
    elseif redis.call('HGET', 'vsps:meta', 'server') ~= id then\n\
    redis.call('HSET', 'vsps:meta', 'run', ARGV[2])\n\
    end\n\
    redis.call('HSET', 'vsps:meta', 'server', id)\n\
    if tonumber(ARGV[7]) > tonumber(redis.call('GET', 'vsps:position') or '0') then\n\
    redis.call('SET', 'vsps:position', ARGV[7])\n\
    end\n\
    local keys = redis.call('HGET', 'vsps:meta', 'key')\n\
    local unused = redis.call('EXISTS', 'vsps:ordinal') == 0\n\
    for key in string.gmatch(ARGV[6], '[^,]+') do\n\
    local _, commas = string.gsub(keys, ',', '')\n\
    if unused and commas < 3 and not string.find(keys, key, 1, true) then keys = keys .. ',' .. key end\n\
    end\n\
    redis.call('HSET', 'vsps:meta', 'key', keys)\n\
    if tonumber(ARGV[4]) > tonumber(redis.call('GET', 'vsps:ordinal') or '0') then\n\
    redis.call('SET', 'vsps:ordinal', ARGV[4])\n\
    end\n\
    redis.call('PEXPIRE', 'vsps:meta', ARGV[5])\n\
    return state(redis.call('HGET', 'vsps:meta', 'run'))";

/// run, ttl in ms.
const HEARTBEAT: &str = "local run = redis.call('HGET', 'vsps:meta', 'run')\n\
    if run ~= ARGV[1] or redis.call('HGET', 'vsps:meta', 'server') ~= server() then return state('') end\n\
    redis.call('PEXPIRE', 'vsps:meta', ARGV[2])\n\
    return state(run)";

/// run, record, idle in ms, the most sessions, namespace, its sessions, its rate.
const CREATE: &str = "if redis.call('HGET', 'vsps:meta', 'run') ~= ARGV[1] then return {'lost'} end\n\
    redis.call('ZREMRANGEBYSCORE', 'vsps:index', '-inf', now)\n\
    if redis.call('ZCARD', 'vsps:index') >= tonumber(ARGV[4]) then return {'full'} end\n\
    local ns = ARGV[5]\n\
    if ns ~= '' then\n\
    redis.call('ZREMRANGEBYSCORE', 'vsps:ns:' .. ns, '-inf', now)\n\
    if ARGV[6] ~= '' and redis.call('ZCARD', 'vsps:ns:' .. ns) >= tonumber(ARGV[6]) then return {'sessions'} end\n\
    local rate = 'vsps:rate:' .. ns .. ':' .. t[1]\n\
    local started = tonumber(redis.call('GET', rate) or '0')\n\
    if ARGV[7] ~= '' and started >= tonumber(ARGV[7]) then return {'rate'} end\n\
    redis.call('INCR', rate)\n\
    redis.call('EXPIRE', rate, 5)\n\
    end\n\
    local n = redis.call('INCR', 'vsps:ordinal')\n\
    redis.call('HSET', 'vsps:s:' .. n, 'record', ARGV[2], 'created', now, 'ns', ns, 'run', ARGV[1])\n\
    keep(n, tonumber(ARGV[3]), ns)\n\
    return {'ok', tostring(n), tostring(now)}";

/// ordinal, run.
const LOAD: &str = "if not present(ARGV[2]) then return {'lost'} end\n\
    local n = ARGV[1]\n\
    local f = redis.call('HMGET', 'vsps:s:' .. n, 'record', 'created', 'started', 'hosts', 'usage', 'by')\n\
    if not f[1] then return {} end\n\
    local all = {f[1], f[2], f[3] or '', f[4] or '', f[5] or '', f[6] or ''}\n\
    for _, entry in ipairs(redis.call('LRANGE', 'vsps:l:' .. n, 0, -1)) do all[#all + 1] = entry end\n\
    return all";

/// ordinal, from, run.
const UPDATES: &str = "if not present(ARGV[3]) or redis.call('EXISTS', 'vsps:s:' .. ARGV[1]) == 0 then return {'missing'} end\n\
    if redis.call('LLEN', 'vsps:l:' .. ARGV[1]) < tonumber(ARGV[2]) then return {'missing'} end\n\
    local all = {'ok', redis.call('HGET', 'vsps:s:' .. ARGV[1], 'by') or ''}\n\
    for _, entry in ipairs(redis.call('LRANGE', 'vsps:l:' .. ARGV[1], ARGV[2], -1)) do all[#all + 1] = entry end\n\
    return all";

/// ordinal, from, command, the most commands, run.
const APPEND: &str = "local s, l = 'vsps:s:' .. ARGV[1], 'vsps:l:' .. ARGV[1]\n\
    if not present(ARGV[5]) or redis.call('EXISTS', s) == 0 then return {'missing'} end\n\
    local count = redis.call('LLEN', l)\n\
    if count < tonumber(ARGV[2]) then return {'missing'} end\n\
    if count ~= tonumber(ARGV[2]) then\n\
    local all = {'behind'}\n\
    for _, entry in ipairs(redis.call('LRANGE', l, ARGV[2], -1)) do all[#all + 1] = entry end\n\
    return all\n\
    end\n\
    if count >= tonumber(ARGV[4]) then return {'full'} end\n\
    redis.call('RPUSH', l, now .. ' ' .. ARGV[3])\n\
    redis.call('PEXPIRE', l, redis.call('PTTL', s))\n\
    changed(ARGV[1])\n\
    return {'ok', tostring(now)}";

/// run, the name of the replica; then of each session: ordinal, started, hosts, usage, how long to keep it in ms, each empty if
/// it is not to be written; whether its requests now come to this replica. If they come to another one, that one has the
/// newer hosts and counters.
const TOUCH: &str = "local there, known = {}, present(ARGV[1])\n\
    for i = 3, #ARGV, 6 do\n\
    local n = ARGV[i]\n\
    local s = 'vsps:s:' .. n\n\
    if not known or redis.call('EXISTS', s) == 0 then there[#there + 1] = 0 else\n\
    if ARGV[i + 1] ~= '' then redis.call('HSETNX', s, 'started', ARGV[i + 1]) end\n\
    local by = redis.call('HGET', s, 'by')\n\
    local own = ARGV[i + 5] == '1' or not by or by == ARGV[2]\n\
    if own and ARGV[i + 2] ~= '' then redis.call('HSET', s, 'hosts', ARGV[i + 2]) end\n\
    if own and ARGV[i + 3] ~= '' then redis.call('HSET', s, 'usage', ARGV[i + 3]) end\n\
    if ARGV[i + 4] ~= '' then keep(n, tonumber(ARGV[i + 4]), redis.call('HGET', s, 'ns')) end\n\
    if ARGV[i + 5] == '1' and by ~= ARGV[2] then\n\
    redis.call('HSET', s, 'by', ARGV[2])\n\
    if by then changed(n) end\n\
    end\n\
    there[#there + 1] = 1\n\
    end\n\
    end\n\
    return there";

/// ordinal, idle in ms, namespace, record, created, started, hosts, usage, by; then the commands. Hosts and counters are
/// those of the replica with the last requests, if that is known. What was not written in this run by such a replica is
/// older than what one has. Others are told, if they may have read the session before.
const RESTORE: &str = "local n, s, l = ARGV[1], 'vsps:s:' .. ARGV[1], 'vsps:l:' .. ARGV[1]\n\
    if redis.call('EXISTS', 'vsps:e:' .. n) == 1 then return 0 end\n\
    local run, last = redis.call('HGET', 'vsps:meta', 'run'), ARGV[9] ~= ''\n\
    local created, by = redis.call('HGET', s, 'created'), redis.call('HGET', s, 'by')\n\
    if created and created ~= ARGV[5] then return 2 end\n\
    local longer = not created or redis.call('LLEN', l) < #ARGV - 9\n\
    local older = not by or last and redis.call('HGET', s, 'run') ~= run\n\
    if not longer and not (last and older) then return 1 end\n\
    redis.call('HSET', s, 'record', ARGV[4], 'created', ARGV[5], 'ns', ARGV[3])\n\
    if ARGV[6] ~= '' then redis.call('HSETNX', s, 'started', ARGV[6]) end\n\
    if last or not by then redis.call('HSET', s, 'hosts', ARGV[7], 'usage', ARGV[8]) end\n\
    if last then redis.call('HSET', s, 'by', ARGV[9], 'run', run or '') end\n\
    if longer then redis.call('DEL', l) end\n\
    for i = 10, longer and #ARGV or 0 do redis.call('RPUSH', l, ARGV[i]) end\n\
    keep(n, tonumber(ARGV[2]), ARGV[3])\n\
    redis.call('PEXPIRE', l, redis.call('PTTL', s))\n\
    if created then changed(n) end\n\
    return 1";

/// ordinal, how long to keep that it was ended, in ms, run.
const END: &str = "if not present(ARGV[3]) then return 2 end\n\
    local s = 'vsps:s:' .. ARGV[1]\n\
    local ns = redis.call('HGET', s, 'ns')\n\
    if redis.call('DEL', s) == 0 then return 0 end\n\
    redis.call('SET', 'vsps:e:' .. ARGV[1], 1, 'PX', ARGV[2])\n\
    redis.call('DEL', 'vsps:l:' .. ARGV[1])\n\
    redis.call('ZREM', 'vsps:index', ARGV[1])\n\
    if ns and ns ~= '' then redis.call('ZREM', 'vsps:ns:' .. ns, ARGV[1]) end\n\
    changed(ARGV[1])\n\
    return 1";

/// The version of the rules of all sessions, and how they are replaced.
const WRITE_RULES: &str = "local v = tonumber(redis.call('HGET', 'vsps:rules', 'version') or '1')\n\
    local function write(version, given, text)\n\
    redis.call('HSET', 'vsps:rules', 'version', version)\n\
    if given == '1' then redis.call('HSET', 'vsps:rules', 'text', text)\n\
    else redis.call('HDEL', 'vsps:rules', 'text') end\n\
    changed(0)\n\
    end\n";

/// run. Version, and the rules if there are some.
const RULES: &str = "if not present(ARGV[1]) then return {} end\n\
    return {tostring(v), redis.call('HGET', 'vsps:rules', 'text') or nil}";

/// the present version, whether there are rules, the rules, run.
const REPLACE_RULES: &str = "if not present(ARGV[4]) then return {0, 0} end\n\
    if v ~= tonumber(ARGV[1]) then return {v, 0} end\n\
    write(v + 1, ARGV[2], ARGV[3])\n\
    redis.call('HSET', 'vsps:rules', 'run', ARGV[4])\n\
    return {v + 1, 1}";

/// their version, whether there are rules, the rules.
const RESTORE_RULES: &str = "local run = redis.call('HGET', 'vsps:rules', 'run')\n\
    if v < tonumber(ARGV[1]) and not (run and present(run)) then\n\
    v = tonumber(ARGV[1])\n\
    write(v, ARGV[2], ARGV[3])\n\
    end\n\
    return {tostring(v), redis.call('HGET', 'vsps:rules', 'text') or nil}";

/// All scripts. They are called by their hashes: only the first call sends the text.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) join: Script,
    pub(super) heartbeat: Script,
    pub(super) create: Script,
    pub(super) load: Script,
    pub(super) updates: Script,
    pub(super) append: Script,
    pub(super) touch: Script,
    pub(super) restore: Script,
    pub(super) end: Script,
    pub(super) rules: Script,
    pub(super) replace_rules: Script,
    pub(super) restore_rules: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        let script =
            |text: &str| Script::new(&format!("{TIME}{STATE}{RUN}{SERVER}{CHANGED}{KEEP}{text}"));
        let of_rules = |text: &str| script(&format!("{WRITE_RULES}{text}"));
        Self {
            join: script(JOIN),
            heartbeat: script(HEARTBEAT),
            create: script(CREATE),
            load: script(LOAD),
            updates: script(UPDATES),
            append: script(APPEND),
            touch: script(TOUCH),
            restore: script(RESTORE),
            end: script(END),
            rules: of_rules(RULES),
            replace_rules: of_rules(REPLACE_RULES),
            restore_rules: of_rules(RESTORE_RULES),
        }
    }
}
