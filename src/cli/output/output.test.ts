import { describe, expect, test } from 'bun:test';
import { CaptureOutput } from '../testing/capture-output.ts';
import { compactJson, indentJson } from './indent-json.ts';
import { naturalOrder } from './natural-order.ts';
import { ProgressDisplay } from './progress.ts';
import { alignTable } from './table.ts';
import { ellipsis } from './text.ts';
import { ansiTime } from './time.ts';
import { binarySize, humanDuration, humanSize } from './units.ts';

describe('units', () => {
  test.each([
    [0, '0B'],
    [1234, '1.23kB'],
    [187654321, '188MB'],
    [999999999, '1e+03MB'],
  ])('%d bytes are %s', (bytes, shown) => {
    expect(humanSize(bytes, 3)).toBe(shown);
  });

  test('powers of 1024', () => expect(binarySize(8123456789)).toBe('7.566GiB'));

  test.each([
    [0.5, 'Less than a second'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, 'About a minute'],
    [3599, '59 minutes'],
    [3600, 'About an hour'],
    [47 * 3600, '47 hours'],
    [48 * 3600, '2 days'],
    [14 * 86400, '2 weeks'],
    [60 * 86400, '2 months'],
    [730 * 86400, '2 years'],
  ])('%d seconds are %s', (seconds, shown) => {
    expect(humanDuration(seconds)).toBe(shown);
  });
});

describe('text', () => {
  test('a table is aligned by what a terminal shows', () => {
    expect(alignTable('A\tBB\nlonger than ten\tx\n日本語\ty')).toBe(
      'A                 BB\nlonger than ten   x\n日本語            y',
    );
  });

  test('an ellipsis is part of the width', () => {
    expect(ellipsis('/docker-entrypoint.sh nginx', 20)).toBe('/docker-entrypoint.…');
    expect(ellipsis('short', 20)).toBe('short');
  });

  test('names are in natural order', () => {
    expect(['a10', 'b', 'a2', 'a'].sort(naturalOrder)).toEqual(['a', 'a2', 'a10', 'b']);
  });

  test('dates', () => expect(ansiTime('2026-11-04T07:00:00.5Z')).toBe('Wed Nov  4 07:00:00 2026'));
});

describe('JSON', () => {
  test('is indented without touching keys and numbers', () => {
    const text = '{"b":12345678901234567890,"a":[],"c":{},"d":["x{[,:\\"",null]}';
    expect(indentJson(text)).toBe(
      '{\n    "b": 12345678901234567890,\n    "a": [],\n    "c": {},\n    "d": [\n        "x{[,:\\"",\n        null\n    ]\n}',
    );
    expect(compactJson(indentJson(text))).toBe(text);
  });
});

describe('progress', () => {
  const records = [
    { status: 'Pulling from x', id: 'v1' },
    { status: 'Pulling fs layer', progressDetail: {}, id: 'aa' },
    { status: 'Pulling fs layer', progressDetail: {}, id: 'bb' },
    { status: 'Downloading', progressDetail: { current: 512, total: 1024 }, id: 'aa' },
    { status: 'Pull complete', progressDetail: {}, id: 'bb' },
    { status: 'Digest: sha256:1' },
  ];

  test('is one line for each change where there is no terminal', () => {
    const out = new CaptureOutput();
    const display = new ProgressDisplay(out);
    for (const record of records) display.show(record);
    expect(out.text).toBe(
      'v1: Pulling from x\naa: Pulling fs layer\nbb: Pulling fs layer\nbb: Pull complete\nDigest: sha256:1\n',
    );
  });

  test('is one living line for each layer on a terminal', () => {
    const out = new CaptureOutput(120);
    const display = new ProgressDisplay(out);
    for (const record of records) display.show(record);
    expect(out.text).toContain('\x1b[2A\x1b[2K\raa: Downloading [=========================>');
    expect(out.text).toContain('     512B/1.024kB\r\x1b[2B');
    expect(out.text.endsWith('Digest: sha256:1\n')).toBe(true);
  });

  test('throws the failure that a record tells of', () => {
    const display = new ProgressDisplay(new CaptureOutput());
    expect(() => display.show({ error: 'no', errorDetail: { message: 'manifest unknown' } })).toThrow(
      'manifest unknown',
    );
  });
});
