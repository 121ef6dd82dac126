import { EngineError } from '../../../base/mod.ts';
import type { ContainerStatus } from '../../../spec/docker/mod.ts';

/**
 * The legal moves between the seven states: from → to → why. Verbs, recovery and the documentation read this table;
 * no code changes a status but through `move`.
 */
export const TRANSITIONS: Record<ContainerStatus, Partial<Record<ContainerStatus, string>>> = {
  // A start that failed leaves it as it was, with an exit code and an error on record.
  created: { running: 'start', removing: 'rm' },
  running: { paused: 'pause', restarting: 'exit, and the policy restarts', exited: 'exit' },
  paused: { running: 'unpause', restarting: 'exit, and the policy restarts', exited: 'exit (killed)' },
  restarting: { running: 'start', exited: 'stop', removing: 'rm -f' },
  exited: { running: 'start', removing: 'rm' },
  removing: { dead: 'removal failed' },
  dead: { removing: 'rm again' },
};

/** What may be asked of a container. `policy` is the restart by its policy, which nobody asks for. */
export const VERBS = [
  ...(['start', 'policy', 'stop', 'kill', 'pause', 'unpause', 'update', 'rm', 'rm -f'] as const),
  ...(['exec', 'attach', 'resize'] as const),
];
export type Verb = (typeof VERBS)[number];

/** Whom a refusal is about. `asked`: as the client wrote it. */
export interface Subject {
  status: ContainerStatus;
  id: string;
  name: string;
  asked?: string;
}

type Refusal = (subject: Subject) => EngineError;
type Row = Record<ContainerStatus, 'goes' | Refusal>;

/** Nothing changes: the container is as it was asked to be, or nothing can be done about it. */
const same: Refusal = () => new EngineError('not-modified', '');

/** Docker's sentence, at 409. */
function conflict(sentence: (subject: Subject) => string): Refusal {
  return (subject) => new EngineError('conflict', sentence(subject));
}

/** One answer in each state that is not named in `others`. */
function row(otherwise: 'goes' | Refusal, others: Partial<Row>): Row {
  const each = otherwise;
  return {
    ...{
      created: each,
      running: each,
      paused: each,
      restarting: each,
      removing: each,
      exited: each,
      dead: each,
    },
    ...others,
  };
}

const notRunning = conflict(({ id }) => `container ${id} is not running`);
const isRestarting = conflict(
  ({ id }) => `Container ${id} is restarting, wait until the container is running`,
);
const noStart: Refusal = () => markedForRemoval();
const noUpdate = conflict(
  ({ id }) => `Cannot update container ${id}: container is marked for removal and cannot be "update"`,
);
const isThere = conflict(({ name, status }) => {
  const advice = status === 'paused' ? 'unpause and then stop' : 'stop';
  return `cannot remove container "${name}": container is ${status}: ${advice} the container before removing or force remove`;
});
const isGoing = conflict(({ name }) => `removal of container ${name} is already in progress`);

/**
 * What each verb does in each state: it goes, or it answers 304 or 409 with Docker's sentence. Verbs ask this table,
 * with the container's lock where they change its state. Compat: moby `daemon/{start,stop,kill,pause,unpause,delete,…}.go`.
 */
export const ANSWERS: Record<Verb, Row> = {
  start: row('goes', {
    running: same,
    // It runs already, as far as a start is concerned.
    restarting: same,
    paused: conflict(() => 'cannot start a paused container, try unpause instead'),
    removing: noStart,
    dead: noStart,
  }),
  policy: row(same, { restarting: 'goes' }),
  stop: row(same, { running: 'goes', paused: 'goes', restarting: 'goes' }),
  kill: row(
    conflict(({ id, name }) => `cannot kill container: ${name}: container ${id} is not running`),
    { running: 'goes', paused: 'goes', restarting: 'goes' },
  ),
  pause: row(notRunning, {
    running: 'goes',
    paused: conflict(({ id }) => `container ${id} is already paused`),
    restarting: isRestarting,
  }),
  unpause: row(
    conflict(({ id }) => `Container ${id} is not paused`),
    { paused: 'goes' },
  ),
  update: row('goes', { removing: noUpdate, dead: noUpdate }),
  rm: row('goes', { running: isThere, paused: isThere, restarting: isThere, removing: isGoing }),
  'rm -f': row('goes', { removing: isGoing }),
  exec: row(notRunning, {
    running: 'goes',
    paused: conflict(
      ({ id, asked }) => `Container ${asked ?? id} is paused, unpause the container before exec`,
    ),
    restarting: isRestarting,
  }),
  // To what does not run, one attaches ahead of its start.
  attach: row('goes', {
    paused: conflict(({ name }) => `container ${name} is paused, unpause the container before attach`),
    restarting: conflict(
      ({ name }) => `container ${name} is restarting, wait until the container is running`,
    ),
  }),
  resize: row(
    conflict(({ id }) => `Container ${id} is not running`),
    { running: 'goes', paused: 'goes', restarting: 'goes' },
  ),
};

/** Throws what Docker answers where `verb` cannot be done in the state that the container is in. */
export function checkVerb(verb: Verb, subject: Subject): void {
  const answer = ANSWERS[verb][subject.status];
  if (answer !== 'goes') throw answer(subject);
}

/** What a start says of a container that goes, or that somebody removes while it starts. */
export function markedForRemoval(cause?: unknown): EngineError {
  const message = 'container is marked for removal and cannot be started';
  return new EngineError('conflict', message, cause === undefined ? {} : { cause });
}

/** True while there is a process of the container, or soon will be again. Docker's `State.Running`. */
export function isRunning(status: ContainerStatus): boolean {
  return status === 'running' || status === 'paused' || status === 'restarting';
}

/** The status after a move. An illegal one is a bug of ours: verbs check with Docker's sentences before. */
export function move(from: ContainerStatus, to: ContainerStatus): ContainerStatus {
  if (TRANSITIONS[from][to] === undefined) {
    throw new EngineError('internal', `illegal change of container state: ${from} to ${to}`);
  }
  return to;
}
