import { describe, expect, test } from 'bun:test';
import { EngineError } from '../../../base/mod.ts';
import type { ContainerStatus } from '../../../spec/docker/mod.ts';
import { ANSWERS, checkVerb, isRunning, move, TRANSITIONS, VERBS, type Verb } from './status.ts';

const STATES: ContainerStatus[] = [
  ...(['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] as const),
];

test('move gives the new status when the table has the move', () => {
  expect(move('created', 'running')).toBe('running');
  expect(move('paused', 'exited')).toBe('exited');
});

test('move refuses when the table does not have the move', () => {
  expect(() => move('removing', 'running')).toThrow('illegal change of container state: removing to running');
  expect(() => move('created', 'paused')).toThrow();
});

test('every state but dead can be left for another, and every state can be reached', () => {
  const reached = new Set(Object.values(TRANSITIONS).flatMap((moves) => Object.keys(moves)));
  for (const [status, moves] of Object.entries(TRANSITIONS)) {
    expect(Object.keys(moves).length).toBeGreaterThan(0);
    if (status !== 'created') expect(reached.has(status)).toBe(true);
  }
});

test('isRunning is true when a process is there or will be', () => {
  expect(STATES.filter(isRunning)).toEqual(['running', 'paused', 'restarting']);
});

/** Status of the answer: 0 goes. */
function answer(verb: Verb, status: ContainerStatus): string {
  try {
    checkVerb(verb, { status, id: 'ID', name: 'box', asked: 'bo' });
    return 'goes';
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return error.code === 'not-modified'
      ? '304'
      : `${error.code === 'conflict' ? 409 : error.code} ${error.message}`;
  }
}

describe('each verb in each state', () => {
  const REMOVED = '409 container is marked for removal and cannot be started';
  const NOT_RUNNING = '409 container ID is not running';
  const RESTARTING = '409 Container ID is restarting, wait until the container is running';
  const NO_KILL = '409 cannot kill container: box: container ID is not running';
  const NOT_PAUSED = '409 Container ID is not paused';
  const NO_UPDATE = '409 Cannot update container ID: container is marked for removal and cannot be "update"';
  const GOING = '409 removal of container box is already in progress';
  const STAYS = (state: string, first = 'stop') =>
    `409 cannot remove container "box": container is ${state}: ${first} the container before removing or force remove`;
  // created, running, paused, restarting, removing, exited, dead
  const EXPECTED: Record<Verb, string[]> = {
    start: [
      'goes',
      '304',
      '409 cannot start a paused container, try unpause instead',
      '304',
      REMOVED,
      'goes',
      REMOVED,
    ],
    policy: ['304', '304', '304', 'goes', '304', '304', '304'],
    stop: ['304', 'goes', 'goes', 'goes', '304', '304', '304'],
    kill: [NO_KILL, 'goes', 'goes', 'goes', NO_KILL, NO_KILL, NO_KILL],
    pause: [
      NOT_RUNNING,
      'goes',
      '409 container ID is already paused',
      RESTARTING,
      NOT_RUNNING,
      NOT_RUNNING,
      NOT_RUNNING,
    ],
    unpause: [NOT_PAUSED, NOT_PAUSED, 'goes', NOT_PAUSED, NOT_PAUSED, NOT_PAUSED, NOT_PAUSED],
    update: ['goes', 'goes', 'goes', 'goes', NO_UPDATE, 'goes', NO_UPDATE],
    rm: [
      'goes',
      STAYS('running'),
      STAYS('paused', 'unpause and then stop'),
      STAYS('restarting'),
      GOING,
      'goes',
      'goes',
    ],
    'rm -f': ['goes', 'goes', 'goes', 'goes', GOING, 'goes', 'goes'],
    exec: [
      ...[NOT_RUNNING, 'goes', '409 Container bo is paused, unpause the container before exec', RESTARTING],
      ...[NOT_RUNNING, NOT_RUNNING, NOT_RUNNING],
    ],
    attach: [
      ...['goes', 'goes', '409 container box is paused, unpause the container before attach'],
      ...['409 container box is restarting, wait until the container is running', 'goes', 'goes', 'goes'],
    ],
    resize: [1, 0, 0, 0, 1, 1, 1].map((no) => (no ? '409 Container ID is not running' : 'goes')),
  };
  for (const verb of VERBS) {
    test(verb, () => {
      expect(STATES.map((status) => answer(verb, status))).toEqual(EXPECTED[verb]);
    });
  }

  test('a verb that changes the state goes only where the table of moves has the change', () => {
    const leads: Partial<Record<Verb, ContainerStatus[]>> = {
      start: ['running'],
      policy: ['running'],
      stop: ['exited'],
      kill: ['exited'],
      pause: ['paused'],
      unpause: ['running'],
      rm: ['removing'],
    };
    for (const [verb, [to = 'dead']] of Object.entries(leads)) {
      for (const status of STATES) {
        if (ANSWERS[verb as Verb][status] === 'goes') expect(TRANSITIONS[status][to]).toBeString();
      }
    }
  });
});
