-- Requests of people who use the API, one route or a mix of them: `wrk … URL -- ROUTE FOLDER`, where the folder holds what
-- to ask for, a line each: songs, albums, artists, genres, playlists, prefixes, listeners (token, own playlist), and one
-- who has songs (token), who is never answered from memory, since they are shown more than everybody.
local things = {}
local kinds = {"songs", "albums", "artists", "genres", "playlists", "prefixes", "listeners", "uploaders"}
local route

local function some(kind) return things[kind][math.random(#things[kind])] end

local function as_listener(method, path, body)
   local token, own = some("listeners"):match("(%S+) (%S+)")
   local headers = {Authorization = "Bearer " .. token}
   if body then
      headers["Content-Type"] = "application/json"
      body = body(own)
   end
   return wrk.format(method, (path:gsub("OWN", own)), headers, body)
end

local function by_uploader(path)
   return wrk.format("GET", path, {Authorization = "Bearer " .. some("uploaders")})
end

local routes = {
   ["song to artists"] = function() return by_uploader("/v1/songs/" .. some("songs")) end,
   ["new to artists"] = function() return by_uploader("/v1/songs/new?genre=" .. some("genres")) end,
   ["trending to artists"] = function() return by_uploader("/v1/songs/trending?genre=" .. some("genres")) end,
   song = function() return wrk.format("GET", "/v1/songs/" .. some("songs")) end,
   album = function() return wrk.format("GET", "/v1/albums/" .. some("albums")) end,
   artist = function() return wrk.format("GET", "/v1/artists/" .. some("artists") .. "/songs") end,
   genre = function() return wrk.format("GET", "/v1/songs?genre=" .. some("genres")) end,
   new = function() return wrk.format("GET", "/v1/songs/new?genre=" .. some("genres")) end,
   trending = function() return wrk.format("GET", "/v1/songs/trending?genre=" .. some("genres")) end,
   search = function() return wrk.format("GET", "/v1/search?q=" .. some("prefixes")) end,
   playlist = function() return wrk.format("GET", "/v1/playlists/" .. some("playlists") .. "/entries") end,
   mine = function() return as_listener("GET", "/v1/playlists") end,
   likes = function() return as_listener("GET", "/v1/users/me/likes") end,
   playback = function() return as_listener("POST", "/v1/songs/" .. some("songs") .. "/playback") end,
   like = function() return as_listener("PUT", "/v1/users/me/likes/" .. some("songs")) end,
   unlike = function() return as_listener("DELETE", "/v1/users/me/likes/" .. some("songs")) end,
   edit = function()
      local song = some("songs")
      return as_listener("PATCH", "/v1/playlists/OWN", function()
         return '{"description": "' .. song .. '"}'
      end)
   end,
}

-- Of a hundred requests; one in eight writes.
local mix = {song = 25, album = 10, artist = 6, genre = 4, new = 6, trending = 8, search = 10, playlist = 12,
   mine = 4, likes = 3, playback = 6, like = 3, unlike = 1, edit = 2}
local dealt = {}

function init(arguments)
   route = arguments[1]
   for _, kind in ipairs(kinds) do
      things[kind] = {}
      for line in io.lines(arguments[2] .. "/" .. kind) do table.insert(things[kind], line) end
   end
   for name, weight in pairs(mix) do
      for _ = 1, weight do table.insert(dealt, name) end
   end
   table.sort(dealt)
   math.randomseed(7)
end

function request()
   return routes[route == "mix" and dealt[math.random(#dealt)] or route]()
end

done = function(summary, latency)
   local e = summary.errors
   io.write(string.format("figures %d %.6f %d %.3f %.3f\n", summary.requests, summary.duration / 1e6,
      e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
