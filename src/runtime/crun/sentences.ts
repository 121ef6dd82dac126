import type { RuntimeSpec } from '../../spec/oci/runtime.ts';

const START = 'unable to start container process: ';
const INIT = `${START}error during container init: `;
const RLIMITS = [
  'CPU',
  'FSIZE',
  'DATA',
  'STACK',
  'CORE',
  'RSS',
  'NPROC',
  'NOFILE',
  'MEMLOCK',
  'AS',
  'LOCKS',
].concat([...['SIGPENDING', 'MSGQUEUE', 'NICE', 'RTPRIO', 'RTTIME']]);

/** crun's words, and what runc says then. The first that matches counts. */
const SENTENCES: [RegExp, (match: RegExpExecArray, spec: RuntimeSpec | undefined) => string][] = [
  // One without a slash was looked for in PATH; one with was not there.
  [
    /^executable file `(.*)` not found in \$PATH/s,
    ([, path = '']) => `${INIT}exec: ${quote(path)}: ${missing(path)}`,
  ],
  // crun asks whether it is a regular file, and says EPERM if not.
  [/^open executable: Operation not permitted/, (_, spec) => exec(spec, 'is a directory: permission denied')],
  [/^open executable: (.*)/s, ([, why = ''], spec) => exec(spec, go(why))],
  [/^chdir(?: to)? `(.*)`: (.*)/s, ([, cwd = '', why = '']) => chdir(cwd, why)],
  [
    /^error stat'ing file `(.*)`: (.*)/s,
    ([, source = '', why = ''], spec) =>
      mount(source, destinationOf(source, spec), `stat ${source}: ${go(why)}`),
  ],
  [
    /^(?:bind )?mount `(.*)` to `(.*)`: (.*)/s,
    ([, source = '', target = '', why = '']) => {
      const at = target.startsWith('/') ? target : `/${target}`;
      return mount(source, at, `mount src=${source}, dst=${at}: ${go(why)}`);
    },
  ],
  [
    /^setrlimit `RLIMIT_(\w+)`: (.*)/s,
    ([, name = '', why = '']) =>
      `${INIT}error setting rlimits for ready process: error setting rlimit type ${RLIMITS.indexOf(name)}: ${go(why)}`,
  ],
  [
    /^the sysctl `(.*)` requires a new network namespace/,
    ([, name = '']) => `sysctl ${quote(name)} not allowed in host network namespace`,
  ],
  [
    /^the sysctl `(.*)` requires a new IPC namespace/,
    ([, name = '']) => `sysctl ${quote(name)} is not allowed in the hosts ipc namespace`,
  ],
  [
    /^the sysctl `(.*)` is not namespaced/,
    ([, name = '']) => `sysctl ${quote(name)} is not in a separate kernel namespace`,
  ],
  [/^invalid rlimit `RLIMIT_(\w+)`/, ([, name = '']) => `wrong rlimit value: RLIMIT_${name}`],
  [/^OOM: the memory limit/, () => `${START}container init was OOM-killed (memory limit too low?)`],
  [/^writing file `(.*)`: (.*)/s, ([, file = '', why = '']) => cgroup(`failed to write ${file}: ${go(why)}`)],
];

/** What runc would say where crun said `text`. */
export function runcSentence(text: string, spec: RuntimeSpec | undefined): string {
  for (const [pattern, sentence] of SENTENCES) {
    const match = pattern.exec(text);
    if (match) return sentence(match, spec);
  }
  return `${INIT}${lowerErrno(text)}`;
}

function missing(path: string): string {
  return path.includes('/')
    ? `stat ${path}: no such file or directory`
    : 'executable file not found in $PATH';
}

function exec(spec: RuntimeSpec | undefined, why: string): string {
  return `${INIT}exec: ${quote(spec?.process.args[0] ?? '')}: ${why}`;
}

function chdir(cwd: string, why: string): string {
  return `${INIT}chdir to cwd (${quote(cwd)}) set in config.json failed: ${go(why)}`;
}

function mount(source: string, target: string, why: string): string {
  return `${INIT}error mounting ${quote(source)} to rootfs at ${quote(target)}: ${why}`;
}

function cgroup(why: string): string {
  return `${START}unable to apply cgroup configuration: ${why}`;
}

function destinationOf(source: string, spec: RuntimeSpec | undefined): string {
  return spec?.mounts.find((one) => one.source === source)?.destination ?? '';
}

/** Compat: Go's %q, near enough. */
function quote(text: string): string {
  return JSON.stringify(text);
}

/** Go has strerror's texts in lower case. */
function go(errno: string): string {
  return errno.slice(0, 1).toLowerCase() + errno.slice(1);
}

function lowerErrno(text: string): string {
  const colon = text.lastIndexOf(': ');
  return colon < 0 ? text : text.slice(0, colon + 2) + go(text.slice(colon + 2));
}
