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

test('applyChanges reads health checks', () => {
  expect(applyChanges(['HEALTHCHECK --interval=1m30s --retries=3 CMD curl -f x']).Healthcheck).toEqual({
    Test: ['CMD-SHELL', 'curl -f x'],
    Interval: 90e9,
    Retries: 3,
  });
  expect(applyChanges(['healthcheck CMD ["a","b"]']).Healthcheck).toEqual({ Test: ['CMD', 'a', 'b'] });
  expect(applyChanges(['HEALTHCHECK NONE']).Healthcheck).toEqual({ Test: ['NONE'] });
  for (const bad of [
    'HEALTHCHECK',
    'HEALTHCHECK RUN x',
    'HEALTHCHECK --interval=x CMD a',
    'HEALTHCHECK CMD',
  ]) {
    expect(() => applyChanges([bad])).toThrow();
  }
});
