-- What nginx asks before it answers from its cache: who may have what, and what was purged.
-- The check of tokens is libsegue_verifier's; see infra/cdn/verifier.

local ffi = require "ffi"

ffi.cdef [[
struct segue_verifier;
struct segue_judgement {
    uint16_t status;
    size_t path_from;
    size_t path_until;
    const char *refusal;
    size_t refusal_length;
};
struct segue_verifier *segue_verifier_new(const char *keys, const char *purgers,
    char *error, size_t error_size);
void segue_verifier_free(struct segue_verifier *);
void segue_verifier_judge(const struct segue_verifier *, const char *target, size_t target_length,
    const char *cookies, size_t cookies_length, struct segue_judgement *);
int segue_verifier_may_purge(const struct segue_verifier *, const char *secret, size_t length);
int segue_verifier_is_object(const char *path, size_t length);
int segue_verifier_are_keys(const char *list, size_t length);
]]

local segue = {}

-- Set by `start` in the master process; workers inherit them.
local library, verifier
-- Filled anew by every judgement: nothing yields between that and its being read.
local judgement = ffi.new("struct segue_judgement")

local METHODS = "GET, HEAD, OPTIONS"

-- The same as an edge says (edge/delivery/src/head.rs).
local CORS = {
    ["Access-Control-Allow-Origin"] = "*",
    ["Access-Control-Expose-Headers"] = "Accept-Ranges, Age, Cache-Status, Content-Encoding, "
        .. "Content-Length, Content-Range, Date, ETag, Repr-Digest, Retry-After, Segue-Refusal, "
        .. "Server-Timing",
    ["Timing-Allow-Origin"] = "*",
}
local PREFLIGHT = {
    ["Access-Control-Allow-Methods"] = METHODS,
    ["Access-Control-Allow-Headers"] = "Range, If-Match, If-Range, If-None-Match, CMCD-Object, "
        .. "CMCD-Request, CMCD-Session, CMCD-Status",
    ["Access-Control-Max-Age"] = "86400",
}

local function set_headers(headers)
    for name, value in pairs(headers) do
        ngx.header[name] = value
    end
end

-- Answers with one line that nobody may keep.
local function explain(status, line)
    ngx.status = status
    set_headers(CORS)
    ngx.header["Cache-Control"] = "no-store"
    ngx.header["Content-Type"] = "text/plain; charset=utf-8"
    ngx.header["Content-Length"] = #line
    ngx.print(line)
    return ngx.exit(ngx.OK)
end

local REASONS = {
    [400] = "Bad Request",
    [404] = "Not Found",
    [405] = "Method Not Allowed",
    [413] = "Content Too Large",
    [414] = "URI Too Long",
    [500] = "Internal Server Error",
    [502] = "Bad Gateway",
    [503] = "Service Unavailable",
    [504] = "Gateway Timeout",
}

local function fail(status)
    return explain(status, REASONS[status] or "Failed")
end

local function refuse(status, reason)
    ngx.var.segue_refusal = reason
    ngx.header["Segue-Refusal"] = reason
    if status == 401 then
        ngx.header["WWW-Authenticate"] = 'SignedURL realm="segue"'
    end
    return explain(status, reason)
end

-- Purges -------------------------------------------------------------------------------------------------------------
--
-- Nothing is searched for. Purges are numbered, and the number of the last one that covers an object is a part of its
-- cache key: what was stored before, and what is still on its way, is never looked up again, and falls out of the cache
-- when its time is over. An object's surrogate keys stand in its path.
--
-- Numbers live in shared memory, which outlives a reload but not a restart. So what a cache key begins with is the time
-- when that memory was made: after a restart the cache is empty.

local purges = ngx.shared.segue_purges

local EPOCH, LAST = "epoch", "last"

local function last_purge(path)
    if purges:get(LAST) == 0 then
        return 0
    end
    local artist, album, song, version =
        path:match("^/artist/([^/]+)/album/([^/]+)/([^/]+)/([^/]+)/")
    return math.max(
        purges:get("artist:" .. artist) or 0,
        purges:get("album:" .. album) or 0,
        purges:get("song:" .. song) or 0,
        purges:get("version:" .. version) or 0,
        purges:get("url:" .. path) or 0
    )
end

local function cache_key(path)
    return string.format("%.0f.%.0f%s", purges:get(EPOCH), last_purge(path), path)
end

-- An epoch without numbers begins. One that is deleted while the old epoch holds would bring back what it hides, and
-- another worker may have read it just before: so a further one begins when all are gone.
local function forget_all(last)
    purges:incr(EPOCH, 1)
    for _, key in ipairs(purges:get_keys(0)) do
        if key ~= EPOCH and key ~= LAST and (purges:get(key) or 0) <= last then
            purges:delete(key)
        end
    end
    purges:incr(EPOCH, 1)
end

local function forget(key)
    local number = purges:incr(LAST, 1)
    -- Where there is no room to remember a purge, everything is purged.
    if not purges:safe_set(key, number) then
        forget_all(number)
    end
