import { expect, test } from 'bun:test';
import { applyChanges } from './changes.ts';

test('applyChanges sets what the instructions say', () => {
  expect(
    applyChanges([
      'CMD ["sh","-c","x"]',
      'entrypoint run me',
      'ENV A=1 B="two words"',
      'EXPOSE 80 53/udp',
      'LABEL a b',
    ]),
  ).toEqual({
    Cmd: ['sh', '-c', 'x'],
    Entrypoint: ['/bin/sh', '-c', 'run me'],
    Env: ['A=1', 'B=two words'],
    ExposedPorts: { '80/tcp': {}, '53/udp': {} },
    Labels: { a: 'b' },
  });
});

test('applyChanges refuses instructions that change more than the config', () => {
  expect(() => applyChanges(['RUN true'])).toThrow('run is not a valid change command');
});
