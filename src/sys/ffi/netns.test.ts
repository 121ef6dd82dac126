import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf } from '../../base/mod.ts';
import {
  closeNamespace,
  createNamespace,
  openNamespace,
  pinNamespace,
  unpinNamespace,
  visitNamespace,
  writeSysctl,
} from './netns.ts';
import { addBridge, deleteLink, Rtnetlink, setLink } from './rtnetlink.ts';

const directory = mkdtempSync(join(tmpdir(), 'minke-netns-'));
afterAll(() => rmSync(directory, { recursive: true }));

const here = () => readlinkSync('/proc/thread-self/ns/net');

describe('a network namespace', () => {
  test('is pinned, visited and given up, and this thread stays where it was', () => {
    const before = here();
    const path = join(directory, 'pinned');
    const { fd, made: inside } = createNamespace(() => new Rtnetlink());
    using _inside = inside;
    expect(inside.links().map((link) => link.name)).toContain('lo');
    pinNamespace(fd, path);
    expect(() => pinNamespace(fd, path)).toThrow('EEXIST');
    const inode = statSync(path).ino;
    expect(here()).not.toBe(`net:[${inode}]`);
    visitNamespace(fd, () => {
      expect(writeSysctl('ipv4/ip_forward', '1')).toBe(true);
      expect(writeSysctl('ipv4/no_such_thing', '1')).toBe(false);
    });
    closeNamespace(fd);
    const again = openNamespace(path);
    expect(() =>
      visitNamespace(again, () => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    closeNamespace(again);
    expect(unpinNamespace(path)).toBe(true);
    expect(unpinNamespace(path)).toBe(false);
    expect(unpinNamespace(join(directory, 'none'))).toBe(false);
    expect(here()).toBe(before);
  });

  test('is left, and closed, when what is done inside fails', () => {
    const before = here();
    expect(() =>
      createNamespace(() => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(here()).toBe(before);
  });

  test('flat: 200 of them leave no descriptor, and what is written there stays there', () => {
    const count = () => readFileSync('/proc/self/status', 'utf8').match(/FDSize:\s*(\d+)/)?.[1];
    const forwards = () => readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8');
    const outside = forwards();
    const before = count();
    for (let round = 0; round < 200; round++) {
      const { fd, made } = createNamespace(() => new Rtnetlink());
      made[Symbol.dispose]();
      visitNamespace(fd, () => {
        writeSysctl('ipv4/conf/lo/arp_notify', '1');
        writeSysctl('ipv4/ip_forward', outside.startsWith('1') ? '0' : '1');
      });
      closeNamespace(fd);
    }
    expect(count()).toBe(before);
    expect(forwards()).toBe(outside);
  });
});

describe('rtnetlink', () => {
  test('makes, finds and deletes a link, and names what failed with the text of the kernel', async () => {
    const { fd, made: inside } = createNamespace(() => new Rtnetlink());
    using _inside = inside;
    closeNamespace(fd);
    expect(inside.link('br7')).toBeUndefined();
    inside.request(addBridge('br7', '02:42:00:00:00:07', 1400));
    expect(inside.link('br7')).toMatchObject({
      kind: 'bridge',
      mtu: 1400,
      mac: '02:42:00:00:00:07',
      up: true,
    });
    const results = inside.transact([
      addBridge('br7', '02:42:00:00:00:07', undefined),
      setLink(1, { up: true }),
      deleteLink('nobody'),
    ]);
    expect(results.map((result) => result?.code)).toEqual(['EEXIST', undefined, 'ENODEV']);
    expect(inside.link('lo')?.up).toBe(true);
    let failed: unknown;
    try {
      inside.request(setLink('br7', { mtu: 7 }), setLink('br7', { mtu: 100_000 }));
    } catch (error) {
      failed = error;
    }
    expect(errnoOf(failed)).toBe('EINVAL');
    expect(String(failed)).toContain('mtu');
    await inside.requestSlowly(deleteLink('br7'));
    expect(inside.link('br7')).toBeUndefined();
    await expect(inside.requestSlowly(deleteLink('br7'))).rejects.toThrow('ENODEV');
  });
});