end

-- The keys to purge, or nil where one of them is none.
local function purged_keys(headers, path)
    local hard, soft = headers["xkey-purge"], headers["xkey-softpurge"]
    if hard and soft then
        return nil
    end
    local named = hard or soft
    if not named then
        -- One URL, as an edge has it: without token, without query.
        return library.segue_verifier_is_object(path, #path) == 1 and { "url:" .. path }
    end
    if type(named) == "table" then
        named = table.concat(named, " ")
    end
    if library.segue_verifier_are_keys(named, #named) ~= 1 then
        return nil
    end
    local keys = {}
    for key in named:gmatch("[^ ,]+") do
        keys[#keys + 1] = key
    end
    return keys
end

local function purge()
    -- 0: all of them, so that no header can be hidden behind a hundred others.
    local headers = ngx.req.get_headers(0)
    local secret = headers["segue-purge-secret"]
    if type(secret) ~= "string"
        or library.segue_verifier_may_purge(verifier, secret, #secret) ~= 1
    then
        return refuse(403, "wrong-purge-secret")
    end
    local keys = purged_keys(headers, ngx.var.request_uri)
    if not keys then
        return explain(400, "PURGE takes xkey-purge: song:, album:, artist: or version: and an id each, or a path")
    end
    for _, key in ipairs(keys) do
        forget(key)
    end
    return explain(200, "Purged")
end

-- Requests -----------------------------------------------------------------------------------------------------------

-- Called once by the master process; a fault in here keeps nginx from starting.
function segue.start(settings)
    library = ffi.load(settings.library)
    local error_size = 512
    local sentence = ffi.new("char[?]", error_size)
    verifier = library.segue_verifier_new(settings.keys, settings.purgers, sentence, error_size)
    if verifier == nil then
        error(ffi.string(sentence), 0)
    end
    -- Every reload makes a new one.
    verifier = ffi.gc(verifier, library.segue_verifier_free)
    assert(purges, "lua_shared_dict segue_purges is missing")
    assert(purges:safe_add(LAST, 0) or purges:get(LAST))
    assert(purges:safe_add(EPOCH, ngx.now() * 1000) or purges:get(EPOCH))
end

-- Where in node.conf an object is got.
local function place(path)
    if path:sub(-4) == ".ogg" or path:sub(-10) == "/media.mp4" then
        return "@slices"
    end
    return path:sub(-4) == ".key" and "@keys" or "@object"
end

-- Everything that comes from outside comes here first.
function segue.answer()
    local method = ngx.req.get_method()
    if method == "PURGE" then
        return purge()
    end
    if method == "OPTIONS" then
        set_headers(CORS)
        set_headers(PREFLIGHT)
        return ngx.exit(204)
    end
    if method ~= "GET" and method ~= "HEAD" then
        ngx.header["Allow"] = METHODS
        return fail(405)
    end
    local target, cookies = ngx.var.request_uri, ngx.var.http_cookie or ""
    library.segue_verifier_judge(verifier, target, #target, cookies, #cookies, judgement)
    local status = judgement.status
    if status ~= 200 then
        if judgement.refusal_length == 0 then
            return fail(status)
        end
        return refuse(status, ffi.string(judgement.refusal, judgement.refusal_length))
    end
    local path = target:sub(tonumber(judgement.path_from) + 1, tonumber(judgement.path_until))
    ngx.var.segue_path = path
    ngx.var.segue_key = cache_key(path)
    return ngx.exec(place(path))
end

-- What nginx itself would answer with a page: nobody could be asked, or nobody can read the request.
function segue.explain()
    return fail(ngx.status)
end

local LOOKUPS = {
    HIT = "hit",
    REVALIDATED = "hit",
    STALE = "hit; detail=stale",
    UPDATING = "hit; detail=stale",
    MISS = "fwd=miss",
    EXPIRED = "fwd=stale",
    BYPASS = "fwd=bypass",
}

-- Seconds since the edge, or who is behind it, read the object (RFC 9111 4.2.3).
local function age()
    local said = tonumber(ngx.var.upstream_http_age) or 0
    local date = ngx.var.upstream_http_date
    local then_ = date and ngx.parse_http_time(date)
    return said + (then_ and math.max(0, ngx.time() - then_) or 0)
end

-- The head of what comes from the cache or the edge, as a viewer gets it.
function segue.deliver()
    local lookup = LOOKUPS[ngx.var.upstream_cache_status or ""]
    if not lookup then
        return
    end
    local before = ngx.var.upstream_http_cache_status
    ngx.header["Cache-Status"] = (before and before .. ", " or "") .. "nginx; " .. lookup
    if ngx.status == 200 or ngx.status == 206 or ngx.status == 304 then
        ngx.header["Age"] = age()
        -- The viewer's URL holds a secret: nobody else may keep the answer.
        local control = ngx.var.upstream_http_cache_control
        if control then
            ngx.header["Cache-Control"] = control:gsub("^public", "private")
        end
    end
end

return segue
