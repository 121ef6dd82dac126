import { expect, test } from 'bun:test';
import { parseBind } from './mount-spec.ts';

test('parseBind tells binds, named and anonymous volumes apart', () => {
  expect(parseBind('/srv/a/:/b')).toMatchObject({
    type: 'bind',
    source: '/srv/a',
    destination: '/b',
    readOnly: false,
  });
  expect(parseBind('data:/b:ro')).toMatchObject({
    type: 'volume',
    source: 'data',
    destination: '/b',
    readOnly: true,
  });
  expect(parseBind('/b')).toMatchObject({ type: 'volume', source: '', destination: '/b' });
});

test('parseBind keeps propagation and nocopy when they are given', () => {
  expect(parseBind('/a:/b:ro,rshared')).toMatchObject({ readOnly: true, propagation: 'rshared' });
  expect(parseBind('/a:/b').propagation).toBe('');
  expect(parseBind('data:/b:nocopy').noCopy).toBe(true);
});

test('parseBind answers in Docker’s words when the entry is wrong', () => {
  expect(() => parseBind('/a:/b:/c:ro')).toThrow("invalid volume specification: '/a:/b:/c:ro'");
  expect(() => parseBind('/a:b')).toThrow("invalid mount path: 'b' mount path must be absolute");
  expect(() => parseBind('/a:/')).toThrow("destination can't be '/'");
  expect(() => parseBind('/a:/b:rx')).toThrow('invalid mode: rx');
  expect(() => parseBind('')).toThrow("invalid volume specification: ''");
});
