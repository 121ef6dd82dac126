import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DiskThread } from '../layers/disk-thread.ts';
import { VolumeThreads } from '../volumes/volume-threads.ts';
import { TreeRootFs } from './tree-root-fs.ts';

const BASE = '/tmp/minke/store-test';
const disk = new DiskThread();
const volumes = new VolumeThreads();
const rootfs = new TreeRootFs(disk, volumes);
let directory: string;
const root = () => join(directory, 'root');
const outside = () => join(directory, 'outside');

beforeAll(() => {
  mkdirSync(BASE, { recursive: true });
  directory = mkdtempSync(join(BASE, 'r-'));
  mkdirSync(join(root(), 'etc'), { recursive: true });
  mkdirSync(outside());
});
afterAll(() => {
  disk.close();
  volumes.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('lookupUser', () => {
  test('never follows a link to the host, opens a FIFO or reads without bound', async () => {
    const passwd = join(root(), 'etc/passwd');
    const foo = () => rootfs.lookupUser(root(), 'foo', []);
    writeFileSync(join(outside(), 'passwd'), 'foo:x:7:7::/:\n');
    symlinkSync(join(outside(), 'passwd'), passwd);
    await expect(foo()).rejects.toMatchObject({ code: 'invalid' });
    rmSync(passwd);
    execFileSync('mkfifo', [passwd]);
    await expect(foo()).rejects.toMatchObject({ code: 'invalid' });
    rmSync(passwd);
    writeFileSync(passwd, 'bar:x:8:9::/b:\n');
    truncateSync(passwd, 2 ** 30);
    expect(await rootfs.lookupUser(root(), 'bar', [])).toMatchObject({ uid: 8, gid: 9, home: '/b' });
    rmSync(passwd);
    symlinkSync('/etc/real', passwd);
    writeFileSync(join(root(), 'etc/real'), 'foo:x:7:7::/:\n');
    expect(await foo()).toMatchObject({ uid: 7 });
  });
});

describe('ensureDirectory', () => {
  test('makes parents with the owner, and leaves what is there', async () => {
    await rootfs.ensureDirectory(root(), '/srv/a/b', { uid: 5, gid: 6 });
    const stat = statSync(join(root(), 'srv/a'));
    expect([stat.uid, stat.gid, stat.mode & 0o7777]).toEqual([5, 6, 0o755]);
    await rootfs.ensureDirectory(root(), '/etc', { uid: 5, gid: 6 });
    expect(statSync(join(root(), 'etc')).uid).toBe(0);
  });

  test('links lead within the tree only, also to what is not there yet', async () => {
    symlinkSync(outside(), join(root(), 'away'));
    symlinkSync('../../../../../../../../etc', join(root(), 'up'));
    await rootfs.ensureDirectory(root(), '/away/x', { uid: 0, gid: 0 });
    await rootfs.ensureDirectory(root(), '/up/made', { uid: 0, gid: 0 });
    expect(readdirSync(outside())).toEqual(['passwd']);
    expect(existsSync(join(root(), outside(), 'x'))).toBe(true);
    expect(existsSync(join(root(), 'etc/made'))).toBe(true);
  });

  test('a file in the way and a link to itself are errors', async () => {
    writeFileSync(join(root(), 'file'), '');
    symlinkSync('loop', join(root(), 'loop'));
    const make = (path: string) => rootfs.ensureDirectory(root(), path, { uid: 0, gid: 0 });
    await expect(make('/file')).rejects.toThrow('Cannot mkdir: /file is not a directory');
    await expect(make('/file/x')).rejects.toMatchObject({ code: 'invalid' });
    await expect(make('/loop/x')).rejects.toMatchObject({ code: 'invalid' });
    await expect(make('/a\0b')).rejects.toMatchObject({ code: 'invalid' });
  });
});

describe('ensureMountPoint', () => {
  test('makes files and directories and tells where they really are', async () => {
    symlinkSync('/run', join(root(), 'var'));
    expect(
      await rootfs.ensureMountPoint(root(), '/var/sock', { kind: 'file', owner: { uid: 0, gid: 0 } }),
    ).toBe('/run/sock');
    expect(lstatSync(join(root(), 'run/sock')).isFile()).toBe(true);
    expect(
      await rootfs.ensureMountPoint(root(), '/var/../var/d/', {
        kind: 'directory',
        owner: { uid: 0, gid: 0 },
      }),
    ).toBe('/run/d');
    expect(await rootfs.ensureMountPoint(root(), '/', { kind: 'directory', owner: { uid: 0, gid: 0 } })).toBe(
      '/',
    );
    await expect(
      rootfs.ensureMountPoint(root(), '/run/sock', { kind: 'directory', owner: { uid: 0, gid: 0 } }),
    ).rejects.toThrow('not a directory');
  });
});

describe('copyUp', () => {
  test('copies all kinds with their attributes into an empty volume, and never into another', async () => {
    const from = join(root(), 'data');
    const to = join(directory, 'volume');
    mkdirSync(join(from, 'sub'), { recursive: true, mode: 0o750 });
    writeFileSync(join(from, 'sub/file'), 'content', { mode: 0o640 });
    linkSync(join(from, 'sub/file'), join(from, 'second'));
    symlinkSync(join(outside(), 'passwd'), join(from, 'link'));
    execFileSync('mknod', [join(from, 'null'), 'c', '1', '3']);
    execFileSync('chown', ['3:4', join(from, 'sub/file')]);
    execFileSync('touch', ['-d', '2001-01-01T00:00:00.5Z', join(from, 'sub')]);
    writeFileSync(Buffer.from(`${from}/\xff\xfe`, 'latin1'), 'raw');
    mkdirSync(to);
    await rootfs.copyUp(root(), '/data', async () => to);
    const file = statSync(join(to, 'sub/file'));
    expect([file.uid, file.gid, file.mode & 0o7777, file.nlink]).toEqual([3, 4, 0o640, 2]);
    expect(file.ino).toBe(statSync(join(to, 'second')).ino);
    expect(readFileSync(join(to, 'second'), 'utf8')).toBe('content');
    expect(lstatSync(join(to, 'link')).isSymbolicLink()).toBe(true);
    expect(statSync(join(to, 'null')).rdev).toBe(0x103);
    expect(statSync(join(to, 'sub')).mtimeMs).toBe(Date.parse('2001-01-01T00:00:00.5Z'));
    expect(readFileSync(Buffer.from(`${to}/\xff\xfe`, 'latin1'), 'utf8')).toBe('raw');
    writeFileSync(join(from, 'later'), '');
    await rootfs.copyUp(root(), '/data', async () => to);
    expect(existsSync(join(to, 'later'))).toBe(false);
    // Where there is nothing to copy, the volume need not even be mounted.
    await rootfs.copyUp(root(), '/nowhere', () => Promise.reject(new Error('asked for')));
  });
});
