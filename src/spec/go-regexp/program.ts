/** Whether a code point is one that a step takes. */
export type Test = (codePoint: number) => boolean;

export type Assertion = 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'boundary' | 'noBoundary';

export type Node =
  | { kind: 'one'; test: Test }
  | { kind: 'assert'; what: Assertion }
  | { kind: 'all'; nodes: Node[] }
  | { kind: 'any'; nodes: Node[] }
  | { kind: 'repeat'; node: Node; min: number; max: number };

type Step =
  | { op: 'one'; test: Test }
  | { op: 'assert'; what: Assertion }
  | { op: 'go'; to: number[] }
  | { op: 'match' };

export class TooLarge extends Error {}

/** More than anybody writes; each step costs something at each character. */
const MAX_STEPS = 10_000;

/** The steps of an automaton that takes what the expression does. Throws TooLarge. */
export function stepsOf(root: Node): Step[] {
  const steps: Step[] = [];
  const push = (step: Step): number => {
    if (steps.length >= MAX_STEPS) throw new TooLarge();
    return steps.push(step) - 1;
  };
  const branch = (): number[] => {
    const to: number[] = [];
    push({ op: 'go', to });
    return to;
  };

  let visits = 0;
  function add(node: Node): void {
    // Repetitions of nothing make no steps, but a thousand times a thousand of them take time.
    if (++visits > MAX_STEPS) throw new TooLarge();
    if (node.kind === 'one') push({ op: 'one', test: node.test });
    else if (node.kind === 'assert') push({ op: 'assert', what: node.what });
    else if (node.kind === 'all') for (const each of node.nodes) add(each);
    else if (node.kind === 'any') alternatives(node.nodes);
    else repeat(node.node, node.min, node.max);
  }

  function alternatives(nodes: Node[]): void {
    const starts = branch();
    const ends: number[][] = [];
    for (const node of nodes) {
      starts.push(steps.length);
      add(node);
      ends.push(branch());
    }
    for (const end of ends) end.push(steps.length);
  }

  function repeat(node: Node, min: number, max: number): void {
    for (let n = 0; n < min; n++) add(node);
    if (max === Number.POSITIVE_INFINITY) {
      const start = steps.length;
      const to = branch();
      to.push(steps.length);
      add(node);
      branch().push(start);
      to.push(steps.length);
      return;
    }
    const skips: number[][] = [];
    for (let n = min; n < max; n++) {
      const to = branch();
      to.push(steps.length);
      skips.push(to);
      add(node);
    }
    for (const skip of skips) skip.push(steps.length);
  }

  add(root);
  push({ op: 'match' });
  return steps;
}

/** Whether the automaton takes a part of `text`. Time: steps times characters, whatever the expression. */
export function matches(steps: readonly Step[], text: string): boolean {
  const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const seenAt = new Int32Array(steps.length).fill(-1);
  let next: number[] = [0];
  let waiting: number[] = [];
  for (let at = 0; at <= points.length; at++) {
    const stack = [...next, 0];
    waiting = [];
    while (stack.length > 0) {
      const index = stack.pop() as number;
      if (seenAt[index] === at) continue;
      seenAt[index] = at;
      const step = steps[index] as Step;
      if (step.op === 'match') return true;
      if (step.op === 'one') waiting.push(index);
      else if (step.op === 'go') stack.push(...step.to);
      else if (holds(step.what, points, at)) stack.push(index + 1);
    }
    const point = points[at];
    if (point === undefined) return false;
    next = [];
    for (const index of waiting) {
      const step = steps[index] as Step;
      if (step.op === 'one' && step.test(point)) next.push(index + 1);
    }
  }
  return false;
}

const NEWLINE = 10;

function holds(what: Assertion, points: readonly number[], at: number): boolean {
  const [before, after] = [points[at - 1], points[at]];
  if (what === 'textStart') return at === 0;
  if (what === 'textEnd') return at === points.length;
  if (what === 'lineStart') return at === 0 || before === NEWLINE;
  if (what === 'lineEnd') return at === points.length || after === NEWLINE;
  return (isWord(before) !== isWord(after)) === (what === 'boundary');
}

function isWord(point: number | undefined): boolean {
  return point !== undefined && /\w/.test(String.fromCodePoint(point));
}
