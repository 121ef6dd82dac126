/** Command lines that `scripts/record-docker-cli.ts` gives to the docker CLI and the test gives to minke. One a line, in words. */
export const CASES: string[][] = [
  ...lines(`
    cp
    cp x
    cp -z a x:/b
    cp a b
    cp x:/a y:/b
    cp x:/etc/file -
    cp -L x:/etc/file -
    cp nope:/etc/file -
    cp x:/etc/file /nonexist/dir/file
    cp x:/etc/file /dev/null
    cp /nonexist x:/d
    cp /etc/hostname x:/d
    cp -a -L -q /etc/hostname x:/d/e
    cp --archive /etc/hostname nope:/d
    diff
    diff x
    diff nope
    export x
    export -o /nonexist/dir/file x
    export -o /dev/null x
    export nope
    commit
    commit x
    commit nope
    commit -a me -m msg -p=false x repo:tag
    commit x BAD
    commit x repo
    commit x a b
    exec
    exec x
    exec -z x y
    exec -e =a x y
    exec --env-file /nonexist x y
    exec nope y
    exec -it x y
    exec x y -z
    exec -u u:g -w /d -e A=b -e NOT_SET_ANYWHERE --privileged --detach-keys ctrl-a,b x y
    exec -d -i x y z
    exec -t x y
    run --foo x
    run -z x
    run --name
    run -n
    run
    run --rm=x y
    run -p a:b:c:d x
    run -p 99999 x
    run -v a:b:c:d x
    run -v :: x
    run -v a::b y
    run -v a:b:c:d:e y
    run -e =a x
    run -e A=b -e NOT_SET_ANYWHERE x
    run -m 1z x
    run -m 1.1.1 y
    run -m 1.5g --memory-reservation 64MiB --memory-swap -1 --memory-swappiness 10 x
    run -m 1 bad
    run --cpus a x
    run --cpus 0.0000000001 x
    run --cpus 1.5 --cpu-shares 3 --cpu-period 1 --cpu-quota 2 --cpuset-cpus 0-1 --cpuset-mems 0 y
    run --ulimit x x
    run --ulimit nofile=a y
    run --ulimit nofile=5:3 y
    run --ulimit nofile=1:2:3 y
    run --ulimit foo=1 y
    run --ulimit nofile=1024:2048 --ulimit core=-1 y
    run -a foo x
    run --label x= --label-file /nonexist y
    run --add-host foo x
    run --add-host a:b y
    run --add-host a=::1 --add-host b:[::2] --add-host c:host-gateway y
    run --pull foo x
    run --env-file /nonexist x
    run --rm --restart always x
    run --restart :3 y
    run --restart on-failure:x y
    run --restart on-failure:4 y
    run -d --rm -a stdin x
    run --memory-swap -2 y
    run --expose a x
    run --expose 1:2 y
    run --expose 1-3/udp -P y
    run --dns x y
    run --dns 1.2.3.4 --dns-search example.com --dns-search . --dns-option ndots:3 --dns-opt rotate y
    run --dns-search * y
    run --shm-size x y
    run --shm-size 128m y
    run --health-interval 1 y
    run --health-interval=-1s y
    run --no-healthcheck --health-cmd x y
    run --no-healthcheck y
    run --health-cmd c --health-interval 1m30s --health-timeout 500ms --health-retries 3 --health-start-period 1h --health-start-interval 2s y
    run --stop-timeout a y
    run --stop-timeout 3 --stop-signal INT --init y
    run --init=false y
    run --log-driver none --log-opt a=b y
    run --log-driver local --log-opt a --log-opt b=c y
    run --blkio-weight 99999 y
    run --blkio-weight 5 --blkio-weight-device /dev/a:100 y
    run --blkio-weight-device x y
    run --blkio-weight-device /dev/a:5 y
    run --device-read-bps /dev/a:x y
    run --device-read-iops /dev/a:x y
    run --device-read-bps /dev/a:1mb --device-write-bps /dev/a:2 --device-read-iops /dev/a:3 --device-write-iops /dev/a:4 y
    run --device-cgroup-rule x y
    run --pids-limit x y
    run --pids-limit -1 --oom-kill-disable --oom-score-adj -5 y
    run --security-opt a x
    run --security-opt seccomp=/nonexist y
    run --security-opt no-new-privileges --security-opt systempaths=unconfined --security-opt label:disable y
    run --storage-opt a x
    run --storage-opt size=3 y
    run --sysctl a x
    run --sysctl net.a=b y
    run --mac-address a y
    run -p 80:90-100 y
    run -p 80-90:90 y
    run -p 100-102:200-202/udp -p 127.0.0.1::90 -p [::1]:5:6 -p 7 y
    run -p :: y
    run -p 80/foo y
    run -p x:80 y
    run -p 5-3:80 y
    run -p target=80,published=90,protocol=udp y
    run -p foo=1 y
    run --mount foo y
    run --mount foo=bar y
    run --mount type=bind,src=/a y
    run --mount type=volume,dst=/x,bind-propagation=shared y
    run --mount type=bind,src=/a,dst=/x,ro,volume-nocopy y
    run --mount type=tmpfs,dst=/x,tmpfs-size=1m,tmpfs-mode=700 y
    run --mount type=tmpfs,dst=/x,tmpfs-size=zz y
    run --mount type=tmpfs,dst=/x,tmpfs-mode=9 y
    run --mount type=bind,src=/a,dst=/x,readonly=true,bind-propagation=rslave,bind-recursive=disabled y
    run --mount type=volume,src=v,dst=/x,volume-nocopy=true,volume-label=a=b,volume-driver=d,volume-opt=k=v,volume-subpath=p y
    run --mount type=image,src=i,dst=/x,image-subpath=p y
    run --mount readonly=maybe,dst=/x y
    run --mount dst=/x,consistency=cached y
    run --mount type=bind,src=/a,dst=/x,bind-recursive=readonly y
    run --mount type=bind,src=/a,dst=/x,bind-recursive=foo y
    run --gpus x y
    run --gpus all y
    run --annotation x --annotation a=b y
    run --memory-swappiness a x
    run --memory-swappiness 101 y
    run --platform linux/a/b/c x
    run --platform linux/arm64 --name n x
    run --network name=a,alias=b,ip=1.2.3.4,driver-opt=k=v,gw-priority=3,mac-address=02:42:00:00:00:01 y
    run --network foo=a y
    run --network alias=b y
    run --network host --network a y
    run --network a --network a y
    run --network a --network b --ip 1.2.3.4 y
    run --network-alias x y
    run --network a --network-alias x --ip 1.2.3.4 --ip6 ::1 --link b:c --mac-address 02:42:00:00:00:01 --link-local-ip 169.254.1.1 y
    run --net host y
    run --network none y
    run --network bridge y
    run --network container:x y
    run --link a:b y
    run --link a:b:c y
    run --network host --ip 1.2.3.4 y
    run --pid foo y
    run --pid host --ipc host --uts host --userns host --cgroupns private --cgroup-parent /x y
    run --pid container:x --ipc shareable y
    run --uts foo y
    run --userns foo y
    run --cgroupns foo y
    run --device /dev/x:y y
    run --device /dev/x:/y:z y
    run --device a:b:c:d y
    run --device /dev/x --device /dev/y:r --device /dev/z:/dev/zz:rw y
    run --isolation foo --runtime r --volume-driver v --volumes-from c:ro y
    run --cap-add A --cap-add B --cap-drop ALL --group-add 1 --privileged --read-only y
    run --tmpfs /a:b,c --tmpfs /d y
    run --name foo -v /a:/b -v /foo -v x:/y:ro -e A=b -l c=d -w /w -u 1:2 -h host --domainname d --entrypoint /bin/e x a -b --c
    run --entrypoint= y
    run -d -i y
    run -dit y
    run -d --rm busybox
    run busybox true
    run -e=A=b --name=x -lq=r busybox
    run warn
    run noexec
    run missing
    run -q missing
    run --pull always busybox
    run --pull never missing
    run X
    run busybox:latest -- x
    run -- busybox x
    run --cidfile /etc/passwd y
    create --restart :3 y
    create bad
    create -it --name n busybox sh
    create --pull foo y
    ps
    ps -a
    ps -l
    ps -n 3
    ps -s
    ps -q
    ps -aq --no-trunc
    ps --no-trunc
    ps --filter name=x --filter label=a --filter label=b
    ps --filter foo
    ps -n x
    ps foo
    ps --format json
    ps --format raw
    container ls -a
    images
    images -a
    images foo
    images -q
    images --no-trunc
    images a b
    images --digests --no-trunc
    images --filter dangling=true --filter label=a
    images --filter foo
    images --tree
    images --tree -a
    images --tree -f label=a x
    images --tree -q
    images --tree --no-trunc
    images --tree --digests
    images --tree --format json
    image rm --platform linux/arm64,linux/arm/v7 i
    image rm --platform foo/bar/baz/x i
    image inspect --platform linux/amd64 i
    image prune -f
    image prune -af --filter until=24h --filter label!=a
    image prune x
    container prune -f --filter label=x
    network prune -f
    volume prune -f
    volume prune -af
    builder prune -f
    builder prune -af --filter until=1h
    system prune -f
    system prune -af --volumes --filter label=a
    system prune -f --volumes --filter until=1h
    system df
    system df -v
    system df --format json
    system df --format raw
    system df -v --format json
    system df x
    search foo
    search --no-trunc foo
    search --limit 3 --filter stars=3 --filter is-official=true foo
    search --format json foo
    search --limit x foo
    search --filter foo foo
    search
    search localhost:5000/foo
    rmi i
    rmi -f i nope
    rmi nope
    rmi --no-prune i
    pull busybox
    pull -q busybox
    pull -a busybox
    pull -a busybox:x
    pull X
    pull x@sha256:11
    pull --platform linux/arm64 localhost:5000/x:y
    pull x@sha256:1111111111111111111111111111111111111111111111111111111111111111
    push busybox
    push -q busybox
    push -q localhost:5000/x:y
    push -a busybox
    push -a busybox:x
    push X
    push
    push x@sha256:1111111111111111111111111111111111111111111111111111111111111111
    push --platform linux/arm64 localhost:5000/x:y
    save
    save x y
    save nope
    save --platform linux/arm64 x
    save --platform bad/bad/bad/bad x
    save -o / x
    save -o /dev/null x
    save -o /nonexist/x y
    save -o /proc/version/x y
    start x nope
    start -a a b
    start -a nope
    stop a b nope
    stop -t 3 -s INT a
    stop -t x a
    kill a
    kill -s TERM a nope
    restart -t 2 a
    pause a
    unpause a
    update a
    update
    update -m 64m --memory-swap -1 --memory-reservation 32m a b nope
    update --cpus 1.5 --cpu-shares 3 --cpuset-cpus 0-1 --cpuset-mems 0 a
    update --cpu-period 1000 --cpu-quota 2000 --cpu-rt-period 1 --cpu-rt-runtime 2 a
    update --restart on-failure:3 --pids-limit -1 a
    update --restart :3 a
    update --restart no a
    update --blkio-weight 99999 a
    update --blkio-weight 5 --blkio-weight-device /dev/a:100 --device-read-bps /dev/a:1mb --device-write-iops /dev/a:4 a
    update -m x a
    update --pids-limit 5 warn
    update --foo a
    update --kernel-memory 4m a
    container update -c 2 a
    wait a b
    rm a nope
    rm -fv a nope
    rm -l a
    rename a b
    rename nope b
    port x
    port x 80
    port x 443
    top x
    top nope
    top x -eo pid,comm
    top
    attach x
    attach --no-stdin x
    attach --detach-keys ctrl-a,b x
    attach --sig-proxy=false x
    attach nope
    attach --detach-keys
    attach a b
    start -a x
    start -ai x
    start -a x y
    start -a --detach-keys ctrl-a,b x
    start -ai --detach-keys ctrl-x nope
    stats --no-stream x
    stats --no-stream x y
    stats --no-stream
    stats --no-stream -a
    stats -a --no-stream x
    stats --no-stream --no-trunc x
    stats --no-stream nope
    stats --no-stream x nope
    stats nope
    stats --no-stream --format json x
    container stats --no-stream x
    stats --foo
    stats --format {{ --no-stream x
    history --platform linux/arm64 i
    history --platform a/b/c/d i
    image inspect --platform a/b/c/d i
    history i
    history -q i
    history --no-trunc i
    tag a b
    tag a localhost:5000/b/c:d
    tag a B
    inspect
    inspect x
    inspect x i n v nope
    inspect nope
    inspect --type container nope
    inspect --type image i
    inspect -s x
    image inspect i
    network ls
    network ls -q
    network inspect n
    network inspect nope
    network create
    network create a b
    network create foo
    network create -d macvlan -o parent=eth0 --opt a --label x=y --label z --internal --attachable --ipv6 --ipv4=false --scope local foo
    network create --subnet 10.0.0.0/24 --gateway 10.0.0.1 --ip-range 10.0.0.128/25 --aux-address a=10.0.0.5 --aux-address b=10.0.0.6 foo
    network create --subnet fd00::/64 --gateway fd00::1 --aux-address b=fd00::5 foo
    network create --subnet 10.0.0.0/24,fd00::/64 --gateway fe00::1 foo
    network create --subnet 10.0.0.0/24 --subnet 10.0.0.0/25 foo
    network create --subnet 10.0.0.0/24 --gateway 10.1.0.1 foo
    network create --subnet 10.0.0.0/24 --subnet 10.1.0.0/24 --gateway 10.0.0.1 --gateway 10.0.0.2 foo
    network create --subnet 10.0.0.0/24 --ip-range 10.1.0.0/25 foo
    network create --subnet 10.0.0.0/24 --aux-address a=10.1.0.0 foo
    network create --gateway 10.1.0.1 foo
    network create --subnet nonsense --gateway 10.1.0.1 foo
    network create --config-only --ipam-driver d --ipam-opt k=v foo
    network create --config-from cfg foo
    network create --label =x foo
    network create -z foo
    network connect
    network connect n x
    network connect --alias a,b --alias c --ip 10.0.0.5 --ip6 fd00::5 --link y:z --link-local-ip 169.254.1.1 --gw-priority -3 --driver-opt k=v n x
    network connect --gw-priority x n x
    network connect --driver-opt k n x
    network connect --link a:b:c n x
    network connect nope x
    network disconnect
    network disconnect n x
    network disconnect -f n x
    network disconnect nope x
    network rm
    network rm n
    network rm n nope
    network rm nope n
    network rm -f nope
    network remove n
    volume ls
    volume ls -q
    volume ls --format json
    volume create
    volume create -d local -o a=b --label c=d foo
    volume rm a nope
    logs nope
    logs --since foo x
    events
    events --format json
    events --format {{.Type}}/{{.Action}}/{{.Actor.ID}}/{{.Time}}/{{.TimeNano}}/{{.Scope}}/{{.From}}/{{.Status}}/{{.ID}}
    events --format {{.Actor.Attributes.name}}
    events --format {{.Foo}}
    events --format {{
    events --filter type=container --filter event=die -f label=a=b
    events --filter nonsense
    events --since 100 --until 200.5
    events --since 2026-01-02T03:04:05.6Z
    events --since foo
    events x
    system events --until 10
    info
    container foo
    foo
    --foo
  `),
  ['events', '--format', '{{json .}} {{json .Actor}} {{json .TimeNano}}'],
  ['run', '-e', '', 'x'],
  ['run', '-m', '', 'x'],
  ['run', '-v', '', 'y'],
  ['run', '-u', '', 'y'],
  ['run', '--label', '', 'x'],
  ['run', '--label', 'a b=c', 'y'],
  ['run', '--network', '', 'x'],
  ['run', '--device', '', 'y'],
  ['run', '--link', '', 'x'],
  ['run', '--mount', '', 'x'],
  ['run', '--mount', 'type=bind,"src=/a,b",dst=/x', 'x'],
  ['run', '--gpus', 'device=0,"capabilities=utility,compute"', 'y'],
  ['rm', ''],
  ['ps', '--format', 'table {{.Names}}\\t{{.Ports}}\\t{{.Label "a"}}\\t{{.Mounts}}\\t{{.LocalVolumes}}'],
  ['ps', '--format', 'table {{.ID}} {{upper .Names}} {{.Image|lower}}'],
  [
    'ps',
    '--format',
    '{{range $i, $x := split .Names ","}}{{$i}}={{$x}} {{end}}{{if eq .State "running"}}R{{else}}N{{end}}',
  ],
  ['ps', '--format', '{{println .ID}}{{printf "%-10s|%5d" .State 3}}'],
  ['ps', '--format', '{{json .}}'],
  ['ps', '--format', '{{.Foo}}'],
  ['ps', '--format', '{{'],
  ['system', 'df', '--format', '{{.Type}}={{.Size}} {{.Reclaimable}}'],
  [
    'system',
    'df',
    '-v',
    '--format',
    '{{range .Images}}{{.Repository}} {{.UniqueSize}}|{{end}}{{range .Volumes}}{{.Name}} {{.Links}}|{{end}}',
  ],
  ['search', '--format', 'table {{.Name}}\t{{.StarCount}}', 'foo'],
  ['images', '--format', '{{json .}}'],
  ['stats', '--no-stream', '--format', '{{json .}}', 'x'],
  ['stats', '--no-stream', '--format', 'table {{.Container}}\t{{.Name}}\t{{.PIDs}}', 'x'],
  [
    'stats',
    '--no-stream',
    '--format',
    '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.MemPerc}} {{.NetIO}} {{.BlockIO}}',
    'x',
    'nope2',
  ],
  ['stats', '--no-stream', '--format', '{{.Foo}}', 'x'],
  ['images', '--format', '{{.Repository}}:{{.Tag}} {{.Size}}'],
  [
    'inspect',
    '-f',
    '{{.Name}} {{.State.Running}} {{.Config.Env}} {{.HostConfig.Memory}} {{index .Config.Labels "a.b"}}',
    'x',
  ],
  [
    'inspect',
    '-f',
    '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}} {{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}} {{len .Mounts}}',
    'x',
  ],
  [
    'inspect',
    '-f',
    '{{json .NetworkSettings.Networks.bridge.IPAddress}}|{{.Config.Tty | not}}|{{with .State}}{{.Status}}{{end}}',
    'x',
  ],
  ['inspect', '-f', '{{.Foo}}', 'x'],
  ['inspect', '-f', '{{.State.Nope}}', 'x'],
  ['inspect', '-f', '{{', 'x'],
  ['inspect', '-f', '{{.Name}}', 'x', 'nope'],
  ['inspect', '-f', 'json', 'i'],
  ['inspect', '--format', '{{range .Mounts}}x{{else}}nomounts{{end}}{{.ID}}', 'x'],
  ['info', '-f', '{{.Name}} {{json .Plugins}} {{.DriverStatus}} {{.ServerVersion}}'],
  ['version', '-f', '{{.Server.Version}} {{.Server.Os}}'],
];

function lines(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => line.split(' '));
}
