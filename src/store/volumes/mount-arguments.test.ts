import { expect, test } from 'bun:test';
import { mountCalls } from './mount-arguments.ts';

const MS_BIND_REC = 0x1000 | 0x4000;

test('what is no word of mount(8) is the file system’s', () => {
  expect(mountCalls(':/export', 'nfs', 'addr=10.0.0.1,vers=4,ro,nosuid,noatime')).toEqual([
    {
      what: 'mount',
      source: ':/export',
      type: 'nfs',
      flags: 0x1 | 0x2 | 0x400,
      data: 'addr=10.0.0.1,vers=4',
    },
  ]);
  expect(mountCalls('tmpfs', 'tmpfs', '')).toEqual([
    { what: 'mount', source: 'tmpfs', type: 'tmpfs', flags: 0, data: '' },
  ]);
  expect(mountCalls('x', 'x', 'ro,nosuid,rw,suid')[0]?.flags).toBe(0);
  expect(mountCalls('x', 'x', 'constructor')[0]?.data).toBe('constructor');
});

test('a bind is made read-only, and spreads, by calls of their own', () => {
  expect(mountCalls('/srv', 'none', 'rbind,ro,rslave')).toEqual([
    { what: 'mount', source: '/srv', type: 'none', flags: MS_BIND_REC | 0x1, data: '' },
    { what: 'remount', source: '', type: '', flags: 0x80000 | 0x4000, data: '' },
    { what: 'remount-ro', source: '', type: '', flags: MS_BIND_REC | 0x1 | 0x20, data: '' },
  ]);
});
