#!/usr/bin/env bash
# From a bare clone to a page served by a container: installs what is missing, starts the daemon unless it runs,
# makes an image of Debian's busybox, runs a web server from it on a published port and fetches its page. Run it as
# often as you like. What it started is taken back when it fails.
#   MINKE_DATA_ROOT, MINKE_EXEC_ROOT: other places than /var/lib/minke and /run/minke
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

data_root=${MINKE_DATA_ROOT:-/var/lib/minke}
exec_root=${MINKE_EXEC_ROOT:-/run/minke}
socket=$exec_root/minke.sock
log=$exec_root/minked.log
image=minke/hello
container=minke-quickstart

bold() { printf '\033[1m%s\033[0m\n' "$*"; }
api() { curl -sS --fail-with-body --unix-socket "$socket" "$@"; }
alive() { [ -S "$socket" ] && [ "$(api -m 2 http://minke/_ping 2>/dev/null || true)" = OK ]; }

started_daemon=
work=
finish() {
  local status=$?
  [ -n "$work" ] && rm -rf "$work"
  alive && bin/minke -H "unix://$socket" rm -f "$container" >/dev/null 2>&1 || true
  if [ $status != 0 ]; then
    if [ -n "$started_daemon" ] && kill -0 "$started_daemon" 2>/dev/null; then
      kill "$started_daemon" 2>/dev/null || true
      wait "$started_daemon" 2>/dev/null || true
    fi
    [ -s "$log" ] && { echo "--- the end of $log:"; tail -5 "$log"; } >&2
    echo "quickstart failed; what it had started was stopped" >&2
  fi
  exit $status
}

make_image() {
  work=$(mktemp -d)
  mkdir -p "$work"/{bin,etc,tmp,root,dev,proc,sys,www}
  cp /bin/busybox "$work/bin/"
  for applet in $(/bin/busybox --list); do
    [ "$applet" = busybox ] || ln -s busybox "$work/bin/$applet"
  done
  chmod 1777 "$work/tmp"
  echo 'root:x:0:0:root:/root:/bin/sh' >"$work/etc/passwd"
  echo 'root:x:0:' >"$work/etc/group"
  echo '<h1>Hello from a container that Minke runs.</h1>' >"$work/www/index.html"
  tar -C "$work" --owner=0 --group=0 --numeric-owner --mtime=@0 -cf - . |
    api -X POST -H 'Content-Type: application/x-tar' --data-binary @- -o "$exec_root/import.log" \
      "http://minke/images/create?fromSrc=-&repo=$image&tag=latest&changes=CMD%20%5B%22httpd%22%2C%22-f%22%2C%22-h%22%2C%22%2Fwww%22%5D&changes=ENV%20PATH%3D%2Fbin&changes=EXPOSE%2080" ||
    { cat "$exec_root/import.log" >&2; exit 1; }
  grep -q '"error"' "$exec_root/import.log" && { cat "$exec_root/import.log" >&2; exit 1; }
  rm -f "$exec_root/import.log"
}

[ "$(id -u)" = 0 ] || { echo "quickstart needs root" >&2; exit 1; }
trap finish EXIT
trap 'exit 130' INT TERM

bold "1. installing what is missing"
bash scripts/setup.sh run

if alive; then
  bold "2. the daemon runs already on $socket"
else
  bold "2. starting the daemon on $socket"
  mkdir -p "$exec_root"
  setsid bin/minked --data-root "$data_root" --exec-root "$exec_root" -H "unix://$socket" \
    --pidfile "$exec_root/minked.pid" >>"$log" 2>&1 </dev/null &
  started_daemon=$!
  for _ in $(seq 200); do
    alive && break
    kill -0 "$started_daemon" 2>/dev/null || { echo "the daemon ended" >&2; exit 1; }
    sleep 0.05
  done
  alive || { echo "the daemon does not answer" >&2; exit 1; }
fi
export MINKE_HOST=unix://$socket DOCKER_HOST=unix://$socket

if bin/minke image inspect "$image" >/dev/null 2>&1; then
  bold "3. the image $image is there already"
else
  bold "3. making the image $image from Debian's busybox"
  make_image
fi

bold "4. running a web server from it"
bin/minke rm -f "$container" >/dev/null 2>&1 || true
bin/minke run -d --name "$container" -p 127.0.0.1::80 "$image" >/dev/null
address=$(bin/minke port "$container" 80/tcp | head -1)
for _ in $(seq 60); do
  page=$(curl -s -m 2 "http://$address/" || true)
  [ -n "$page" ] && break
  sleep 0.05
done
[ -n "${page:-}" ] || { echo "no page at http://$address/" >&2; bin/minke logs "$container" >&2; exit 1; }
echo "http://$address/ says: $page"
bin/minke rm -f "$container" >/dev/null

bold "It works. Next:"
cat <<NEXT
  export DOCKER_HOST=unix://$socket     # an unmodified docker CLI talks to Minke
  export PATH=\$PATH:$PWD/bin            # the minke command takes the same words
  minke run --rm -it $image sh
  minke run -d --name web -p 8080:80 $image && curl http://127.0.0.1:8080/
  minke ps; minke logs web; minke rm -f web
  kill \$(cat $exec_root/minked.pid)     # stops the daemon; containers go on
NEXT
