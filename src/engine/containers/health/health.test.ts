import { describe, expect, test } from 'bun:test';
import { EngineError } from '../../../base/mod.ts';
import type { Health } from '../../../spec/docker/mod.ts';
import { goDuration } from './go-duration.ts';
import { healthAction } from './health-action.ts';
import { type HealthPlan, healthPlan } from './health-plan.ts';
import { afterCheck, startingHealth, untilNextCheck } from './health-state.ts';
import { LimitedOutput } from './limited-output.ts';
import { levelOfLeft } from './on-failure.ts';

const SECOND = 1_000_000_000;

describe('healthPlan', () => {
  test('has Docker’s defaults, and its shell', () => {
    expect(healthPlan({ Healthcheck: { Test: ['CMD-SHELL', 'test -e /ok'] } })).toEqual({
      command: ['/bin/sh', '-c', 'test -e /ok'],
      ...{ intervalMs: 30_000, timeoutMs: 30_000, startPeriodMs: 0, startIntervalMs: 5000, retries: 3 },
    });
    const Shell = ['/bin/bash', '-xc'];
    const Healthcheck = { Test: ['CMD-SHELL', 'x'], Interval: SECOND / 2, Timeout: 2 * SECOND, Retries: 1 };
    expect(healthPlan({ Shell, Healthcheck })).toMatchObject({
      ...{ command: ['/bin/bash', '-xc', 'x'], intervalMs: 500, timeoutMs: 2000, retries: 1 },
    });
  });

  test.each([[undefined], [[]], [['NONE']], [['CMD']], [['ODD', 'x']]])('of %p there is none', (Test) => {
    expect(healthPlan({ Healthcheck: Test === undefined ? {} : { Test } })).toBeUndefined();
    expect(healthPlan({})).toBeUndefined();
  });
});

describe('afterCheck', () => {
  const plan: HealthPlan = {
    ...{
      command: [],
      intervalMs: 1000,
      timeoutMs: 1000,
      startPeriodMs: 10_000,
      startIntervalMs: 100,
      retries: 2,
    },
  };
  const at = (second: number, ExitCode: number) => {
    const Start = new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
    return { Start, End: Start, ExitCode, Output: `${second}` };
  };
  const run = (...checks: [number, number][]): Health =>
    checks.reduce<Health>(
      (health, [second, exit]) => afterCheck(health, at(second, exit), plan, '2026-01-01T00:00:00Z'),
      startingHealth(undefined),
    );
  const short = ({ Status, FailingStreak }: Health) => `${Status} ${FailingStreak}`;

  test('failures in the start period do not count until one has succeeded', () => {
    expect(short(run([1, 1], [2, 1], [3, 1]))).toBe('starting 0');
    expect(short(run([1, 1], [2, 0]))).toBe('healthy 0');
    expect(short(run([1, 0], [2, 1]))).toBe('healthy 1');
    expect(short(run([1, 0], [2, 1], [3, 137]))).toBe('unhealthy 2');
  });

  test('after it so many in a row are unhealthy, and one success is healthy', () => {
    expect(short(run([9, 1], [10, 1]))).toBe('starting 1');
    expect(short(run([10, 1], [11, -1]))).toBe('unhealthy 2');
    expect(short(run([10, 1], [11, 1], [12, 1]))).toBe('unhealthy 3');
    expect(short(run([10, 1], [11, 1], [12, 0], [13, 1]))).toBe('healthy 1');
  });

  test('the last five are kept', () => {
    const health = run(...Array.from({ length: 8 }, (_, n): [number, number] => [n, 0]));
    expect(health.Log?.map(({ Output }) => Output)).toEqual(['3', '4', '5', '6', '7']);
    expect(startingHealth(health)).toMatchObject({ Status: 'starting', FailingStreak: 0, Log: health.Log });
  });

  test('the start interval is for what starts', () => {
    expect(untilNextCheck(plan, 'starting', 9999)).toBe(100);
    expect(untilNextCheck(plan, 'starting', 10_000)).toBe(1000);
    expect(untilNextCheck(plan, 'healthy', 0)).toBe(1000);
  });
});

test('goDuration prints as Go does', () => {
  const texts = [90_000, 500, 1500, 3_600_000, 1, 0.5, 0.000001, 3_661_001].map(goDuration);
  expect(texts).toEqual(['1m30s', '500ms', '1.5s', '1h0m0s', '1ms', '500µs', '1ns', '1h1m1.001s']);
});

test('LimitedOutput keeps 4096 bytes and says that there was more', () => {
  const output = new LimitedOutput();
  const bytes = Buffer.alloc(3000, 'x');
  output.add(bytes);
  bytes.fill('y');
  expect(String(output)).toBe('x'.repeat(3000));
  output.add(bytes);
  expect(String(output)).toBe(`${'x'.repeat(3000)}${'y'.repeat(1096)}...`);
});

test('healthAction takes what there is', () => {
  expect([healthAction(null), healthAction({ 'minke.health.on-failure': 'kill' })]).toEqual(['none', 'kill']);
  expect(() => healthAction({ 'minke.health.on-failure': 'explode' })).toThrow("unknown action 'explode'");
});

describe('an action on an unhealthy container that fails', () => {
  const marked = new EngineError('conflict', 'container is marked for removal and cannot be started');

  test('is nothing to look at when somebody removes the container meanwhile', () => {
    expect(levelOfLeft({ intent: 'remove', status: 'running' }, marked)).toBe('debug');
    expect(levelOfLeft({ intent: 'none', status: 'dead' }, marked)).toBe('debug');
  });

  test('is an error otherwise, and when the machine fails', () => {
    expect(levelOfLeft({ intent: 'none', status: 'running' }, marked)).toBe('error');
    expect(levelOfLeft({ intent: 'remove', status: 'running' }, new EngineError('internal', 'disk'))).toBe(
      'error',
    );
  });
});
