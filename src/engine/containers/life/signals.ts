import { constants } from 'node:os';
import { EngineError } from '../../../base/mod.ts';

const SIGRTMIN = 34;
const SIGRTMAX = 64;

/** Number of a signal given as `9`, `KILL`, `SIGKILL`, `RTMIN+3` or `SIGRTMAX-1`. Throws `invalid` as Docker. */
export function parseSignal(text: string): number {
  if (/^[+-]?\d+$/.test(text)) {
    // Compat: any number but 0; that a kill has no such signal is said by the kill.
    if (Number(text) !== 0) return Number(text);
    throw invalid(text);
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const known = (constants.signals as Record<string, number>)[`SIG${name}`];
  if (known !== undefined) return known;
  const realtime = /^RT(MIN|MAX)([+-]\d+)?$/.exec(name);
  const number = realtime ? (realtime[1] === 'MIN' ? SIGRTMIN : SIGRTMAX) + Number(realtime[2] ?? 0) : 0;
  if (number >= SIGRTMIN && number <= SIGRTMAX) return number;
  throw invalid(text);
}

/** Throws `invalid` in Docker's words for a number that is no signal here. */
export function checkSignal(number: number): void {
  if (number > 0 && number <= SIGRTMAX) return;
  throw new EngineError('invalid', `the linux daemon does not support signal ${number}`);
}

function invalid(text: string): EngineError {
  return new EngineError('invalid', `invalid signal: ${text}`);
}
