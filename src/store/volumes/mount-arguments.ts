import { MS_BIND, MS_RDONLY, MS_REMOUNT } from '../../sys/mod.ts';

const MS_NOSUID = 0x2;
const MS_NODEV = 0x4;
const MS_NOEXEC = 0x8;
const MS_SYNCHRONOUS = 0x10;
const MS_MANDLOCK = 0x40;
const MS_DIRSYNC = 0x80;
const MS_NOATIME = 0x400;
const MS_NODIRATIME = 0x800;
const MS_REC = 0x4000;
const MS_UNBINDABLE = 0x20000;
const MS_PRIVATE = 0x40000;
const MS_SLAVE = 0x80000;
const MS_SHARED = 0x100000;
const MS_RELATIME = 0x200000;
const MS_STRICTATIME = 0x1000000;
const PROPAGATION = MS_UNBINDABLE | MS_PRIVATE | MS_SLAVE | MS_SHARED;

/** What a word of mount(8)'s options sets, or clears. Spec: mount(8). Compat: moby/sys `mount/flags_linux.go`. */
const WORDS: Record<string, { set?: number; clear?: number }> = {
  defaults: {},
  ro: { set: MS_RDONLY },
  rw: { clear: MS_RDONLY },
  suid: { clear: MS_NOSUID },
  nosuid: { set: MS_NOSUID },
  dev: { clear: MS_NODEV },
  nodev: { set: MS_NODEV },
  exec: { clear: MS_NOEXEC },
  noexec: { set: MS_NOEXEC },
  sync: { set: MS_SYNCHRONOUS },
  async: { clear: MS_SYNCHRONOUS },
  dirsync: { set: MS_DIRSYNC },
  remount: { set: MS_REMOUNT },
  mand: { set: MS_MANDLOCK },
  nomand: { clear: MS_MANDLOCK },
  atime: { clear: MS_NOATIME },
  noatime: { set: MS_NOATIME },
  diratime: { clear: MS_NODIRATIME },
  nodiratime: { set: MS_NODIRATIME },
  bind: { set: MS_BIND },
  rbind: { set: MS_BIND | MS_REC },
  unbindable: { set: MS_UNBINDABLE },
  runbindable: { set: MS_UNBINDABLE | MS_REC },
  private: { set: MS_PRIVATE },
  rprivate: { set: MS_PRIVATE | MS_REC },
  shared: { set: MS_SHARED },
  rshared: { set: MS_SHARED | MS_REC },
  slave: { set: MS_SLAVE },
  rslave: { set: MS_SLAVE | MS_REC },
  relatime: { set: MS_RELATIME },
  norelatime: { clear: MS_RELATIME },
  strictatime: { set: MS_STRICTATIME },
  nostrictatime: { clear: MS_STRICTATIME },
};

/** One call of mount(2). */
export interface MountCall {
  /** What the error says it was. */
  what: 'mount' | 'remount' | 'remount-ro';
  source: string;
  type: string;
  flags: number;
  data: string;
}

/**
 * The calls that mount `device` as a file system of `type` with the options of mount(8) `o`: what is no word of mount(8)
 * is the file system's. Compat: moby/sys `mount.Mount`: spreading is set by a second call, and so is `ro` of a bind,
 * which the first one ignores.
 */
export function mountCalls(device: string, type: string, o: string): MountCall[] {
  let flags = 0;
  const data: string[] = [];
  for (const word of o.split(',')) {
    const known = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
    if (known) flags = (flags & ~(known.clear ?? 0)) | (known.set ?? 0);
    else if (word !== '') data.push(word);
  }
  const own = flags & ~PROPAGATION;
  const calls: MountCall[] = [];
  const isRemount = (flags & MS_REMOUNT) !== 0 || device === '' || device === 'none';
  if (!isRemount || data.length > 0)
    calls.push({ what: 'mount', source: device, type, flags: own, data: data.join(',') });
  if ((flags & PROPAGATION) !== 0)
    calls.push({ what: 'remount', source: '', type: '', flags: flags & (PROPAGATION | MS_REC), data: '' });
  if ((own & (MS_BIND | MS_RDONLY)) === (MS_BIND | MS_RDONLY))
    calls.push({ what: 'remount-ro', source: '', type: '', flags: own | MS_REMOUNT, data: '' });
  return calls;
}
