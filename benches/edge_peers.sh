# Sourced by `edge`: one packaged song, and three servers of its files, each pinned to one core.

# Packages the demo song by a server that is then stopped; leaves its folder of objects, a listener's path and the key set.
package_a_song() {
    local url token song path size
    SEGUE_ADMIN_PASSWORD=correct-horse "$segue" up --data "$work/data" --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --log error >"$work/up" &
    local up=$!
    until url=$(sed -n 's/^Segue is at //p' "$work/up") && [ -n "$url" ]; do sleep 0.1; done
    token=$(curl -sf "$url/v1/sessions" -H 'content-type: application/json' -d '{"login":"admin","password":"correct-horse"}' | jq -r .access_token)
    until song=$(curl -sf "$url/v1/songs" | jq -re '.songs[0] | select(.state == "ready") | .id'); do sleep 0.2; done
    path=$(curl -sf -X POST "$url/v1/songs/$song/playback" -H "authorization: Bearer $token" | jq -r .hls)
    path=${path#"$url"}
    listener=${path%/*}
    folder=${listener#/t/*/}
    curl -sf "$url/.well-known/jwks.json" >"$work/jwks.json"
    kill "$up" && wait "$up" || true
    objects=$work/data/objects
    for size in "${sizes[@]}"; do ln -s "$objects/$folder/$(file_of "$size")" "$work/$size"; done
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
}

file_of() {
    case $1 in
        1) echo aac/64/init.mp4 ;;
        48) echo aac/64/00001.m4s ;;
        240) echo aac/320/00001.m4s ;;
    esac
}

start_segue() {
    local secret=0123456789abcdef0123456789abcdef
    start_edge segue 18101 --log info
    row segue $! "http://127.0.0.1:18101$listener/"
    start_edge segue_silent 18102 --log error
    row segue_unlogged $! "http://127.0.0.1:18102$listener/"
    SEGUE_EDGE_SECRET=$secret start_edge segue_pulled 18103 --log error
    row segue_unlogged_for_a_CDN $! "http://127.0.0.1:18103/$folder/" "Segue-Edge-Secret:$secret"
    start_edge segue_tls 18104 --log info --tls-cert "$work/cert.pem" --tls-key "$work/key.pem"
    row segue_tls $! "https://127.0.0.1:18104$listener/"
}

# start_edge NAME PORT FLAG…: its log goes where a log goes, to a file.
start_edge() {
    local name=$1 port=$2
    shift 2
    taskset -c "$server_core" "$segue" edge --origin "$objects" --jwks "$work/jwks.json" --listen "127.0.0.1:$port" \
        --admin-listen 127.0.0.1:0 "$@" >"$work/$name.out" 2>"$work/$name.log" &
    servers+=($!)
    await "$port"
}

start_nginx() {
    cat >"$work/nginx.conf" <<CONF
user $(id -un) $(id -gn);
worker_processes 1;
daemon off;
pid $work/nginx.pid;
error_log $work/nginx.err;
events { worker_connections 1024; }
http {
    types { video/mp4 mp4; video/iso.segment m4s; }
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    open_file_cache max=1000 inactive=1h;
    ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
    ssl_certificate $work/cert.pem;
    ssl_certificate_key $work/key.pem;
    server {
        listen 127.0.0.1:18201;
        listen 127.0.0.1:18202 ssl;
        root $objects;
        location / {
            secure_link \$arg_md5,\$arg_expires;
            secure_link_md5 "\$secure_link_expires\$uri sesame";
            if (\$secure_link = "") { return 403; }
            if (\$secure_link = "0") { return 410; }
            add_header Cache-Control "public, max-age=31536000, immutable";
        }
    }
}
CONF
    taskset -c "$server_core" nginx -p "$work" -c "$work/nginx.conf" 2>>"$work/nginx.err" &
    servers+=($!)
    await 18201
    row nginx $! "http://127.0.0.1:18201/$folder/"
    row nginx_tls $! "https://127.0.0.1:18202/$folder/"
}

start_varnish() {
    printf 'vcl 4.1;\nbackend default { .host = "127.0.0.1"; .port = "18103"; }\nsub vcl_backend_fetch { set bereq.http.Segue-Edge-Secret = "%s"; }\n' \
        0123456789abcdef0123456789abcdef >"$work/varnish.vcl"
    taskset -c "$server_core" varnishd -F -j none -n "$work/varnish" -a 127.0.0.1:18301 -f "$work/varnish.vcl" -s malloc,256m >"$work/varnish.out" 2>&1 &
    servers+=($!)
    await 18301
    row varnish $! "http://127.0.0.1:18301/$folder/"
}

# url_of BASE KB: nginx's is signed.
url_of() {
    local file path
    file=$(file_of "$2")
    path=/$folder/$file
    case $1 in
        *:1820?/*) echo "$1$file?expires=4102444800&md5=$(printf '%s' "4102444800$path sesame" | openssl md5 -binary | openssl base64 | tr +/ -_ | tr -d =)" ;;
        *) echo "$1$file" ;;
    esac
}

# same_bytes NAME PID BASE [HEADER]: who serves something else, or serves it to whoever has no token, is not measured.
same_bytes() {
    local size url
    for size in "${sizes[@]}"; do
        url=$(url_of "$3" "$size")
        curl -skf "$url" ${4:+-H "$4"} | cmp - "$work/$size" || { echo "$1 serves other bytes than the file of $size KB" >&2; return 1; }
    done
}

await() {
    local _
    for _ in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.1
    done
    echo "nobody listens on port $1" >&2
    return 1
}

# By id, those that this run started.
stop_all() {
    local pid
    for pid in "${servers[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
}
