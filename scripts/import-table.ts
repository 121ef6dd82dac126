/**
 * Which room may import which: the one table. `check-imports.ts` lints by it, and the diagram in
 * `docs/architecture.md` is drawn from it. A room is a folder; the longest folder that matches a file is its room.
 */
export interface Room {
  /** Folder below `src/`. */
  folder: string;
  /** Rooms it may import, besides itself. */
  imports: readonly string[];
  /** One line for the diagram. */
  about: string;
}

const NOUNS = ['store', 'registry', 'runtime', 'net', 'logs', 'sys', 'spec', 'base', 'engine'] as const;

export const ROOMS: readonly Room[] = [
  { folder: 'base', imports: [], about: 'errors, cleanup, locks, ids' },
  { folder: 'spec', imports: ['base'], about: 'documents that others specified' },
  { folder: 'sys', imports: ['base'], about: 'the only room that touches the kernel' },
  { folder: 'store', imports: ['sys', 'spec', 'base'], about: 'bytes and records on disk' },
  { folder: 'registry', imports: ['spec', 'base'], about: 'distribution client' },
  {
    folder: 'runtime',
    imports: ['runtime/keeper', 'sys', 'spec', 'base'],
    about: 'a container as processes',
  },
  { folder: 'runtime/keeper', imports: ['sys', 'base'], about: 'owns stdio and exit codes' },
  { folder: 'net', imports: ['sys', 'spec', 'base'], about: 'sandboxes, bridges, ports' },
  { folder: 'logs', imports: ['sys', 'spec', 'base'], about: 'what containers say' },
  {
    folder: 'engine',
    imports: ['store', 'registry', 'runtime', 'net', 'logs', 'sys', 'spec', 'base'],
    about: 'what all nouns share',
  },
  { folder: 'engine/events', imports: NOUNS, about: 'one typed bus' },
  { folder: 'engine/images', imports: [...NOUNS, 'engine/events'], about: 'list, pull, remove' },
  { folder: 'engine/networks', imports: [...NOUNS, 'engine/events'], about: 'create, connect' },
  { folder: 'engine/volumes', imports: [...NOUNS, 'engine/events'], about: 'create, remove' },
  {
    folder: 'engine/containers',
    imports: [...NOUNS, 'engine/events', 'engine/images', 'engine/networks', 'engine/volumes'],
    about: 'create, start, stop, …',
  },
  {
    folder: 'engine/builds',
    imports: [
      ...NOUNS,
      'engine/events',
      'engine/images',
      'engine/networks',
      'engine/volumes',
      'engine/containers',
    ],
    about: 'Dockerfile to image',
  },
  {
    folder: 'engine/system',
    imports: [
      ...NOUNS,
      'engine/events',
      'engine/images',
      'engine/networks',
      'engine/volumes',
      'engine/containers',
      'engine/builds',
    ],
    about: 'info, version, df',
  },
  { folder: 'client', imports: ['spec', 'base'], about: 'typed API client' },
  { folder: 'cli', imports: ['client', 'spec', 'base'], about: 'the minke command' },
  { folder: 'api', imports: ['engine', 'engine/*', 'spec', 'base'], about: 'HTTP in, HTTP out' },
  {
    folder: 'daemon',
    imports: [
      'api',
      'engine',
      'engine/*',
      'store',
      'registry',
      'runtime',
      'runtime/keeper',
      'net',
      'logs',
      'sys',
      'client',
      'spec',
      'base',
    ],
    about: 'puts the rooms together',
  },
];

/**
 * Files by which a room may be entered from outside. `spec` is vocabulary: all of it is a door. An engine noun's
 * interface file stands beside its `mod.ts`.
 */
export const DOORS: readonly string[] = [
  '/mod\\.ts$',
  '^src/spec/',
  '^src/engine/[^/]+\\.ts$',
  '^src/engine/([^/]+)/\\1\\.ts$',
];

/** Modules and calls that one place alone may use, with the reason that the check prints. */
export interface Ban {
  name: string;
  module?: string;
  text?: RegExp;
  /** Paths where it is right. */
  except: string;
  reason: string;
}

export const BANS: readonly Ban[] = [
  {
    name: 'koffi',
    module: '(^|/)node_modules/koffi/',
    except: '^src/sys/ffi/',
    reason: 'system calls are made in sys/ffi',
  },
  {
    name: 'child_process',
    module: '^(node:)?child_process$',
    except: '^src/sys/exec/|^src/cli/|/testing/|\\.test\\.ts$|^(test|bench|scripts)/',
    reason: 'child processes are made in sys/exec (credential programs: in cli)',
  },
  {
    name: 'Bun.spawn',
    text: /\bBun\.spawn/,
    except: '^(test|bench|scripts)/|\\.test\\.ts$',
    reason: 'child processes are made in sys/exec',
  },
  {
    name: 'Bun.file().writer()',
    text: /Bun\.file\([^)]*\)\s*\.writer\(/,
    except: '^$',
    reason: 'a full disk reads as success there; use fs.writeSync or a stream with its error',
  },
  {
    name: 'default export',
    text: /^export default /m,
    except: '^$',
    reason: 'named exports only',
  },
];
