# Sourced by `catalogue`: a million songs in SQLite and in PostgreSQL.

postgres_bin=/usr/lib/postgresql/15/bin

# seed KIND FOLDER: fills a new database in the folder; says how many rows a second, and how large it is.
seed() {
    local kind=$1 folder=$2 begun ended rows
    mkdir -p "$folder"
    make_"$kind" "$folder"
    begun=$(date +%s.%N)
    rows=$(fill_"$kind" "$folder")
    ended=$(date +%s.%N)
    awk -v kind="$kind" -v rows="$rows" -v from="$begun" -v to="$ended" -v bytes="$(size_"$kind" "$folder")" 'BEGIN {
        printf "%s: %.1f M rows in %.0f s, %.0f a second with their indexes; %.2f GB\n", kind, rows / 1e6, to - from, rows / (to - from), bytes / 1e9 }'
}

make_sqlite() { "$segue" migrate --data "$1" >/dev/null; }

# Indexes are made when the rows are there, in one go each.
fill_sqlite() {
    local file=$1/catalogue.sqlite indexes
    indexes=$(sqlite3 "$file" "SELECT sql || ';' FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
    sqlite3 "$file" "SELECT 'DROP INDEX ' || name || ';' FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL" | sqlite3 "$file"
    { echo 'PRAGMA journal_mode = off;'; "$rows_of" sqlite "$songs"; } | sqlite3 "$file" >/dev/null
    { echo 'PRAGMA cache_size = -2000000; PRAGMA temp_store = memory;'; echo "$indexes"; echo 'PRAGMA journal_mode = wal;'; } | sqlite3 "$file" >/dev/null
    each_table "sqlite3 $file" "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
}

size_sqlite() { stat --format %s "$1/catalogue.sqlite"; }

# Its own cluster: who is root runs it as `postgres`.
make_postgres() {
    chown postgres "$1"
    as_postgres "$postgres_bin/initdb" --username=postgres --auth=trust --no-sync --encoding=UTF8 --locale=C.UTF-8 --pgdata "$1/cluster" >/dev/null
    start_postgres "$1" -c wal_level=minimal -c max_wal_senders=0
    SEGUE_DATABASE_URL=$(postgres_url "$1") "$segue" migrate >/dev/null
}

fill_postgres() {
    local psql="psql --quiet --no-psqlrc --tuples-only --no-align --username=postgres --host=$1 --set=ON_ERROR_STOP=1" indexes
    local plain="FROM pg_indexes i WHERE schemaname = 'public' AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = i.indexname)"
    indexes=$($psql --command "SELECT indexdef || ';' $plain")
    $psql --command "SELECT 'DROP INDEX ' || indexname || ';' $plain" | $psql
    "$rows_of" postgres "$songs" | $psql
    { echo "SET maintenance_work_mem = '1GB';"; echo "$indexes"; echo "VACUUM ANALYZE;"; } | $psql
    each_table "$psql --command" "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
}

size_postgres() {
    psql --quiet --tuples-only --no-align --username=postgres --host="$1" --command "SELECT pg_database_size('postgres')"
}

# How many rows there are in all.
each_table() {
    local run=$1 table total=0
    for table in $($run "$2"); do total=$((total + $($run "SELECT COUNT(*) FROM $table"))); done
    echo "$total"
}

# start_postgres FOLDER [SETTING…]: as somebody would who has a small machine for it.
start_postgres() {
    local folder=$1
    shift
    as_postgres "$postgres_bin/pg_ctl" start --silent --wait --pgdata "$folder/cluster" --log "$folder/log" \
        --options "-k $folder -c listen_addresses= -c shared_buffers=2GB -c effective_cache_size=8GB -c max_wal_size=8GB $*"
}

stop_postgres() { as_postgres "$postgres_bin/pg_ctl" stop --silent --mode=fast --pgdata "$1/cluster"; }

postgres_url() { echo "postgres://postgres@localhost/postgres?host=$1"; }

as_postgres() { (cd / && if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"; else "$@"; fi); }
