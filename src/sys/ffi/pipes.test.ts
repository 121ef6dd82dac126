import { describe, expect, test } from 'bun:test';
import { closeSync, readdirSync } from 'node:fs';
import { clearEventFd, EPOLLET, EPOLLIN, Epoll, openEventFd, signalEventFd } from './epoll.ts';
import { duplicate, readInto, writeAll } from './file-io.ts';
import { bytesWaiting, growPipe, openPipe, splice, tee } from './pipes.ts';

const EAGAIN = 11;
const bytes = (text: string) => new TextEncoder().encode(text);
const descriptors = () => readdirSync('/proc/self/fd').length;

describe('pipes', () => {
  test('tee shows bytes that splice then takes', () => {
    const before = descriptors();
    const [a, b, c] = [openPipe(), openPipe(), openPipe()];
    writeAll(a.writer, bytes('one\ntwo'));
    expect(tee(a.reader, b.writer, 1024)).toBe(7);
    const seen = new Uint8Array(16);
    expect(readInto(b.reader, seen)).toBe(7);
    expect(new TextDecoder().decode(seen.subarray(0, 7))).toBe('one\ntwo');
    expect(splice(a.reader, c.writer, 4)).toBe(4);
    expect(bytesWaiting(a.reader)).toBe(3);
    expect(bytesWaiting(c.reader)).toBe(4);
    expect(tee(b.reader, c.writer, 10)).toBe(-EAGAIN);
    expect(growPipe(a.reader, 1 << 20)).toBe(1 << 20);
    for (const pipe of [a, b, c]) {
      closeSync(pipe.reader);
      closeSync(pipe.writer);
    }
    expect(descriptors()).toBe(before);
  });

  test('epoll tells of each new write when edge-triggered, though the pipe was not emptied', () => {
    using epoll = new Epoll();
    const pipe = openPipe();
    epoll.add(pipe.reader, 4_000_000_000, EPOLLIN | EPOLLET);
    const keys: number[] = [];
    const poll = () => epoll.wait(0, (key) => keys.push(key));
    writeAll(pipe.writer, bytes('prompt'));
    expect(poll()).toBe(1);
    expect(poll()).toBe(0);
    writeAll(pipe.writer, bytes('>'));
    expect(poll()).toBe(1);
    expect(keys).toEqual([4_000_000_000, 4_000_000_000]);
    closeSync(pipe.reader);
    closeSync(pipe.writer);
  });

  test('an eventfd wakes and is cleared', () => {
    using epoll = new Epoll();
    const wake = openEventFd();
    epoll.add(wake, 1, EPOLLIN);
    signalEventFd(wake);
    signalEventFd(wake);
    expect(epoll.wait(1000, () => {})).toBe(1);
    clearEventFd(wake);
    expect(epoll.wait(0, () => {})).toBe(0);
    closeSync(wake);
  });

  test('a duplicate outlives its original', () => {
    const pipe = openPipe();
    const twin = duplicate(pipe.writer);
    closeSync(pipe.writer);
    writeAll(twin, bytes('x'));
    expect(bytesWaiting(pipe.reader)).toBe(1);
    closeSync(twin);
    closeSync(pipe.reader);
  });
});
