import { EngineError } from '../../base/mod.ts';

/** An API version of a path. Spec: digits and dots, compared number by number, a missing part is 0. */
export class ApiVersion {
  readonly text: string;
  readonly #parts: number[];

  constructor(text: string) {
    this.text = text;
    this.#parts = text.split('.').map(Number);
  }

  /** True if this version is older than `other`. */
  below(other: string): boolean {
    return compare(this.#parts, other.split('.').map(Number)) < 0;
  }

  /** True if this version is `other` or newer. */
  atLeast(other: string): boolean {
    return !this.below(other);
  }
}

function compare(a: number[], b: number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Bounds that a request's version must lie in. */
export interface VersionRange {
  min: string;
  max: string;
}

/** Throws `invalid` in Docker's words if `version` is out of `range`. */
export function checkVersion(version: ApiVersion, range: VersionRange): void {
  if (version.below(range.min)) {
    throw new EngineError(
      'invalid',
      `client version ${version.text} is too old. Minimum supported API version is ${range.min}, please upgrade your client to a newer version`,
    );
  }
  if (new ApiVersion(range.max).below(version.text)) {
    throw new EngineError(
      'invalid',
      `client version ${version.text} is too new. Maximum supported API version is ${range.max}`,
    );
  }
}
